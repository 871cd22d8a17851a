import { screen } from '../../app/screens';

export const screens = [
  screen('/settings', () => import('./OverviewPage'), { permission: 'setup.read' }),
  screen('/settings/shop', () => import('./ShopPage'), { permission: 'setup.read' }),
  screen('/settings/rules', () => import('./RulesPage'), { permission: 'setup.read' }),
  screen('/settings/forecast', () => import('./ForecastPage'), { permission: 'setup.read' }),
  screen('/settings/channels', () => import('./ChannelsPage'), { permission: 'setup.read' }),
  screen('/settings/channels/$channel', () => import('./ChannelPage'), { permission: 'setup.read' }),
  screen('/settings/domains', () => import('./DomainsPage'), { permission: 'setup.read' }),
  screen('/settings/domains/$domain', () => import('./DomainPage'), { permission: 'setup.read' }),
  screen('/settings/spending', () => import('./SpendingPage'), { permission: 'setup.read' }),
  screen('/settings/contacts', () => import('./ContactsPage'), { permission: 'setup.read' }),
  screen('/settings/tracking', () => import('./TrackingPage'), { permission: 'setup.read' }),
  screen('/settings/keys', () => import('./KeysPage'), { permission: 'keys.manage' }),
  screen('/settings/webhooks', () => import('./WebhooksPage'), { permission: 'workspace.manage' }),
  screen('/settings/webhooks/$id', () => import('./WebhookPage'), { permission: 'workspace.manage' }),
  screen('/settings/retention', () => import('./RetentionPage'), { permission: 'setup.read' }),
  screen('/settings/backups', () => import('./BackupsPage'), { permission: 'unlisted' }),
  screen('/settings/health', () => import('./HealthPage'), { permission: 'setup.read' }),
  screen('/settings/about', () => import('./AboutPage'), { permission: 'setup.read' }),
];
