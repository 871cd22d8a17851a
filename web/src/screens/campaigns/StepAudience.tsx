import { Anchor, Group, Input, MultiSelect, NumberInput, Radio, Stack, Switch, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { ErrorNote } from '../../parts/ErrorNote';
import { useFormats } from '../../parts/format';
import { Panel } from '../../parts/Panel';
import type { StepProps } from './ComposerPage';
import { groupsQuery } from './model';

interface Groups {
  segments: string[];
  lists: string[];
}

/** Segments and lists in one box, by kind, with their sizes. */
function GroupPicker({ value, onChange, label, description, placeholder, disabled }: {
  value: Groups; onChange: (groups: Groups) => void; label: string; description?: string; placeholder: string; disabled?: boolean;
}) {
  const { t } = useTranslation('campaigns');
  const formats = useFormats();
  const query = useQuery(groupsQuery);
  if (query.error) return <ErrorNote error={query.error} retry={() => void query.refetch()} />;
  const { segments = [], lists = [] } = query.data ?? {};
  const known = new Set([...segments.map((one) => `s:${one.id}`), ...lists.map((one) => `l:${one.id}`)]);
  const chosen = [...value.segments.map((id) => `s:${id}`), ...value.lists.map((id) => `l:${id}`)];
  // What was chosen and is no more stays visible until it is taken out.
  const gone = query.data ? chosen.filter((one) => !known.has(one)) : [];
  const sized = (name: string, count: number | null | undefined) => (count === null || count === undefined ? name : `${name} (${formats.number(count)})`);
  return (
    <MultiSelect
      label={label} description={description} placeholder={chosen.length === 0 ? placeholder : undefined} searchable hidePickedOptions clearable disabled={disabled}
      nothingFoundMessage={t('audience.noGroup')} maxDropdownHeight={320} value={chosen}
      data={[
        { group: t('audience.segments'), items: segments.map((one) => ({ value: `s:${one.id}`, label: sized(one.name, one.count) })) },
        { group: t('audience.lists'), items: lists.map((one) => ({ value: `l:${one.id}`, label: sized(one.name, one.count) })) },
        ...(gone.length > 0 ? [{ group: t('audience.gone'), items: gone.map((one) => ({ value: one, label: one.slice(2) })) }] : []),
      ]}
      onChange={(picked) =>
        onChange({
          segments: picked.filter((one) => one.startsWith('s:')).map((one) => one.slice(2)),
          lists: picked.filter((one) => one.startsWith('l:')).map((one) => one.slice(2)),
        })}
    />
  );
}

export function StepAudience({ definition, change, isLocked }: StepProps) {
  const { t } = useTranslation('campaigns');
  const { audience, exclude } = definition;
  const days = exclude.got_campaign_within_days;
  return (
    <>
      <Panel title={t('audience.who')} text={t('audience.whoText')}>
        <Stack gap="md">
          <Radio.Group
            aria-label={t('audience.who')} value={audience.everybody ? 'all' : 'some'}
            onChange={(value) => change({ audience: { segments: [], lists: [], everybody: value === 'all' } })}
          >
            <Group>
              <Radio value="some" label={t('audience.some')} disabled={isLocked} />
              <Radio value="all" label={t('audience.all')} disabled={isLocked} />
            </Group>
          </Radio.Group>
          {!audience.everybody && (
            <>
              <GroupPicker
                label={t('audience.include')} description={t('audience.includeText')} placeholder={t('audience.pick')} disabled={isLocked}
                value={audience} onChange={(groups) => change({ audience: { ...groups, everybody: false } })}
              />
              <Text size="sm" c="dimmed">{t('audience.missing')} <Anchor component={Link} to="/segments/new" underline="always">{t('audience.newSegment')}</Anchor></Text>
            </>
          )}
        </Stack>
      </Panel>
      <Panel title={t('audience.notTo')} text={t('audience.notToText')}>
        <Stack gap="md">
          <GroupPicker
            label={t('audience.exclude')} placeholder={t('audience.pickNone')} disabled={isLocked}
            value={exclude} onChange={(groups) => change({ exclude: { ...exclude, ...groups } })}
          />
          <Stack gap="xs">
            <Switch
              label={t('audience.recent')} description={t('audience.recentText')} checked={days !== undefined} disabled={isLocked}
              onChange={(event) => change({ exclude: { ...exclude, got_campaign_within_days: event.currentTarget.checked ? 3 : undefined } })}
            />
            {days !== undefined && (
              <Group gap="xs" pl={48}>
                <NumberInput
                  aria-label={t('audience.recentDays')} w={90} min={1} max={365} value={days} disabled={isLocked} allowDecimal={false} clampBehavior="strict"
                  onChange={(value) => typeof value === 'number' && value >= 1 && change({ exclude: { ...exclude, got_campaign_within_days: value } })}
                />
                <Text size="sm">{t('audience.daysAgo')}</Text>
              </Group>
            )}
          </Stack>
        </Stack>
      </Panel>
      <Panel title={t('audience.purpose')}>
        <Radio.Group value={definition.purpose} onChange={(value) => change({ purpose: value as typeof definition.purpose })} aria-label={t('audience.purpose')}>
          <Stack gap="sm">
            <Radio value="marketing" label={t('audience.marketing')} description={t('audience.marketingText')} disabled={isLocked} />
            <Radio value="transactional" label={t('audience.transactional')} description={t('audience.transactionalText')} disabled={isLocked} />
          </Stack>
        </Radio.Group>
        {definition.purpose === 'transactional' && <Input.Wrapper mt="sm"><Text size="sm" c="var(--ql-wait)" fw={500}>{t('audience.transactionalWarn')}</Text></Input.Wrapper>}
      </Panel>
    </>
  );
}
