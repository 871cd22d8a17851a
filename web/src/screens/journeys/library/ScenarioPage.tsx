/** One ready scenario: what it does, what it needs, its texts as a customer gets them, and the way to make it the shop's own. */
import { Alert, Button, Card, Grid, Group, NumberInput, Select, SegmentedControl, Stack, Tabs, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { IconCircleCheckFilled, IconCircleDashed, IconCircleDotted, IconInfoCircle, IconPlus } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, asProblem, call, refresh, type Schema } from '../../../api';
import { useMay } from '../../../app/session';
import { ErrorNote } from '../../../parts/ErrorNote';
import { useEventWords } from '../../../parts/events';
import { notify } from '../../../parts/notify';
import { Page } from '../../../parts/Page';
import { PageSkeleton } from '../../../parts/PageSkeleton';
import { Panel } from '../../../parts/Panel';
import { StatusBadge } from '../../../parts/StatusBadge';
import { MailFrame } from '../../../parts/MailFrame';
import { CartTiming } from '../../predictions/CartTiming';
import { Mini } from '../canvas/Mini';
import { useMadeWords } from '../editor/describe';
import { type Definition, inUnit, TRIGGER, writeDuration } from '../model';
import { STATUS_TONES } from '../status';
import { useNeeds } from './needs';

type Parameter = Schema<'ParameterView'>;

function ParameterField({ parameter, language, value, error, onChange }: { parameter: Parameter; language: 'vi' | 'en'; value: unknown; error?: React.ReactNode; onChange: (value: unknown) => void }) {
  const { t } = useTranslation('journeys');
  const label = parameter.label[language];
  const text = typeof value === 'string' ? value : String(value ?? '');
  switch (parameter.kind) {
    case 'number': case 'percent': case 'amount':
      return (
        <NumberInput
          label={label} value={Number(value)} error={error} min={parameter.min ?? undefined} max={parameter.max ?? undefined} suffix={parameter.kind === 'percent' ? ' %' : undefined}
          thousandSeparator="." decimalSeparator="," onChange={(told) => onChange(Number(told))}
        />
      );
    case 'choice':
      return <Select label={label} value={text} error={error} allowDeselect={false} data={parameter.options.map((one) => ({ value: one, label: t(`option.${one}`, { defaultValue: one }) }))} onChange={onChange} />;
    case 'time':
      return <TextInput type="time" label={label} value={text} error={error} onChange={(event) => onChange(event.currentTarget.value)} />;
    case 'duration': {
      const one = inUnit(text) ?? { count: 1, unit: 'd' as const };
      return (
        <Group gap="xs" wrap="nowrap" align="flex-end">
          <NumberInput label={label} value={one.count} error={error} min={1} style={{ flex: 1 }} onChange={(count) => onChange(writeDuration(Number(count) || 1, one.unit))} />
          <Select aria-label={t('field.unit')} w={110} value={one.unit} allowDeselect={false} data={(['m', 'h', 'd', 'w'] as const).map((unit) => ({ value: unit, label: t(`unitName.${unit}`) }))} onChange={(unit) => unit && onChange(writeDuration(one.count, unit as 'd'))} />
        </Group>
      );
    }
    default:
      return <TextInput label={label} value={text} error={error} onChange={(event) => onChange(event.currentTarget.value)} />;
  }
}

