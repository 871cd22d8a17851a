/** The fits of a kind, newest first: which served, which were refused, and why. */
import { Skeleton, Stack, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, call } from '../../api';
import { ErrorNote } from '../../parts/ErrorNote';
import { When } from '../../parts/format';
import { Panel } from '../../parts/Panel';
import { StatusBadge } from '../../parts/StatusBadge';
import type { Tone } from '../../theme/theme';
import type { Kind, ModelFit } from './use';

const TONES: Record<string, Tone> = { serving: 'good', refused: 'wait', retired: 'calm' };
const STATES = ['serving', 'refused', 'retired'] as const;

export function FitState({ state }: { state: string }) {
  const { t } = useTranslation('predictions');
  const known = STATES.find((one) => one === state);
  return <StatusBadge tone={TONES[state] ?? 'calm'}>{known ? t(`state.${known}`) : state}</StatusBadge>;
}

export function History({ kind, say }: { kind: Kind; say: (fit: ModelFit) => string }) {
  const { t } = useTranslation('predictions');
  const query = useQuery({ queryKey: ['models', kind, 'fits'], queryFn: () => call(api.GET('/api/v1/models/{kind}/fits', { params: { path: { kind }, query: {} } })) });
  const fits = query.data?.items;
  return (
    <Panel title={t('history.title')} text={t('history.text')}>
      {query.error ? <ErrorNote error={query.error} retry={() => void query.refetch()} /> : !fits ? <Stack gap="xs">{[0, 1, 2].map((at) => <Skeleton key={at} h={30} />)}</Stack> : (
        <Table.ScrollContainer minWidth={320} scrollAreaProps={{ viewportProps: { tabIndex: 0, role: 'region', 'aria-label': t('history.title') } }}>
          <Table verticalSpacing="xs">
            <Table.Thead><Table.Tr><Table.Th>{t('history.at')}</Table.Th><Table.Th>{t('history.state')}</Table.Th><Table.Th visibleFrom="xs">{t('history.why')}</Table.Th></Table.Tr></Table.Thead>
            <Table.Tbody>
              {fits.map((fit) => (
                <Table.Tr key={fit.version}>
                  <Table.Td><Text size="sm" style={{ whiteSpace: 'nowrap' }}><When at={fit.fitted_at} full /></Text><Text size="xs" c="dimmed">{t('history.version', { n: fit.version })}</Text></Table.Td>
                  <Table.Td><FitState state={fit.state} /><Text size="sm" mt={4} hiddenFrom="xs">{say(fit)}</Text></Table.Td>
                  <Table.Td visibleFrom="xs"><Text size="sm">{say(fit)}</Text></Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
    </Panel>
  );
}
