/** On which channels people can be reached, and why not the others: apart from how many there are. */
import { Group, Progress, Stack, Text, Tooltip } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { Schema } from '../../api';
import { useFormats } from '../../parts/format';
import { useWords } from '../../parts/Reason';

export function Reach({ reach }: { reach: Schema<'SegmentReach'> }) {
  const { t } = useTranslation('segments');
  const formats = useFormats();
  const words = useWords();
  return (
    <Stack gap={10}>
      {reach.channels.map((one) => {
        const share = reach.members > 0 ? one.reachable / reach.members : 0;
        const why = one.refused.map((refused) => `${words.reason(refused.reason)}: ${formats.number(refused.people)}`).join(' · ');
        return (
          <Tooltip key={one.channel} label={why || t('reach.all')} multiline maw={320} position="left">
            <div tabIndex={0} role="group" aria-label={t('reach.of', { channel: words.channel(one.channel), count: one.reachable, n: formats.number(one.reachable), why })} data-channel={one.channel}>
              <Group justify="space-between" gap="xs" wrap="nowrap">
                <Text size="sm">{words.channel(one.channel)}</Text>
                <Text size="sm" fw={600} className="ql-num">{reach.exact ? '' : '≈ '}{formats.number(one.reachable)} <Text span size="xs" c="dimmed" fw={400}>{formats.percent(share, 1)}</Text></Text>
              </Group>
              <Progress value={share * 100} size={5} mt={3} aria-hidden />
            </div>
          </Tooltip>
        );
      })}
    </Stack>
  );
}