function Texts({ templates }: { templates: Schema<'ScenarioTemplate'>[] }) {
  const { t } = useTranslation('journeys');
  const [open, setOpen] = useState<string | null>(templates[0]?.id ?? null);
  const shown = templates.some((one) => one.id === open) ? open : (templates[0]?.id ?? null);
  return (
    <Tabs value={shown} onChange={setOpen} variant="outline" keepMounted={false}>
      <Tabs.List style={{ flexWrap: 'wrap' }}>
        {templates.map((one) => <Tabs.Tab key={one.id} value={one.id}>{one.name}</Tabs.Tab>)}
      </Tabs.List>
      {templates.map((one) => (
        <Tabs.Panel key={one.id} value={one.id} pt="md">
          <Stack gap="xs">
            <Group gap="xs"><StatusBadge tone="calm">{t(`channel.${one.intended_channel ?? one.channel}`)}</StatusBadge><StatusBadge tone="calm">{t(`purpose.${one.purpose}`)}</StatusBadge></Group>
            {one.preview.subject && <Text fw={600}>{one.preview.subject}</Text>}
            {one.preview.preheader && <Text size="sm" c="dimmed">{one.preview.preheader}</Text>}
            {one.preview.html ? (
              <Card padding={0} style={{ overflow: 'hidden' }}><MailFrame html={one.preview.html} title={t('library.preview', { name: one.name })} minHeight={420} /></Card>
            ) : (
              <Card padding="md"><Text style={{ whiteSpace: 'pre-wrap' }}>{one.preview.text}</Text></Card>
            )}
          </Stack>
        </Tabs.Panel>
      ))}
    </Tabs>
  );
}

