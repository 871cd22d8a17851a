import { screen } from '../../app/screens';

/** Ways in, one's own account, staff, further shops, and what everybody did. */
export const screens = [
  screen('/sign-in', () => import('./SignInPage'), { frame: 'bare' }),
  screen('/forgot-password', () => import('./ForgotPage'), { frame: 'bare' }),
  screen('/new-password/$token', () => import('./NewPasswordPage'), { frame: 'bare' }),
  screen('/invitation/$token', () => import('./InvitationPage'), { frame: 'bare' }),
  screen('/profile', () => import('./ProfilePage')),
  screen('/staff', () => import('./StaffPage'), { permission: 'users.manage' }),
  screen('/workspaces/new', () => import('./NewShopPage'), { permission: 'unlisted' }),
  screen('/audit', () => import('./AuditPage'), { permission: 'audit.read' }),
];
