/** Short messages: SMS, Zalo and push notifications, each on a phone as it would arrive. */
import { ActionIcon, Alert, Anchor, Badge, Button, Group, Stack, Table, Text, Textarea, TextInput } from '@mantine/core';
import { IconInfoCircle, IconPlus, IconTrash } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, type Schema } from '../../../api';
import { ErrorNote } from '../../../parts/ErrorNote';
import { Money, Num } from '../../../parts/format';
import { Panel } from '../../../parts/Panel';
import classes from '../content.module.css';
import { type Action, parts, type PushDesign, type ZnsDesign } from '../model';
import type { EditorProps } from './BlockEditor';
import { LiquidInput } from './fields';
import { PictureField } from './parts';
import { type As, AsPicker, Missing, usePreview } from './Preview';

/** Says so where nothing can be sent by this channel yet. */
export function NoProvider({ channel }: { channel: string }) {
  const { t } = useTranslation('content');
  const channels = useQuery({ queryKey: ['settings', 'channels'], queryFn: () => call(api.GET('/api/v1/channels')), staleTime: 60_000 });
  if (!channels.data || channels.data.items.some((one) => one.channel === channel && one.is_set_up && one.enabled)) return null;
  return <Alert icon={<IconInfoCircle aria-hidden />} color="clay" title={t('noProvider.title')}>{t('noProvider.text', { channel: t(`channel.${channel}`) })}</Alert>;
}

function Two({ channel, children, phone, title, work }: { channel: string; children: ReactNode; phone: ReactNode; title: string; work: EditorProps['work'] }) {
  return (
    <section className={classes.middle} aria-label={title} tabIndex={0} data-channel={work.channel}>
      <div className={classes.two}>
        <Stack><NoProvider channel={channel} />{children}</Stack>
        <div style={{ position: 'sticky', top: 0 }}>{phone}</div>
      </div>
    </section>
  );
}

function Phone({ title, children }: { title: string; children: ReactNode }) {
  const { t } = useTranslation('content');
  return (
    <div className={classes.phone} role="group" aria-label={t('phoneOf', { title })}>
      <div className={classes.phoneTop}>{title}</div>
      <div className={classes.phoneBody}>{children}</div>
    </div>
  );
}

export function SmsComposer({ work, change, editable }: EditorProps) {
  const { t } = useTranslation('content');
  const [as, setAs] = useState<As>({ kind: 'full', profile: null });
  const shown = usePreview(work, as);
  const design = useQuery({ queryKey: ['settings', 'brand'], queryFn: () => call(api.GET('/api/v1/brand')) });
  const source = work.body.source as string;
  const sms = shown.data?.sms;
  const strip = (text: string) => parts(text).map((part) => (part.liquid ? part.text : part.text.normalize('NFD').replace(/[\u0300-\u036f]/g, '').replace(/đ/g, 'd').replace(/Đ/g, 'D').replace(/[–—]/g, '-').replace(/[“”]/g, '"').replace(/[‘’]/g, "'").replace(/…/g, '...').replace(/₫/g, 'd'))).join('');
  return (
    <Two
      work={work} channel="sms" title={t('channel.sms')}
      phone={<Phone title={design.data?.shop_name || t('channel.sms')}><div className={classes.sms}>{sms?.written.text ?? shown.data?.text ?? source}</div></Phone>}
    >
      <Panel title={t('sms.title')}>
        <Stack>
          <LiquidInput label={t('sms.text')} rows={5} value={source} disabled={!editable} onChange={(text) => change({ ...work, body: { kind: 'text', source: text } }, 'source')} />
          <Group justify="space-between" align="flex-end">
            <AsPicker as={as} setAs={setAs} />
            {sms?.written.alphabet === 'ucs2' && editable && <Button variant="light" onClick={() => change({ ...work, body: { kind: 'text', source: strip(source) } }, '')}>{t('sms.strip')}</Button>}
          </Group>
          {shown.error && <ErrorNote error={shown.error} retry={() => void shown.refetch()} />}
          {shown.data && <Missing missing={shown.data.missing} />}
          {sms && sms.written.parts > sms.parts_max && <Alert color="red">{t('sms.tooLong', { count: sms.parts_max })}</Alert>}
        </Stack>
      </Panel>
      {sms && (
        <Panel title={t('sms.cost')} text={t(work.purpose === 'marketing' ? 'sms.dressed' : 'sms.notDressed')}>
          <Table aria-label={t('sms.cost')}>
            <Table.Thead><Table.Tr><Table.Td /><Table.Th>{t('sms.written')}</Table.Th><Table.Th>{t('sms.plain')}</Table.Th></Table.Tr></Table.Thead>
            <Table.Tbody>
              <Row label={t('sms.alphabet')} of={sms} show={(one) => t(`sms.${one.alphabet}`)} />
              <Row label={t('sms.units')} of={sms} show={(one) => <Num value={one.units} />} />
              <Row label={t('sms.parts')} of={sms} show={(one) => <strong><Num value={one.parts} /></strong>} />
              <Row label={t('sms.left')} of={sms} show={(one) => <Num value={one.left} />} />
              <Row label={t('sms.price')} of={sms} show={(one) => (one.price === null || one.price === undefined ? '–' : <Money value={one.price} />)} />
            </Table.Tbody>
          </Table>
          {sms.written.price === null && <Text size="sm" c="dimmed" mt="xs">{t('sms.noPrice')} <Anchor component={Link} to="/content/brand" underline="always">{t('brand.title')}</Anchor></Text>}
          {sms.written.beyond.length > 0 && <Group gap={6} mt="sm"><Text size="sm">{t('sms.beyond')}</Text>{sms.written.beyond.map((letter) => <Badge key={letter} color="gray" c="var(--mantine-color-text)">{letter}</Badge>)}</Group>}
        </Panel>
      )}
    </Two>
  );
}

