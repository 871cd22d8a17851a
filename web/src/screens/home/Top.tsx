import { Anchor, Button, Skeleton, Stack, Table, Text } from '@mantine/core';
import { IconRoute, IconSend } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { Schema } from '../../api';
import { EmptyState } from '../../parts/EmptyState';
import { Money, Num } from '../../parts/format';
import { Panel } from '../../parts/Panel';
import classes from './home.module.css';

/** The journeys or campaigns that brought most in the period. */
export function Top({ kind, rows, days }: { kind: 'journeys' | 'campaigns'; rows: Schema<'TopRow'>[] | undefined; days: number | undefined }) {
  const { t } = useTranslation('home');
  const most = Math.max(1, ...(rows ?? []).map((row) => row.revenue));
  return (
    <Panel title={t(`top.${kind}`)} text={t('top.text', { days: days ?? 5 })}>
      {!rows ? (
        <Stack gap="xs">{[0, 1, 2, 3].map((at) => <Skeleton key={at} h={34} />)}</Stack>
      ) : rows.length === 0 ? (
        <EmptyState
          isSmall Icon={kind === 'journeys' ? IconRoute : IconSend} title={t(`top.${kind}None`)} text={t(`top.${kind}NoneText`)}
          action={<Button component={Link} to={kind === 'journeys' ? '/library' : '/campaigns'} variant="light">{t(`top.${kind}Go`)}</Button>}
        />
      ) : (
        <Table verticalSpacing={8} className={classes.top}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t('top.name')}</Table.Th>
              <Table.Th ta="right">{t('top.revenue')}</Table.Th>
              <Table.Th ta="right" visibleFrom="xs">{t('top.orders')}</Table.Th>
              <Table.Th ta="right" visibleFrom="xs">{t('top.sent')}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {rows.map((row) => (
              <Table.Tr key={row.id}>
                <Table.Td>
                  <Anchor component={Link} to={`/${kind}/${row.id}`} size="sm" lineClamp={1}>{row.name}</Anchor>
                  <div className={classes.bar} aria-hidden><i style={{ width: `${(100 * row.revenue) / most}%` }} /></div>
                </Table.Td>
                <Table.Td ta="right"><Text size="sm" fw={600} component="span"><Money value={row.revenue} short /></Text></Table.Td>
                <Table.Td ta="right" visibleFrom="xs"><Num value={row.orders} /></Table.Td>
                <Table.Td ta="right" visibleFrom="xs"><Num value={row.sent} /></Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
    </Panel>
  );
}
