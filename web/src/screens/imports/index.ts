import { screen } from '../../app/screens';

/** Files brought in and taken out, and what people ask about their own data. */
export const screens = [
  screen('/imports', () => import('./ImportsPage'), { permission: 'people.import' }),
  screen('/imports/new', () => import('./UploadPage'), { permission: 'people.import' }),
  screen('/imports/$id', () => import('./ImportPage'), { permission: 'people.import' }),
];