function Row({ label, of, show }: { label: string; of: Schema<'SmsView'>; show: (one: Schema<'SmsMeasure'>) => ReactNode }) {
  return <Table.Tr><Table.Th scope="row">{label}</Table.Th><Table.Td>{show(of.written)}</Table.Td><Table.Td>{show(of.plain)}</Table.Td></Table.Tr>;
}

function Actions({ actions, set, most, label, max }: { actions: Action[]; set: (actions: Action[]) => void; most: number; label: string; max: number }) {
  const { t } = useTranslation('content');
  const change = (at: number, more: Partial<Action>) => set(actions.map((one, number) => (number === at ? { ...one, ...more } : one)));
  return (
    <div>
      <Text size="sm" fw={500} mb={4}>{label}</Text>
      <Stack gap="xs">
        {actions.map((action, at) => (
          <Group key={at} gap="xs" align="flex-end" wrap="nowrap">
            <TextInput label={t('prop.label')} value={action.label} maxLength={max} onChange={(event) => change(at, { label: event.currentTarget.value })} />
            <div style={{ flex: 1 }}><LiquidInput label={t('prop.url')} value={action.url} onChange={(url) => change(at, { url })} /></div>
            <ActionIcon size="lg" aria-label={t('removeOne', { name: action.label || String(at + 1) })} onClick={() => set(actions.filter((_, number) => number !== at))}><IconTrash size={16} aria-hidden /></ActionIcon>
          </Group>
        ))}
        {actions.length < most && <Button size="compact-sm" variant="default" leftSection={<IconPlus size={14} aria-hidden />} onClick={() => set([...actions, { label: '', url: 'https://' }])} style={{ alignSelf: 'flex-start' }}>{t('addButton')}</Button>}
      </Stack>
    </div>
  );
}

const TITLE_SHOWN = 50;
const BODY_SHOWN = 150;

