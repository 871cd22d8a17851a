/** Further ways of a message: what is tried when it cannot go, or was not delivered, the first way. */
import { ActionIcon, Anchor, Button, Group, NumberInput, Paper, Radio, Select, Stack, Switch, Text, Tooltip } from '@mantine/core';
import { IconArrowDown, IconArrowUp, IconPlus, IconTrash } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useWords } from './Reason';

export interface Way {
  channel: string;
  template: string;
}

export interface WaysDoc {
  also: Way[];
  choose: 'listed' | 'best';
  fall_back_after_minutes?: number;
}

const CHANNELS = ['email', 'sms', 'zalo', 'push', 'onsite'];
const MOST = 4;
/** Three days. */
const MINUTES_MAX = 4_320;

interface Named {
  id: string;
  name: string;
  channel: string;
}

/** `value` is undefined where there is one way alone; what is not finished yet is not told. */
export function Ways({ first, value, templates, onChange, disabled }: { first: string; value: WaysDoc | undefined; templates: Named[]; onChange: (ways: WaysDoc | undefined) => void; disabled?: boolean }) {
  const { t } = useTranslation('ways');
  const words = useWords();
  const [added, setAdded] = useState<string | null>(null);
  const also = value?.also ?? [];
  const used = new Set([first, ...also.map((one) => one.channel)]);
  const free = CHANNELS.filter((one) => !used.has(one));
  const set = (part: Partial<WaysDoc>) => {
    const made: WaysDoc = { also, choose: value?.choose ?? 'listed', ...(value?.fall_back_after_minutes ? { fall_back_after_minutes: value.fall_back_after_minutes } : {}), ...part };
    if (made.fall_back_after_minutes === undefined) delete made.fall_back_after_minutes;
    onChange(made.also.length > 0 ? made : undefined);
  };
  const move = (at: number, by: number) => {
    const made = [...also];
    const [one] = made.splice(at, 1);
    if (one) made.splice(at + by, 0, one);
    set({ also: made });
  };
  const choices = (channel: string, chosen?: string) => {
    const fitting = templates.filter((one) => one.channel === channel);
    const known = templates.find((one) => one.id === chosen) ?? templates.find((one) => one.name === chosen);
    const data = fitting.map((one) => ({ value: one.id, label: one.name }));
    if (chosen && !fitting.some((one) => one.id === known?.id)) data.push({ value: known?.id ?? chosen, label: known?.name ?? chosen });
    return { data, value: known?.id ?? chosen ?? null, isEmpty: fitting.length === 0 };
  };
  const none = (channel: string) => (
    <Text size="xs" c="var(--ql-wait)" mt={4}>{t('noTemplate', { channel: words.channelWithin(channel) })} <Anchor component={Link} to="/content" target="_blank" size="xs" underline="always">{t('newTemplate')}</Anchor></Text>
  );
  const clash = also.some((one) => one.channel === first);
  return (
    <Stack gap="sm">
      {also.map((one, at) => {
        const { data, value: chosen, isEmpty } = choices(one.channel, one.template);
        const name = words.channel(one.channel);
        return (
          <Paper key={one.channel} withBorder radius="md" p="sm" role="group" aria-label={t('way', { number: at + 2, channel: name })}>
            <Group justify="space-between" wrap="nowrap" mb={4} gap="xs">
              <Text size="sm" fw={600}>{t('way', { number: at + 2, channel: name })}</Text>
              {!disabled && (
                <Group gap={2} wrap="nowrap">
                  {also.length > 1 && <><Tooltip label={t('up')}><ActionIcon size="sm" aria-label={t('upOf', { channel: name })} disabled={at === 0} onClick={() => move(at, -1)}><IconArrowUp size={16} /></ActionIcon></Tooltip>
                  <Tooltip label={t('down')}><ActionIcon size="sm" aria-label={t('downOf', { channel: name })} disabled={at === also.length - 1} onClick={() => move(at, 1)}><IconArrowDown size={16} /></ActionIcon></Tooltip></>}
                  <Tooltip label={t('remove')}><ActionIcon size="sm" aria-label={t('removeOf', { channel: name })} onClick={() => set({ also: also.filter((_, other) => other !== at) })}><IconTrash size={16} /></ActionIcon></Tooltip>
                </Group>
              )}
            </Group>
            <Select
              aria-label={t('templateOf', { channel: name })} searchable allowDeselect={false} disabled={disabled} data={data} value={chosen} nothingFoundMessage={t('nothing')}
              onChange={(template) => template && set({ also: also.map((way, other) => (other === at ? { ...way, template } : way)) })}
            />
            {isEmpty && none(one.channel)}
          </Paper>
        );
      })}
      {clash && <Text size="sm" c="var(--ql-bad)" role="alert">{t('clash', { channel: words.channelWithin(first) })}</Text>}
      {added !== null && !used.has(added) && (
        <Paper withBorder radius="md" p="sm" role="group" aria-label={t('add')}>
          <Stack gap="xs">
            <Select label={t('channel')} allowDeselect={false} data={free.map((one) => ({ value: one, label: words.channel(one) }))} value={added} onChange={setAdded} />
            <Select
              label={t('template')} description={t('templateText')} searchable placeholder={t('choosePlaceholder')} data={choices(added).data} value={null} nothingFoundMessage={t('nothing')}
              onChange={(template) => {
                if (!template) return;
                set({ also: [...also, { channel: added, template }] });
                setAdded(null);
              }}
            />
            {choices(added).isEmpty && none(added)}
            <Button variant="subtle" color="gray" size="compact-sm" style={{ alignSelf: 'flex-start' }} onClick={() => setAdded(null)}>{t('drop')}</Button>
          </Stack>
        </Paper>
      )}
      {added === null && also.length < MOST && free.length > 0 && !disabled && (
        <Button variant="light" size="sm" leftSection={<IconPlus size={16} aria-hidden />} style={{ alignSelf: 'flex-start' }} onClick={() => setAdded(free[0] ?? null)}>{t('add')}</Button>
      )}
      {also.length > 0 && (
        <>
          <Radio.Group label={t('choose')} value={value?.choose ?? 'listed'} onChange={(choose) => set({ choose: choose as WaysDoc['choose'] })}>
            <Stack gap="xs" mt={6}>
              {(['listed', 'best'] as const).map((one) => <Radio key={one} value={one} disabled={disabled} label={t(`order.${one}`)} description={t(`orderText.${one}`)} />)}
            </Stack>
          </Radio.Group>
          <Switch
            label={t('late')} description={t('lateText')} disabled={disabled} checked={value?.fall_back_after_minutes !== undefined}
            onChange={(event) => set({ fall_back_after_minutes: event.currentTarget.checked ? 60 : undefined })}
          />
          {value?.fall_back_after_minutes !== undefined && (
            <NumberInput
              label={t('minutes')} min={1} max={MINUTES_MAX} allowDecimal={false} clampBehavior="blur" suffix={t('minutesUnit')} disabled={disabled} value={value.fall_back_after_minutes}
              onChange={(minutes) => typeof minutes === 'number' && minutes >= 1 && minutes <= MINUTES_MAX && set({ fall_back_after_minutes: minutes })}
            />
          )}
        </>
      )}
    </Stack>
  );
}
