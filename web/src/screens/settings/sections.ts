/** The parts of the settings, for the list at their side and for their overview. */
import {
  IconActivityHeartbeat, IconBuildingStore, IconCode, IconCrystalBall, IconDatabase, IconHourglass, IconInfoCircle, IconKey, IconMailCheck, IconReceipt, IconSend,
  IconShieldCheck, IconUsers, IconWebhook,
} from '@tabler/icons-react';
import type { Permission } from '../../app/session';

export interface Section {
  id: string;
  to: string;
  Icon: typeof IconKey;
  permission: Permission;
}

export const groups: { id: string; sections: Section[] }[] = [
  {
    id: 'shop',
    sections: [
      { id: 'shop', to: '/settings/shop', Icon: IconBuildingStore, permission: 'setup.read' },
      { id: 'rules', to: '/settings/rules', Icon: IconShieldCheck, permission: 'setup.read' },
      { id: 'forecast', to: '/settings/forecast', Icon: IconCrystalBall, permission: 'setup.read' },
    ],
  },
  {
    id: 'send',
    sections: [
      { id: 'channels', to: '/settings/channels', Icon: IconSend, permission: 'setup.read' },
      { id: 'domains', to: '/settings/domains', Icon: IconMailCheck, permission: 'setup.read' },
      { id: 'spending', to: '/settings/spending', Icon: IconReceipt, permission: 'setup.read' },
      { id: 'contacts', to: '/settings/contacts', Icon: IconUsers, permission: 'setup.read' },
    ],
  },
  {
    id: 'connect',
    sections: [
      { id: 'tracking', to: '/settings/tracking', Icon: IconCode, permission: 'setup.read' },
      { id: 'keys', to: '/settings/keys', Icon: IconKey, permission: 'keys.manage' },
      { id: 'webhooks', to: '/settings/webhooks', Icon: IconWebhook, permission: 'workspace.manage' },
    ],
  },
  {
    id: 'data',
    sections: [
      { id: 'retention', to: '/settings/retention', Icon: IconHourglass, permission: 'setup.read' },
      { id: 'backups', to: '/settings/backups', Icon: IconDatabase, permission: 'unlisted' },
      { id: 'health', to: '/settings/health', Icon: IconActivityHeartbeat, permission: 'setup.read' },
      { id: 'about', to: '/settings/about', Icon: IconInfoCircle, permission: 'setup.read' },
    ],
  },
];
