import { screen } from '../../app/screens';

export const screens = [
  screen('/campaigns', () => import('./CampaignsPage'), { permission: 'setup.read' }),
  screen('/campaigns/new', () => import('./NewCampaignPage'), { permission: 'setup.change' }),
  screen('/campaigns/$id', () => import('./CampaignPage'), { permission: 'setup.read' }),
  screen('/campaigns/$id/edit', () => import('./ComposerPage'), { permission: 'setup.read' }),
];
