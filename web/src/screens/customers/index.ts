import { screen } from '../../app/screens';

export const screens = [
  screen('/customers', () => import('./CustomersPage'), { permission: 'people.read', frame: 'wide' }),
  screen('/customers/$id', () => import('./person/PersonPage'), { permission: 'people.read' }),
];
