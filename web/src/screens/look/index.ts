import { screen } from '../../app/screens';

/** The page of components: what everything is made of. */
export const screens = [screen('/look', () => import('./LookPage'), { permission: 'setup.read' })];
