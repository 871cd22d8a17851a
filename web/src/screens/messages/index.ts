import { screen } from '../../app/screens';

export const screens = [
  screen('/messages', () => import('./MessagesPage'), { permission: 'people.read' }),
  screen('/messages/$id', () => import('./MessagePage'), { permission: 'people.read' }),
  screen('/outbox', () => import('./OutboxPage'), { permission: 'people.read' }),
  screen('/suppressions', () => import('./SuppressionsPage'), { permission: 'people.read' }),
];
