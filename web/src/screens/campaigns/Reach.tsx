/** How many people the audience is, and on which channels they can be reached: two different numbers, told apart. */
import { Card, Divider, Group, Skeleton, Stack, Text, Tooltip } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconInfoCircle, IconUsers } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, call } from '../../api';
import { useMay } from '../../app/session';
import { ErrorNote } from '../../parts/ErrorNote';
import { Num, Percent, useFormats } from '../../parts/format';
import { Note } from '../../parts/Note';
import { useWords } from '../../parts/Reason';
import classes from './composer.module.css';
import { CHANNELS, type Definition, hasAudience, share } from './model';

export function useReach(definition: Definition) {
  const asked = { audience: definition.audience, exclude: definition.exclude, purpose: definition.purpose };
  const [wanted] = useDebouncedValue(JSON.stringify(asked), 400);
  return useQuery({
    queryKey: ['segments', 'reach', wanted],
    queryFn: () => call(api.POST('/api/v1/campaigns/reach', { body: JSON.parse(wanted) as never })),
    enabled: hasAudience(JSON.parse(wanted) as Definition),
    placeholderData: (before) => before,
    refetchInterval: (query) => (query.state.data?.waits_for ? 2_000 : false),
  });
}

export function Reach({ definition }: { definition: Definition }) {
  const { t } = useTranslation('campaigns');
  const words = useWords();
  const formats = useFormats();
  const mayRead = useMay('setup.read');
  const query = useReach(definition);
  if (!mayRead) return null;
  if (!hasAudience(definition)) {
    return (
      <Card>
        <Stack align="center" ta="center" gap="xs" py="md">
          <IconUsers size={28} stroke={1.6} color="var(--mantine-color-dimmed)" aria-hidden />
          <Text fw={600}>{t('reach.nobodyTitle')}</Text>
          <Text size="sm" c="dimmed">{t('reach.nobodyText')}</Text>
        </Stack>
      </Card>
    );
  }
  if (query.error) return <ErrorNote error={query.error} retry={() => void query.refetch()} />;
  const found = query.data;
  if (!found) return <Card><Stack><Skeleton h={20} w="50%" /><Skeleton h={40} w="70%" /><Skeleton h={120} /></Stack></Card>;
  if (found.waits_for) return <Note tone="calm">{t('reach.waits')}</Note>;
  const about = found.exact ? '' : '≈ ';
  const channels = CHANNELS.flatMap((name) => found.channels.filter((one) => one.channel === name));
  const ours = found.channels.find((one) => one.channel === definition.channel);
  return (
    <Card aria-busy={query.isFetching}>
      <Stack gap="md">
        <div>
          <Text size="sm" c="dimmed">{t('reach.audience')}</Text>
          <Text fz={32} className="ql-big" component="div"><Num value={found.audience} /> <Text span size="sm" c="dimmed" fw={400}>{t('reach.people', { count: found.audience })}</Text></Text>
          {found.excluded.length > 0 && (
            <Stack gap={2} mt={6}>
              <Line label={t('reach.named')} value={formats.number(found.named)} />
              {found.excluded.map((one) => <Line key={one.reason} label={t(`out.${one.reason}`)} value={`−${formats.number(one.people)}`} />)}
            </Stack>
          )}
        </div>
        <Divider />
        <div>
          <Group gap={6} mb={6}>
            <Text size="sm" fw={600}>{t('reach.byChannel')}</Text>
            <Tooltip label={found.exact ? t('reach.help') : t('reach.helpSample')} multiline maw={280}>
              <IconInfoCircle size={15} role="img" aria-label={found.exact ? t('reach.help') : t('reach.helpSample')} color="var(--mantine-color-dimmed)" />
            </Tooltip>
          </Group>
          <Stack gap="xs">
            {channels.map((one) => (
              <div key={one.channel}>
                <Group justify="space-between" gap="xs">
                  <Text size="sm" fw={one.channel === definition.channel ? 600 : 400}>{words.channel(one.channel)}</Text>
                  <Text size="sm" className="ql-num">{about}<Num value={one.reachable} /> <Text span c="dimmed" size="xs"><Percent value={share(one.reachable, found.audience)} digits={0} /></Text></Text>
                </Group>
                <div className={classes.bar} aria-hidden>
                  {one.reachable > 0 && <div className={classes.fill} style={{ width: `${(share(one.reachable, found.audience) ?? 0) * 100}%`, '--ql-tone': one.channel === definition.channel ? 'var(--ql-accent-text)' : 'var(--mantine-color-placeholder)' } as React.CSSProperties} />}
                </div>
              </div>
            ))}
          </Stack>
        </div>
        {ours && ours.refused.length > 0 && (
          <>
            <Divider />
            <div>
              <Text size="sm" fw={600} mb={6}>{t('reach.cannot', { channel: words.channelWithin(ours.channel) })}</Text>
              <Stack gap={4}>{ours.refused.map((one) => <Line key={one.reason} label={words.reason(one.reason)} value={`${about}${formats.number(one.people)}`} />)}</Stack>
            </div>
          </>
        )}
      </Stack>
    </Card>
  );
}

function Line({ label, value }: { label: string; value: string }) {
  return (
    <Group justify="space-between" wrap="nowrap" gap="sm" align="flex-start">
      <Text size="xs" c="dimmed">{label}</Text>
      <Text size="xs" className="ql-num" style={{ whiteSpace: 'nowrap' }}>{value}</Text>
    </Group>
  );
}