function Whole({ whole, language, setLanguage }: { whole: Schema<'WholeScenario'>; language: 'vi' | 'en'; setLanguage: (language: 'vi' | 'en') => void }) {
  const { t } = useTranslation('journeys');
  const { t: cartWords } = useTranslation('carts');
  const navigate = useNavigate();
  const mayChange = useMay('setup.change');
  const words = useMadeWords();
  const needs = useNeeds()(whole.needs);
  const events = useEventWords();
  const form = useForm<Record<string, unknown>>({ initialValues: Object.fromEntries(whole.parameters.map((one) => [one.name, one.default])) });
  const [previews, setPreviews] = useState<Schema<'ScenarioTemplate'>[] | null>(null);
  const install = useMutation({
    mutationFn: () => call(api.POST('/api/v1/scenarios/{slug}/install', { params: { path: { slug: whole.slug } }, body: { language, parameters: form.values as never, publish: false } })),
    onSuccess: async (made) => {
      setPreviews(made.previews);
      await refresh('journeys', 'templates', 'segments');
      notify.done(t('library.made'));
      const first = made.journeys[0];
      if (first) await navigate({ to: '/journeys/$id', params: { id: first.id } });
    },
    onError: (error) => {
      for (const one of (asProblem(error).document as { problems?: { parameter?: string; message: string }[] }).problems ?? []) if (one.parameter) form.setFieldError(one.parameter, one.message);
    },
  });
  const name = (definition: Definition) => (id: string) => (id === TRIGGER ? words.trigger(definition.trigger) : words.node(definition.nodes[id] as never));
  const installed = whole.installed;
  return (
    <Page
      title={whole.name[language]} text={whole.summary[language]} above={[{ title: t('library.title'), to: '/library' }]}
      badge={installed ? <StatusBadge tone={STATUS_TONES[installed] ?? 'calm'}>{t(`status.${installed}`)}</StatusBadge> : undefined}
      actions={<SegmentedControl aria-label={t('library.language')} value={language} onChange={(value) => setLanguage(value as 'vi' | 'en')} data={[{ value: 'vi', label: t('language.vi') }, { value: 'en', label: t('language.en') }]} />}
    >
      <Grid gap="lg">
        <Grid.Col span={{ base: 12, md: 7 }}>
          <Stack gap="lg">
            {whole.journeys.map((one) => (
              <Panel key={one.word} title={whole.journeys.length > 1 ? one.name : t('library.diagram')}>
                <Mini definition={one.definition as unknown as Definition} height={Math.min(620, 120 + Object.keys(one.definition).length * 60)} label={t('library.picture', { name: one.name })} name={name(one.definition as unknown as Definition)} />
              </Panel>
            ))}
            <Panel title={t('library.texts')} text={t('library.textsAbout')}><Texts templates={previews ?? whole.templates} /></Panel>
          </Stack>
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 5 }}>
          <Stack gap="lg">
            <Panel title={t('library.needs')}>
              <Stack gap={8}>
                {needs.map((need) => (
                  <Group key={`${need.kind}.${need.name}`} gap={8} wrap="nowrap" align="flex-start">
                    {need.isThere ? <IconCircleCheckFilled size={18} color="var(--ql-good)" aria-hidden style={{ flex: 'none' }} /> : need.isThere === false ? <IconCircleDashed size={18} color="var(--ql-wait)" aria-hidden style={{ flex: 'none' }} /> : <IconCircleDotted size={18} aria-hidden style={{ flex: 'none' }} />}
                    <Text size="sm">{t(`need.${need.kind}`, { name: need.kind === 'event' ? events.name(need.name) : need.name })}<Text span size="sm" c="dimmed"> {need.isThere ? t('library.has') : need.isThere === false ? t('library.hasNot') : ''}</Text></Text>
                  </Group>
                ))}
                {whole.needs.consents.map((consent) => (
                  <Group key={consent} gap={8} wrap="nowrap" align="flex-start"><IconInfoCircle size={18} aria-hidden style={{ flex: 'none' }} /><Text size="sm">{t('need.consent', { name: t(`channel.${consent.split('.')[0]}`) })}</Text></Group>
                ))}
                {whole.needs.setup && <Alert color="gray" icon={<IconInfoCircle aria-hidden />}>{whole.needs.setup[language]}</Alert>}
              </Stack>
            </Panel>
            {whole.needs.events.includes('Cart Abandoned') && <Panel title={cartWords('title')}><CartTiming first={!installed} chosen={(isLearned) => { if (isLearned && !installed && 'first_after' in form.values) form.setFieldValue('first_after', '1m'); }} /></Panel>}
            <Panel title={t('library.parameters')} text={installed ? undefined : t('library.parametersAbout')}>
              {installed ? (
                <Stack>
                  <Text size="sm">{t('library.installed')}</Text>
                  <Button component={Link} to={`/journeys/${whole.journeys[0]?.word ?? whole.slug}`} variant="light">{t('library.open')}</Button>
                </Stack>
              ) : (
                <form
                  onSubmit={(event) => {
                    event.preventDefault();
                    install.mutate();
                  }}
                >
                  <Stack>
                    {whole.parameters.map((one) => <ParameterField key={one.name} parameter={one} language={language} value={form.values[one.name]} error={form.errors[one.name]} onChange={(value) => form.setFieldValue(one.name, value)} />)}
                    {install.isError && <ErrorNote error={install.error} />}
                    <Button type="submit" size="md" leftSection={<IconPlus size={18} aria-hidden />} disabled={!mayChange} loading={install.isPending}>{t('library.install')}</Button>
                    <Text size="xs" c="dimmed">{t('library.installText')}</Text>
                  </Stack>
                </form>
              )}
            </Panel>
          </Stack>
        </Grid.Col>
      </Grid>
    </Page>
  );
}

export default function ScenarioPage() {
  const { i18n } = useTranslation('journeys');
  const { slug } = useParams({ strict: false }) as { slug: string };
  const [language, setLanguage] = useState<'vi' | 'en'>(i18n.language === 'en' ? 'en' : 'vi');
  const whole = useQuery({
    queryKey: ['journeys', 'scenario', slug, language], placeholderData: (before: Schema<'WholeScenario'> | undefined) => before,
    queryFn: () => call(api.GET('/api/v1/scenarios/{slug}', { params: { path: { slug }, query: { language } } })),
  });
  if (whole.isError) return <ErrorNote error={whole.error} retry={() => void whole.refetch()} m="xl" />;
  if (!whole.data) return <PageSkeleton />;
  return <Whole key={whole.data.language} whole={whole.data} language={language} setLanguage={setLanguage} />;
}
