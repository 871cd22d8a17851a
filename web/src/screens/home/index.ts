import { screen } from '../../app/screens';

/** How the shop does, what needs attention, and the way of a new shop. */
export const screens = [
  screen('/', () => import('./HomePage'), { permission: 'setup.read' }),
  screen('/welcome', () => import('../welcome/WelcomePage'), { permission: 'workspace.manage' }),
];
