/** Which country's law holds, what it asks, and what of it the shop sets aside. */
import { Group, List, Select, Stack, Switch, Text, Textarea } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import { useTranslation } from 'react-i18next';
import { useFormats } from '../../../parts/format';
import { Note } from '../../../parts/Note';
import { Panel } from '../../../parts/Panel';
import { useWords } from '../../../parts/Reason';
import { StatusBadge } from '../../../parts/StatusBadge';
import type { Law, Rules } from '../rules';
import { COUNTRY, HOME } from '../rules';
import type { Settings } from '../settings';
import { clock } from './times';

const WEIGHTS = { firm: 'accent', default: 'wait', advice: 'calm' } as const;

export function useLawWords() {
  const { t } = useTranslation('rules');
  const words = useWords();
  return {
    cap: (one: Law['caps'][number]) => t('law.cap', { channel: one.channel ? words.channel(one.channel) : t('allChannels'), count: one.count, hours: one.hours }),
    hours: (one: Law['hours'][number]) => t('law.hours', { channel: words.channel(one.channel), from: clock(one.from), to: clock(one.to) }),
  };
}

export function LawPanel({ laws, form, may, overrides, missing }: { laws: Law[]; form: UseFormReturnType<Rules>; may: boolean; overrides: NonNullable<Settings['policy']['overrides']>; missing: string[] }) {
  const { t, i18n } = useTranslation('rules');
  const formats = useFormats();
  const words = useWords();
  const say = useLawWords();
  const { country, reasons } = form.values;
  const law = laws.find((one) => one.code === country);
  const inWords = (told: { vi: string; en: string } | undefined) => (i18n.language === 'en' ? told?.en : told?.vi) ?? '';
  const set = (rule: string, reason: string | undefined) => {
    const { [rule]: _, ...others } = form.values.reasons;
    form.setFieldValue('reasons', reason === undefined ? others : { ...others, [rule]: reason });
  };
  const why = (rule: string) => {
    const held = overrides.find((one) => one.rule === rule && one.reason === reasons[rule]);
    const at = held?.at ? new Date(held.at) : null;
    return (
      <Note tone="wait" title={t('law.aside')}>
        <Stack gap="xs">
          <Text size="sm">{t('law.asideText')}</Text>
          <Textarea
            label={t('law.reason')} description={t('law.reasonText')} autosize minRows={2} maxLength={500} required disabled={!may} value={reasons[rule] ?? ''} error={missing.includes(rule) && (reasons[rule] ?? '') !== '' ? t('law.reasonShort') : undefined}
            onChange={(event) => set(rule, event.currentTarget.value)}
          />
          {held?.by && at && <Text size="xs">{t('law.by', { by: held.by, at: formats.dateTime(at.toISOString()) })}</Text>}
        </Stack>
      </Note>
    );
  };
  const rows = [...(law?.caps ?? []).map((one) => ({ ...one, text: say.cap(one) })), ...(law?.hours ?? []).map((one) => ({ ...one, text: say.hours(one) }))];
  const channels = (list: string[]) => list.map((one) => words.channel(one)).join(', ');
  const more = law
    ? [
        ...law.labels.map((one) => t('law.label', { channel: words.channel(one.channel), labels: one.any_of.join(' / ') })),
        ...(law.opt_out.length > 0 ? [t('law.optOut', { channels: channels(law.opt_out) })] : []),
        ...(law.answer_within_hours ? [t('law.answer', { hours: law.answer_within_hours })] : []),
        ...(law.confirm_stop.length > 0 ? [t('law.confirmStop', { channels: channels(law.confirm_stop) })] : []),
      ]
    : [];
  return (
    <Panel title={t('law.title')} text={t('law.text')}>
      <Stack>
        <Select label={t('law.country')} allowDeselect={false} maw={320} disabled={!may} data={laws.map((one) => ({ value: one.code, label: inWords(one.name) }))} {...form.getInputProps('country')} />
        <Text size="sm" c="dimmed">{inWords(law?.about)}</Text>
        {country !== HOME && why(COUNTRY)}
        {rows.map((one) => {
          const weight = (one.weight in WEIGHTS ? one.weight : 'advice') as keyof typeof WEIGHTS;
          const isAside = one.rule in reasons;
          return (
            <div key={one.rule} style={{ borderTop: '1px solid var(--ql-line)', paddingTop: 12 }}>
              <Group justify="space-between" align="flex-start" gap="xs">
                <div style={{ flex: '1 1 260px' }}>
                  <Text size="sm" fw={500} td={isAside ? 'line-through' : undefined}>{one.text}</Text>
                  <Text size="xs" c="dimmed">{i18n.exists(`rules:source.${one.rule}`) ? t(`source.${one.rule}`) : one.source}</Text>
                </div>
                <StatusBadge tone={WEIGHTS[weight]}>{t(`weight.${weight}`)}</StatusBadge>
              </Group>
              {weight === 'default' && <Switch mt="xs" label={t('law.setAside', { rule: one.text })} disabled={!may} checked={isAside} onChange={(event) => set(one.rule, event.currentTarget.checked ? '' : undefined)} />}
              {weight === 'default' && isAside && <div style={{ marginTop: 8 }}>{why(one.rule)}</div>}
            </div>
          );
        })}
        {more.length > 0 && <List size="sm" spacing={4}>{more.map((one) => <List.Item key={one}>{one}</List.Item>)}</List>}
      </Stack>
    </Panel>
  );
}
