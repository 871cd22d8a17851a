import { screen } from '../../app/screens';

export const screens = [
  screen('/segments', () => import('./SegmentsPage'), { permission: 'setup.read' }),
  screen('/segments/new', () => import('./BuilderPage'), { permission: 'setup.change' }),
  screen('/segments/$id', () => import('./SegmentPage'), { permission: 'setup.read' }),
  screen('/segments/$id/edit', () => import('./BuilderPage'), { permission: 'setup.change' }),
  screen('/lists', () => import('./ListsPage'), { permission: 'setup.read' }),
  screen('/lists/$id', () => import('./ListPage'), { permission: 'setup.read' }),
];
