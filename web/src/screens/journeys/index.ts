import { screen } from '../../app/screens';

export const screens = [
  screen('/journeys', () => import('./JourneysPage'), { permission: 'setup.read' }),
  screen('/journeys/$id', () => import('./JourneyPage'), { permission: 'setup.read', frame: 'wide' }),
  screen('/journeys/$id/versions', () => import('./VersionsPage'), { permission: 'setup.read' }),
  screen('/library', () => import('./library/LibraryPage'), { permission: 'setup.read' }),
  screen('/library/$slug', () => import('./library/ScenarioPage'), { permission: 'setup.read' }),
];