export function PushComposer({ work, change, editable }: EditorProps) {
  const { t } = useTranslation('content');
  const [as, setAs] = useState<As>({ kind: 'full', profile: null });
  const shown = usePreview(work, as);
  const design = useQuery({ queryKey: ['settings', 'brand'], queryFn: () => call(api.GET('/api/v1/brand')) });
  const push = work.body.source as PushDesign;
  const set = (more: Partial<PushDesign>) => change({ ...work, body: { kind: 'push', source: { ...push, ...more } } }, Object.keys(more).join());
  const title = shown.data?.subject ?? push.title ?? '';
  const body = shown.data?.text ?? push.body ?? '';
  return (
    <Two
      work={work} channel="push" title={t('channel.push')}
      phone={(
        <Phone title={t('lockScreen')}>
          <div className={classes.push}>
            <div style={{ padding: '10px 14px' }}>
              <Text size="xs" c="dimmed">{design.data?.shop_name} · {t('now')}</Text>
              <Text fw={600} size="sm" lineClamp={2}>{title || t('push.noTitle')}</Text>
              <Text size="sm" lineClamp={4}>{body}</Text>
            </div>
            {push.image && !push.image.includes('{{') && <img className={classes.pushImage} src={push.image} alt="" />}
            {(push.actions ?? []).length > 0 && <Group gap={0} grow style={{ borderTop: '1px solid var(--ql-line)' }}>{push.actions?.map((action, at) => <Text key={at} size="sm" fw={600} ta="center" py={8}>{action.label}</Text>)}</Group>}
          </div>
        </Phone>
      )}
    >
      <Panel title={t('push.title')}>
        <fieldset disabled={!editable} style={{ border: 0, padding: 0, margin: 0, minWidth: 0 }}>
          <Stack>
            <LiquidInput label={t('push.head')} value={push.title ?? ''} onChange={(value) => set({ title: value })} description={t('push.length', { count: title.length, most: TITLE_SHOWN })} error={title.length > TITLE_SHOWN ? t('push.cut') : undefined} />
            <LiquidInput label={t('push.body')} rows={3} value={push.body ?? ''} onChange={(value) => set({ body: value })} description={t('push.length', { count: body.length, most: BODY_SHOWN })} error={body.length > BODY_SHOWN ? t('push.cut') : undefined} />
            <LiquidInput label={t('prop.url')} value={push.url ?? ''} onChange={(url) => set({ url })} placeholder="https://" />
            <PictureField value={push.image ?? ''} set={(image) => set({ image })} />
            <Actions actions={push.actions ?? []} set={(actions) => set({ actions })} most={2} max={40} label={t('push.actions')} />
            <AsPicker as={as} setAs={setAs} />
            {shown.error && <ErrorNote error={shown.error} retry={() => void shown.refetch()} />}
            {shown.data && <Missing missing={shown.data.missing} />}
          </Stack>
        </fieldset>
      </Panel>
    </Two>
  );
}

/** The names of the parameters in an approved text. */
export function asked(zns: ZnsDesign): string[] {
  const texts = [zns.title ?? '', ...(zns.paragraphs ?? []), ...(zns.rows ?? []).map((row) => row.value)];
  return [...new Set(texts.flatMap((text) => [...text.matchAll(/<([a-z0-9_]{1,40})>/g)].map((found) => found[1]!)))];
}

