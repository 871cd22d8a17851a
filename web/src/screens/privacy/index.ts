import { screen } from '../../app/screens';

/** What people ask about their own data, with the law's deadlines. */
export const screens = [
  screen('/requests', () => import('./RequestsPage'), { permission: 'requests.handle' }),
  screen('/requests/$id', () => import('./RequestPage'), { permission: 'requests.handle' }),
];
