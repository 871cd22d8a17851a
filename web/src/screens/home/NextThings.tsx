import { Anchor, Button, Skeleton, Stack, Text } from '@mantine/core';
import { IconCalendarTime, IconSend } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { Schema } from '../../api';
import { EmptyState } from '../../parts/EmptyState';
import { useFormats } from '../../parts/format';
import { Panel } from '../../parts/Panel';
import { StatusBadge } from '../../parts/StatusBadge';
import classes from './home.module.css';

/** What goes out by itself, soonest first. */
export function NextThings({ attention }: { attention: Schema<'Attention'> | undefined }) {
  const { t } = useTranslation('home');
  const formats = useFormats();
  return (
    <Panel title={t('next.title')} text={t('next.text')}>
      {!attention ? (
        <Stack gap="xs">{[0, 1, 2].map((at) => <Skeleton key={at} h={38} />)}</Stack>
      ) : attention.next.length === 0 ? (
        <EmptyState
          isSmall Icon={IconCalendarTime} title={t('next.none')} text={t('next.noneText')}
          action={<Button component={Link} to="/campaigns" variant="light">{t('next.go')}</Button>}
        />
      ) : (
        <div>
          {attention.next.map((thing) => (
            <div key={`${thing.kind}-${thing.id}`} className={classes.row}>
              <IconSend size={18} aria-hidden color="var(--mantine-color-dimmed)" />
              <div className={classes.rowMain}>
                <Anchor component={Link} to={`/campaigns/${thing.id}`} size="sm" lineClamp={1}>{thing.name}</Anchor>
                <Text size="xs" c="dimmed">{formats.dateTime(thing.at)}{thing.channel ? ` · ${t(`channel.${thing.channel}`)}` : ''}</Text>
              </div>
              <StatusBadge tone={thing.state === 'sending' ? 'accent' : 'wait'}>{t(thing.state === 'sending' ? 'next.sending' : 'next.scheduled')}</StatusBadge>
            </div>
          ))}
        </div>
      )}
    </Panel>
  );
}