export function ZnsComposer({ work, change, editable }: EditorProps) {
  const { t } = useTranslation('content');
  const [as, setAs] = useState<As>({ kind: 'full', profile: null });
  const shown = usePreview(work, as);
  const zns = work.body.source as ZnsDesign;
  const set = (more: Partial<ZnsDesign>) => change({ ...work, body: { kind: 'zns', source: { ...zns, ...more } } }, Object.keys(more).join());
  const values = new Map((shown.data?.zns?.params ?? []).map((one) => [one.name, one]));
  const filled = (text: string) => text.replace(/<([a-z0-9_]{1,40})>/g, (whole, name: string) => values.get(name)?.value || whole);
  const names = asked(zns);
  const paragraphs = zns.paragraphs ?? [];
  const rows = zns.rows ?? [];
  return (
    <Two
      work={work} channel="zalo" title={t('channel.zalo')}
      phone={(
        <Phone title="Zalo">
          <div className={classes.zns}>
            <Stack gap={8} p={14}>
              <Text fw={700}>{filled(zns.title ?? '') || t('zns.noTitle')}</Text>
              {paragraphs.map((text, at) => <Text key={at} size="sm">{filled(text)}</Text>)}
              {rows.length > 0 && <div>{rows.map((row, at) => <div key={at} className={classes.znsRow}><Text size="sm" c="dimmed">{row.label}</Text><Text size="sm" fw={600} ta="right">{filled(row.value)}</Text></div>)}</div>}
              {(zns.buttons ?? []).map((button, at) => <div key={at} style={{ borderRadius: 8, background: 'var(--ql-accent-tint)', color: 'var(--ql-accent)', fontWeight: 600, textAlign: 'center', padding: 8 }}>{button.label}</div>)}
            </Stack>
          </div>
        </Phone>
      )}
    >
      <fieldset disabled={!editable} style={{ border: 0, padding: 0, margin: 0, minWidth: 0 }}>
        <Stack>
          <Panel title={t('zns.title')} text={t('zns.text')}>
            <Stack>
              <TextInput label={t('zns.templateId')} description={t('zns.templateIdText')} value={zns.template_id ?? ''} onChange={(event) => set({ template_id: event.currentTarget.value.trim() })} />
              <TextInput label={t('zns.head')} description={t('zns.headText', { count: (zns.title ?? '').length })} value={zns.title ?? ''} maxLength={65} onChange={(event) => set({ title: event.currentTarget.value })} />
              {paragraphs.map((text, at) => (
                <Group key={at} gap="xs" align="flex-end" wrap="nowrap">
                  <div style={{ flex: 1 }}><LiquidPlain label={t('zns.paragraph', { n: at + 1 })} value={text} set={(value) => set({ paragraphs: paragraphs.map((one, number) => (number === at ? value : one)) })} /></div>
                  <ActionIcon size="lg" aria-label={t('removeOne', { name: t('zns.paragraph', { n: at + 1 }) })} onClick={() => set({ paragraphs: paragraphs.filter((_, number) => number !== at) })}><IconTrash size={16} aria-hidden /></ActionIcon>
                </Group>
              ))}
              {paragraphs.length < 4 && <Button size="compact-sm" variant="default" leftSection={<IconPlus size={14} aria-hidden />} onClick={() => set({ paragraphs: [...paragraphs, ''] })} style={{ alignSelf: 'flex-start' }}>{t('zns.addParagraph')}</Button>}
              {rows.map((row, at) => (
                <Group key={at} gap="xs" align="flex-end" wrap="nowrap">
                  <TextInput label={t('zns.rowLabel')} value={row.label} maxLength={35} onChange={(event) => set({ rows: rows.map((one, number) => (number === at ? { ...one, label: event.currentTarget.value } : one)) })} />
                  <TextInput label={t('zns.rowValue')} value={row.value} maxLength={90} style={{ flex: 1 }} onChange={(event) => set({ rows: rows.map((one, number) => (number === at ? { ...one, value: event.currentTarget.value } : one)) })} />
                  <ActionIcon size="lg" aria-label={t('removeOne', { name: row.label || String(at + 1) })} onClick={() => set({ rows: rows.filter((_, number) => number !== at) })}><IconTrash size={16} aria-hidden /></ActionIcon>
                </Group>
              ))}
              {rows.length < 8 && <Button size="compact-sm" variant="default" leftSection={<IconPlus size={14} aria-hidden />} onClick={() => set({ rows: [...rows, { label: '', value: '' }] })} style={{ alignSelf: 'flex-start' }}>{t('zns.addRow')}</Button>}
              <Actions actions={zns.buttons ?? []} set={(buttons) => set({ buttons })} most={2} max={30} label={t('zns.buttons')} />
            </Stack>
          </Panel>
          <Panel title={t('zns.params')} text={names.length === 0 ? t('zns.noParams') : t('zns.paramsText')}>
            <Stack>
              {names.map((name) => {
                const value = values.get(name);
                const isLong = value !== undefined && value.length > value.max;
                return (
                  <LiquidInput
                    key={name} label={name} value={zns.params?.[name] ?? ''} onChange={(text) => set({ params: { ...zns.params, [name]: text } })}
                    description={value ? t('zns.length', { count: value.length, most: value.max }) : undefined} error={isLong ? t('zns.tooLong') : !zns.params?.[name] ? t('zns.empty') : undefined}
                  />
                );
              })}
              <AsPicker as={as} setAs={setAs} />
              {shown.error && <ErrorNote error={shown.error} retry={() => void shown.refetch()} />}
              {shown.data && <Missing missing={shown.data.missing} />}
              {shown.data?.zns?.price ? <Text size="sm">{t('zns.price')} <strong><Money value={shown.data.zns.price} /></strong></Text> : <Text size="sm" c="dimmed">{t('zns.noPrice')} <Anchor component={Link} to="/content/brand" underline="always">{t('brand.title')}</Anchor></Text>}
            </Stack>
          </Panel>
        </Stack>
      </fieldset>
    </Two>
  );
}

function LiquidPlain({ label, value, set }: { label: string; value: string; set: (value: string) => void }) {
  return <Textarea label={label} value={value} maxLength={400} autosize minRows={2} onChange={(event) => set(event.currentTarget.value)} />;
}

