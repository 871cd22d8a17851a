/** How kinds of nodes and triggers look, and in which groups they are offered. */
import {
  IconApi, IconArrowsSplit2, IconBell, IconBolt, IconCalendarEvent, IconCalendarRepeat, IconCake, IconClock, IconConfetti, IconForms, IconHourglass,
  IconListCheck, IconListDetails, IconLogout, IconMail, IconMailOpened, IconMessage, IconPlayerPlay, IconPlayerStop, IconRoute, IconTag, IconTagOff,
  IconTargetArrow, IconTestPipe, IconTrendingUp, IconUserEdit, IconUsersGroup, IconWebhook, IconGitBranch,
} from '@tabler/icons-react';
import type { Tone } from '../../../theme/theme';
import type { NodeKind, TriggerKind } from '../model';

type Icon = typeof IconMail;

export const kinds: Record<NodeKind, { Icon: Icon; tone: Tone; group: Group }> = {
  send: { Icon: IconMail, tone: 'accent', group: 'messages' },
  notify_staff: { Icon: IconBell, tone: 'accent', group: 'messages' },
  webhook: { Icon: IconWebhook, tone: 'accent', group: 'messages' },
  delay: { Icon: IconClock, tone: 'wait', group: 'time' },
  wait_for: { Icon: IconHourglass, tone: 'wait', group: 'time' },
  branch: { Icon: IconGitBranch, tone: 'odd', group: 'flow' },
  split: { Icon: IconArrowsSplit2, tone: 'odd', group: 'flow' },
  experiment: { Icon: IconTestPipe, tone: 'odd', group: 'flow' },
  start_journey: { Icon: IconPlayerPlay, tone: 'odd', group: 'flow' },
  stop_journey: { Icon: IconPlayerStop, tone: 'odd', group: 'flow' },
  exit: { Icon: IconLogout, tone: 'calm', group: 'flow' },
  set_attribute: { Icon: IconUserEdit, tone: 'good', group: 'profile' },
  add_tag: { Icon: IconTag, tone: 'good', group: 'profile' },
  remove_tag: { Icon: IconTagOff, tone: 'good', group: 'profile' },
  add_to_list: { Icon: IconListCheck, tone: 'good', group: 'profile' },
  remove_from_list: { Icon: IconListDetails, tone: 'good', group: 'profile' },
};

export const groups = ['messages', 'time', 'flow', 'profile'] as const;
export type Group = (typeof groups)[number];

export const channelIcons: Record<string, Icon> = { email: IconMail, sms: IconMessage, zalo: IconMessage };

export const triggers: Record<TriggerKind, { Icon: Icon }> = {
  event: { Icon: IconBolt },
  segment: { Icon: IconUsersGroup },
  form: { Icon: IconForms },
  message: { Icon: IconMailOpened },
  date: { Icon: IconCalendarEvent },
  anniversary: { Icon: IconCake },
  feast: { Icon: IconConfetti },
  schedule: { Icon: IconCalendarRepeat },
  threshold: { Icon: IconTrendingUp },
  score: { Icon: IconTargetArrow },
  journey: { Icon: IconRoute },
  api: { Icon: IconApi },
};

export const FEASTS = [
  'tet', 'ong_tao', 'nguyen_tieu', 'gio_to', 'doan_ngo', 'vu_lan', 'trung_thu', 'valentine', 'womens_day', 'reunification_day', 'labour_day',
  'childrens_day', 'national_day', 'vietnamese_womens_day', 'teachers_day', 'christmas_eve',
] as const;
export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
