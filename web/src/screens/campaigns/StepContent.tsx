import { Accordion, Anchor, Button, Group, List, NumberInput, Paper, Radio, SegmentedControl, SimpleGrid, Skeleton, Stack, Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconDeviceDesktop, IconDeviceMobile, IconMailForward, IconPlus } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call } from '../../api';
import { useMay, useSession } from '../../app/session';
import { ChannelGuide } from '../../parts/ChannelGuide';
import { EmptyState } from '../../parts/EmptyState';
import { ErrorNote } from '../../parts/ErrorNote';
import { Money, useFormats } from '../../parts/format';
import { Note } from '../../parts/Note';
import { notify } from '../../parts/notify';
import { Panel } from '../../parts/Panel';
import { ProfilePicker } from '../../parts/pickers';
import { useWords } from '../../parts/Reason';
import { MailFrame } from '../../parts/MailFrame';
import { Ways } from '../../parts/Ways';
import classes from './composer.module.css';
import type { StepProps } from './ComposerPage';
import type { Definition } from './model';

export const templatesQuery = { queryKey: ['templates', 'whole'], queryFn: () => call(api.GET('/api/v1/templates')) };

/** The template that a campaign names, by its id or its name. */
export function useTemplate(definition: Definition) {
  const query = useQuery(templatesQuery);
  const found = query.data?.items.find((one) => one.id === definition.template) ?? query.data?.items.find((one) => one.name === definition.template);
  return { query, found: definition.template === '' ? undefined : found };
}

