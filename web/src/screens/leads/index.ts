import { screen } from '../../app/screens';

export const screens = [
  screen('/leads', () => import('./LeadsPage'), { permission: 'people.read' }),
  screen('/leads/rules', () => import('./RulesPage'), { permission: 'setup.read' }),
  screen('/leads/report', () => import('./ReportPage'), { permission: 'setup.read' }),
];
