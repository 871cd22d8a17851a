import { screen } from '../../app/screens';

/** Lists taken out of the shop. */
export const screens = [screen('/exports', () => import('./ExportsPage'), { permission: 'people.export' })];
