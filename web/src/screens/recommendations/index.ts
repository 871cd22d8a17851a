import { screen } from '../../app/screens';

export const screens = [
  screen('/recommendations', () => import('./RecommendationsPage'), { permission: 'setup.read' }),
  screen('/recommendations/$id', () => import('./PlacePage'), { permission: 'setup.read' }),
];