/** A subject without its code: what stands in for a value that is missing, else three dots. */
export function plainSubject(subject: string | null | undefined): string {
  return (subject ?? '').replace(/{{(.*?)}}/g, (_, code: string) => [...code.matchAll(/default:\s*(['"])(.*?)\1/g)].pop()?.[2] ?? '…').replace(/{%.*?%}/g, '').trim();
}

/** What somebody would get: a customer, or somebody made up of whom all is known. */
export function usePreview(template: string | undefined, profile: string | null) {
  return useQuery({
    queryKey: ['templates', template, 'preview', profile],
    queryFn: () =>
      call(api.POST('/api/v1/templates/{id}/preview', { params: { path: { id: template ?? '' } }, body: (profile ? { profile_id: profile } : { sample: 'full' }) as never })),
    enabled: !!template,
    retry: false,
  });
}

export function StepContent({ campaign, definition, change, isLocked, settle }: StepProps & { settle: () => Promise<boolean> }) {
  const { t } = useTranslation(['campaigns', 'ways']);
  const words = useWords();
  const { query, found } = useTemplate(definition);
  const [search, setSearch] = useState('');
  const [wanted] = useDebouncedValue(search, 150);
  const plain = (text: string) => text.normalize('NFD').replace(/[\u0300-\u036f]/g, '').replace(/đ/g, 'd').toLowerCase();
  const ofChannel = (query.data?.items ?? []).filter((one) => one.channel === definition.channel);
  // The one that was chosen when the step was come to is the first.
  const [first] = useState(definition.template);
  const shown = [...ofChannel.filter((one) => one.id === first), ...ofChannel.filter((one) => one.id !== first)].filter((one) => plain(`${one.name} ${one.subject ?? ''}`).includes(plain(wanted)));
  const create = (
    <Button component={Link} to="/content/new" search={{ for: 'campaign', campaign: campaign.id, channel: definition.channel } as never} variant="default" leftSection={<IconPlus size={16} aria-hidden />}>
      {t('content.create')}
    </Button>
  );
  return (
    <>
      <Panel title={t('content.template')} text={t('content.templateText', { channel: words.channelWithin(definition.channel) })} actions={ofChannel.length > 0 && create}>
        {query.error ? (
          <ErrorNote error={query.error} retry={() => void query.refetch()} />
        ) : query.isPending ? (
          <SimpleGrid cols={{ base: 1, sm: 2 }}><Skeleton h={84} /><Skeleton h={84} /></SimpleGrid>
        ) : ofChannel.length === 0 ? (
          <EmptyState Icon={IconPlus} title={t('content.noneTitle')} text={t('content.noneText', { channel: words.channelWithin(definition.channel) })} action={create} />
        ) : (
          <Stack gap="sm">
            {ofChannel.length > 6 && <TextInput aria-label={t('content.search')} placeholder={t('content.search')} value={search} onChange={(event) => setSearch(event.currentTarget.value)} />}
            <Radio.Group aria-label={t('content.template')} value={found?.id ?? ''} onChange={(value) => change({ template: value })}>
              <div style={{ maxHeight: 340, overflowY: 'auto', padding: 2 }} tabIndex={-1}>
                <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="sm">
                  {shown.map((one) => (
                    <Radio.Card key={one.id} value={one.id} className={classes.card} disabled={isLocked} aria-label={one.name}>
                      <Text fw={600} size="sm" truncate>{one.name}</Text>
                      <Text size="xs" c="dimmed" lineClamp={2}>{plainSubject(one.subject) || t('content.noSubject')}</Text>
                    </Radio.Card>
                  ))}
                </SimpleGrid>
              </div>
            </Radio.Group>
            {shown.length === 0 && <Text size="sm" c="dimmed">{t('content.notFound')}</Text>}
          </Stack>
        )}
        {definition.template !== '' && query.data && !found && <Note tone="bad" mt="sm">{t('content.gone')}</Note>}
      </Panel>
      <Panel title={t('ways:guide.panel')} text={t('ways:guide.text')}><ChannelGuide channel={definition.channel} of={null} /></Panel>
      {found && <Look campaign={campaign.id} template={found.id} channel={definition.channel} settle={settle} />}
      <Panel title={t('ways:title')} text={t('ways:text')}>
        <Ways first={definition.channel} value={definition.ways?.also.length ? definition.ways : undefined} templates={query.data?.items ?? []} disabled={isLocked} onChange={(ways) => change({ ways })} />
      </Panel>
      <Measures definition={definition} change={change} isLocked={isLocked} />
    </>
  );
}

function Look({ campaign, template, channel, settle }: { campaign: string; template: string; channel: string; settle: () => Promise<boolean> }) {
  const { t } = useTranslation('campaigns');
  const [profile, setProfile] = useState<string | null>(null);
  const [device, setDevice] = useState<'desktop' | 'phone'>('desktop');
  const query = usePreview(template, profile);
  const mayRead = useMay('people.read');
  const mayChange = useMay('setup.change');
  const preview = query.data;
  return (
    <Panel
      title={t('content.look')} text={t('content.lookText')}
      actions={mayChange && <Button component={Link} to={`/content/${template}`} variant="default" size="sm">{t('content.edit')}</Button>}
    >
      <Stack gap="md">
        <Group align="flex-end">
          {mayRead && <ProfilePicker label={t('content.as')} placeholder={t('content.asSample')} clearable value={profile} onChange={setProfile} style={{ flex: '1 1 240px' }} />}
          {channel === 'email' && (
            <SegmentedControl
              aria-label={t('content.device')} value={device} onChange={(value) => setDevice(value as 'desktop' | 'phone')}
              data={[
                { value: 'desktop', label: <Group gap={6} wrap="nowrap"><IconDeviceDesktop size={16} aria-hidden />{t('content.desktop')}</Group> },
                { value: 'phone', label: <Group gap={6} wrap="nowrap"><IconDeviceMobile size={16} aria-hidden />{t('content.phone')}</Group> },
              ]}
            />
          )}
        </Group>
        {query.error && <ErrorNote error={query.error} retry={() => void query.refetch()} />}
        {query.isPending && !query.error && <Skeleton h={360} radius="lg" />}
        {preview && (
          <>
            <Findings findings={preview.findings} missing={preview.missing} />
            <div className={`${classes.screen} ${device === 'phone' ? classes.phone : ''}`}>
              {channel === 'email' && (
                <Paper p="md" radius={0} style={{ borderBottom: '1px solid var(--ql-line)' }}>
                  <Text fw={600}>{preview.subject || t('content.noSubject')}</Text>
                  {preview.preheader && <Text size="sm" c="dimmed">{preview.preheader}</Text>}
                </Paper>
              )}
              {preview.html ? <MailFrame html={preview.html} title={preview.subject || t('content.noSubject')} minHeight={420} /> : <Text p="lg" style={{ whiteSpace: 'pre-wrap' }}>{preview.sms?.plain.text ?? preview.text}</Text>}
            </div>
            {preview.sms && <Text size="sm" c="dimmed">{t('content.sms', { units: preview.sms.plain.units, parts: preview.sms.plain.parts })} {preview.sms.plain.price ? <>· <Money value={preview.sms.plain.price} /> {t('content.each')}</> : null}</Text>}
          </>
        )}
        <TestSend campaign={campaign} profile={profile} channel={channel} settle={settle} />
      </Stack>
    </Panel>
  );
}

export function Findings({ findings, missing }: { findings: { code: string; severity: string; detail: string; message: string }[]; missing: string[] }) {
  const { t, i18n } = useTranslation(['campaigns', 'content']);
  const bad = findings.filter((one) => one.severity === 'error' || one.severity === 'warning');
  if (bad.length === 0 && missing.length === 0) return null;
  const say = (one: { code: string; message: string }) => (i18n.exists(`content:finding.${one.code}`) ? i18n.t(`content:finding.${one.code}`) : one.message);
  return (
    <Note tone={bad.some((one) => one.severity === 'error') || missing.length > 0 ? 'bad' : 'wait'} title={t('content.findings')}>
      <List size="sm" spacing={4}>
        {missing.length > 0 && <List.Item>{t('content.missing', { names: missing.join(', ') })}</List.Item>}
        {bad.map((one, index) => <List.Item key={`${one.code}-${index}`}>{say(one)}{one.detail && <Text span size="sm" c="dimmed"> · {one.detail}</Text>}</List.Item>)}
      </List>
    </Note>
  );
}

/** One message to an address of the shop's own: it counts for nothing. */
export function TestSend({ campaign, profile, channel, settle }: { campaign: string; profile: string | null; channel: string; settle?: () => Promise<boolean> }) {
  const { t } = useTranslation('campaigns');
  const session = useSession();
  const maySend = useMay('messages.send');
  const mayRead = useMay('people.read');
  const own = channel === 'email' ? ((session as { account?: { email?: string }; email?: string } | null)?.account?.email ?? (session as { email?: string } | null)?.email ?? '') : '';
  const [to, setTo] = useState<string | null>(null);
  const address = to ?? own;
  const send = useMutation({
    mutationFn: async () => {
      if (settle) await settle();
      // With the values of the newest customer when nobody was chosen.
      const whom = profile ?? (await call(api.GET('/api/v1/profiles', { params: { query: { limit: 1 } } }))).items[0]?.id;
      const several = address.split(/[\s,;]+/).filter(Boolean);
      const sent = await call(api.POST('/api/v1/campaigns/{id}/test', { params: { path: { id: campaign } }, body: { profile_id: whom, to: channel === 'email' && several.length > 1 ? several : address.trim() } }));
      return 'items' in sent ? sent.items : [sent];
    },
    onSuccess: (messages) => notify.done(t('content.tested', { to: messages.map((message) => message.address ?? address).join(', ') })),
  });
  if (!maySend || !mayRead) return null;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (address.trim()) send.mutate();
      }}
    >
      <Stack gap="xs">
        <Group align="flex-end" gap="xs">
          <TextInput
            label={t('content.testTo')} description={t('content.testText')} value={address} onChange={(event) => setTo(event.currentTarget.value)} style={{ flex: '1 1 260px' }} maw={420}
            type={channel === 'email' ? 'email' : 'text'} multiple={channel === 'email'} placeholder={channel === 'email' ? 'ban@cuahang.vn' : '0901234567'} autoComplete="off"
          />
          <Button type="submit" variant="default" loading={send.isPending} disabled={!address.trim()} leftSection={<IconMailForward size={16} aria-hidden />}>{t('content.test')}</Button>
        </Group>
        {send.error && <ErrorNote error={send.error} />}
        {send.data?.[0] && <Text size="sm" c="dimmed">{t('content.testedText')} <Anchor component={Link} to={`/messages/${send.data[0].id}`} size="sm" underline="always">{t('content.testedSee')}</Anchor></Text>}
      </Stack>
    </form>
  );
}

const UTM = ['source', 'medium', 'campaign', 'content', 'term'] as const;

function Measures({ definition, change, isLocked }: Pick<StepProps, 'definition' | 'change' | 'isLocked'>) {
  const { t } = useTranslation('campaigns');
  const formats = useFormats();
  return (
    <Accordion variant="separated" radius="lg" order={2}>
      <Accordion.Item value="measures">
        <Accordion.Control>
          <Text fw={600}>{t('measure.title')}</Text>
          <Text size="sm" c="dimmed">{t('measure.text', { days: formats.number(definition.attribution_days) })}</Text>
        </Accordion.Control>
        <Accordion.Panel>
          <Stack gap="md">
            <NumberInput
              label={t('measure.days')} description={t('measure.daysText')} min={1} max={90} value={definition.attribution_days} maw={420} allowDecimal={false} clampBehavior="strict" disabled={isLocked}
              onChange={(value) => typeof value === 'number' && value >= 1 && change({ attribution_days: value })}
            />
            <SimpleGrid cols={{ base: 1, sm: 2 }}>
              {UTM.map((name) => (
                <TextInput
                  key={name} label={t(`measure.utm.${name}`)} value={definition.utm?.[name] ?? ''} maxLength={100} disabled={isLocked}
                  onChange={(event) => {
                    const { [name]: _, ...others } = definition.utm ?? {};
                    const value = event.currentTarget.value;
                    change({ utm: value ? { ...others, [name]: value } : others });
                  }}
                />
              ))}
              <TextInput label={t('measure.topic')} description={t('measure.topicText')} value={definition.topic ?? ''} maxLength={100} disabled={isLocked} onChange={(event) => change({ topic: event.currentTarget.value })} />
            </SimpleGrid>
          </Stack>
        </Accordion.Panel>
      </Accordion.Item>
    </Accordion>
  );
}
