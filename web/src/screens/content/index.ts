import { screen } from '../../app/screens';

export const screens = [
  screen('/content', () => import('./ContentPage'), { permission: 'setup.read' }),
  screen('/content/brand', () => import('./BrandPage'), { permission: 'setup.read' }),
  screen('/content/$id', () => import('./EditorPage'), { permission: 'setup.read', frame: 'wide' }),
  screen('/media', () => import('./MediaPage'), { permission: 'setup.read' }),
];
