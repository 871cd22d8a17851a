/** What rules would make of everybody now: how many in which grade, how scores are spread, who is on top. */
import { Anchor, Group, Progress, Skeleton, Stack, Text } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { api, asProblem, call } from '../../api';
import { useMay } from '../../app/session';
import { useFormats } from '../../parts/format';
import { Panel } from '../../parts/Panel';
import { Trend } from '../../parts/Trend';
import type { Rules } from './model';
import { Grade, Reasons } from './parts';

export function PreviewPanel({ rules }: { rules: Rules }) {
  const { t } = useTranslation('leads');
  const formats = useFormats();
  const may = useMay('people.read');
  const text = JSON.stringify(rules);
  const tried = useQuery({
    queryKey: ['people', 'leads', 'preview', text], enabled: may, retry: false, placeholderData: keepPreviousData, staleTime: 60_000,
    queryFn: () => call(api.POST('/api/v1/lead-rules/preview', { body: { rules: rules as never } })),
  });
  if (!may) return null;
  const { data } = tried;
  const part = (count: number) => (data && data.scored > 0 ? count / data.scored : 0);
  const step = (rules.ceiling - rules.floor) / 10;
  return (
    <Panel title={t('preview.title')} text={t('preview.text')}>
      {tried.error ? <Text size="sm" c="var(--ql-bad)" role="status">{t('preview.failed', { why: asProblem(tried.error).message })}</Text> : !data ? <Skeleton h={180} /> : (
        <Stack gap="md" aria-busy={tried.isFetching}>
          <Text size="sm" c="dimmed">{t(data.looked_at < data.people ? 'preview.sample' : 'preview.all', { count: data.looked_at, shown: formats.number(data.looked_at), people: formats.number(data.people), scored: formats.number(data.scored) })}</Text>
          <Stack gap={6}>
            {data.grades.map((one) => (
              <Group key={one.grade ?? ''} gap="sm" wrap="nowrap">
                <Text size="sm" w={110} truncate>{one.grade ?? t('below')}</Text>
                <Progress value={100 * part(one.people)} style={{ flex: 1 }} aria-hidden />
                <Text size="sm" className="ql-num" w={110} ta="right">{formats.number(one.people)} · {formats.percent(part(one.people))}</Text>
              </Group>
            ))}
          </Stack>
          {data.scored > 0 && (
            <Trend
              label={t('preview.spread')} height={140} format={(value) => t('preview.people', { count: value, shown: formats.number(value) })} formatShort={(value) => formats.short(value)}
              points={data.histogram.map((_, at) => formats.number(Math.round(rules.floor + at * step)))} series={[{ name: t('preview.spread'), kind: 'bar', values: data.histogram }]}
            />
          )}
          {rules.handover && <Text size="sm">{t('preview.handover', { count: data.at_handover, shown: formats.number(data.at_handover) })}</Text>}
          {data.top.length > 0 && (
            <Stack gap={6}>
              <Text size="sm" fw={600}>{t('preview.top')}</Text>
              {data.top.slice(0, 8).map((lead) => (
                <Group key={lead.profile_id} gap="sm" wrap="nowrap" align="flex-start">
                  <Text size="sm" fw={600} className="ql-num" w={36} ta="right">{formats.number(lead.score ?? 0)}</Text>
                  <Grade name={lead.grade} />
                  <div style={{ minWidth: 0 }}>
                    <Anchor component={Link} to={`/customers/${lead.profile_id}`} size="sm">{lead.name ?? lead.email ?? lead.phone ?? t('nameless')}</Anchor>
                    <Reasons lead={lead} />
                  </div>
                </Group>
              ))}
            </Stack>
          )}
        </Stack>
      )}
    </Panel>
  );
}
