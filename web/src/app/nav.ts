/** The ways through the app, for the side bar and the command palette. */
import {
  IconChartDots3, IconCrystalBall, IconFileImport, IconFilter, IconHistory, IconHome, IconInbox, IconLayoutGrid, IconList, IconMail, IconPhoto,
  IconRoute, IconSend, IconSettings, IconShieldOff, IconSparkles, IconTargetArrow, IconUserShield, IconUsers, IconUsersGroup,
} from '@tabler/icons-react';
import type { Permission } from './session';

export interface Way {
  /** Names its text: `nav.<id>` in `shell`. */
  id: string;
  to: string;
  Icon: typeof IconHome;
  permission?: Permission;
}

export interface WayGroup {
  id: string;
  ways: Way[];
}

export const ways: WayGroup[] = [
  { id: 'start', ways: [{ id: 'home', to: '/', Icon: IconHome, permission: 'setup.read' }] },
  {
    id: 'people',
    ways: [
      { id: 'customers', to: '/customers', Icon: IconUsers, permission: 'people.read' },
      { id: 'leads', to: '/leads', Icon: IconTargetArrow, permission: 'people.read' },
      { id: 'segments', to: '/segments', Icon: IconFilter, permission: 'setup.read' },
      { id: 'lists', to: '/lists', Icon: IconList, permission: 'setup.read' },
      { id: 'predictions', to: '/predictions', Icon: IconCrystalBall, permission: 'setup.read' },
    ],
  },
  {
    id: 'talk',
    ways: [
      { id: 'journeys', to: '/journeys', Icon: IconRoute, permission: 'setup.read' },
      { id: 'library', to: '/library', Icon: IconLayoutGrid, permission: 'setup.read' },
      { id: 'campaigns', to: '/campaigns', Icon: IconSend, permission: 'setup.read' },
      { id: 'content', to: '/content', Icon: IconMail, permission: 'setup.read' },
      { id: 'recommendations', to: '/recommendations', Icon: IconSparkles, permission: 'setup.read' },
      { id: 'media', to: '/media', Icon: IconPhoto, permission: 'setup.read' },
    ],
  },
  {
    id: 'watch',
    ways: [
      { id: 'messages', to: '/messages', Icon: IconInbox, permission: 'people.read' },
      { id: 'suppressions', to: '/suppressions', Icon: IconShieldOff, permission: 'people.read' },
    ],
  },
  {
    id: 'data',
    ways: [
      { id: 'imports', to: '/imports', Icon: IconFileImport, permission: 'people.import' },
      { id: 'exports', to: '/exports', Icon: IconChartDots3, permission: 'people.export' },
      { id: 'requests', to: '/requests', Icon: IconUserShield, permission: 'requests.handle' },
    ],
  },
  {
    id: 'shop',
    ways: [
      { id: 'staff', to: '/staff', Icon: IconUsersGroup, permission: 'users.manage' },
      { id: 'audit', to: '/audit', Icon: IconHistory, permission: 'audit.read' },
      { id: 'settings', to: '/settings', Icon: IconSettings, permission: 'setup.read' },
    ],
  },
];
