/** How the mailbox of returned mail stands: told where it is set up and where the sending domains are. */
import { Anchor, List, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { api, call } from '../../../api';
import { useFormats } from '../../../parts/format';
import { Note } from '../../../parts/Note';

const STEPS = ['login', 'imap', 'network'] as const;
const LOOK_MS = 15_000;

/** Nothing is shown where no mailbox is read. `away` leads to the settings of the mailbox. */
export function ReturnsState({ away = false }: { away?: boolean }) {
  const { t } = useTranslation('settings');
  const formats = useFormats();
  const query = useQuery({ queryKey: ['settings', 'returns'], queryFn: () => call(api.GET('/api/v1/channels/email/returns')), refetchInterval: LOOK_MS });
  const told = query.data;
  if (!told?.host) return null;
  const { host, fault } = told;
  if (!told.visited_at) return <Text size="sm" c="dimmed">{t('channels.returns.soon', { host })}</Text>;
  const at = formats.dateTime(told.visited_at);
  if (!fault) return <Text size="sm" c="var(--ql-good)">{t('channels.returns.read', { host, at })}</Text>;
  return (
    <Note tone="bad" role="alert" title={t('channels.returns.unread')}>
      <Text size="sm">{t('channels.returns.unreadText', { host, at })}</Text>
      <List size="sm" my={8} spacing={4}>{STEPS.map((step) => <List.Item key={step}>{t(`channels.returns.try.${step}`)}</List.Item>)}</List>
      <Text size="sm" c="dimmed" style={{ overflowWrap: 'anywhere' }}>{t('channels.returns.said', { fault })}</Text>
      {away && <Anchor component={Link} to="/settings/channels/email" size="sm" underline="always">{t('channels.returns.mend')}</Anchor>}
    </Note>
  );
}
