import { screen } from '../../app/screens';

export const screens = [
  screen('/predictions', () => import('./PredictionsPage'), { permission: 'setup.read' }),
  screen('/predictions/purchases', () => import('./PurchasesPage'), { permission: 'setup.read' }),
  screen('/predictions/recommend', () => import('./RecommendPage'), { permission: 'setup.read' }),
  screen('/predictions/carts', () => import('./CartsPage'), { permission: 'setup.read' }),
  screen('/predictions/hours', () => import('./HabitsPage'), { permission: 'setup.read' }),
];
