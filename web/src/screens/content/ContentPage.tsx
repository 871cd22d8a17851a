/** All templates of the shop, and the gallery to begin with. */
import { ActionIcon, Badge, Button, Group, Menu, Modal, SegmentedControl, Select, Stack, Tabs, Text, TextInput } from '@mantine/core';
import { useDebouncedValue, useElementSize } from '@mantine/hooks';
import { IconBell, IconBrandAppgallery, IconCode, IconCopy, IconDots, IconLayoutGrid, IconMail, IconMessage, IconMessageCircle, IconPalette, IconPlus, IconTrash } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, refresh, type Schema } from '../../api';
import { useMay, useShop } from '../../app/session';
import { confirm } from '../../parts/confirm';
import { EmptyState } from '../../parts/EmptyState';
import { ErrorNote } from '../../parts/ErrorNote';
import { When } from '../../parts/format';
import { notify } from '../../parts/notify';
import { Page } from '../../parts/Page';
import { PageSkeleton } from '../../parts/PageSkeleton';
import classes from './content.module.css';
import { MailFrame } from '../../parts/MailFrame';
import { type Body, slug, type Work } from './model';
import { Bubble, Seen, TemplateThumb } from './Thumb';
import { plainly } from './editor/names';
import { workOf } from './work';

const CHANNELS = ['email', 'sms', 'zalo', 'push'] as const;
export const CHANNEL_ICONS: Record<string, typeof IconMail> = { email: IconMail, sms: IconMessage, zalo: IconMessageCircle, push: IconBell };

export function useCreate() {
  const navigate = useNavigate();
  return async (work: Work) => {
    try {
      const id = slug(work.name);
      await call(api.POST('/api/v1/templates', { body: { ...work, id, body: work.body as never } }));
      void refresh('templates');
      await navigate({ to: '/content/$id', params: { id } });
    } catch (error) {
      notify.failed(error);
    }
  };
}

export default function ContentPage() {
  const { t } = useTranslation('content');
  const [tab, setTab] = useState<string | null>('own');
  const mayChange = useMay('setup.change');
  const create = useCreate();
  const { language } = useShop();
  const blank = (kind: Body['kind'], channel: string): Work => ({
    name: t(`new.${kind}`), channel, purpose: 'marketing', subject: channel === 'email' ? t('start.subject') : '', preheader: '',
    body: kind === 'blocks'
      ? {
        kind, source: {
          version: 1, language: language === 'en' ? 'en' : 'vi',
          blocks: [
            { id: 'logo', type: 'logo', props: {} },
            { id: 'b1', type: 'heading', props: { text: t('start.heading'), level: 1 } },
            { id: 'b2', type: 'text', props: { html: `<p>${t('start.text')}</p>` } },
            { id: 'footer', type: 'footer', props: {} },
          ],
        },
      }
      : kind === 'push' ? { kind, source: { title: t('start.heading'), body: t('start.text') } }
        : kind === 'zns' ? { kind, source: { title: t('start.znsTitle'), paragraphs: [t('start.znsText')], rows: [], buttons: [], params: { customer_name: `{{ customer.name | default: '${t('start.znsName')}' }}` } } }
          : { kind, source: kind === 'mjml' ? `<mjml>\n  <mj-body>\n    <mj-section>\n      <mj-column>\n        <mj-text>${t('start.text')}</mj-text>\n      </mj-column>\n    </mj-section>\n  </mj-body>\n</mjml>\n` : kind === 'html' ? `<html lang="${language}">\n<body>\n<p>${t('start.text')}</p>\n</body>\n</html>\n` : t('start.sms') },
  });
  return (
    <Page
      title={t('title')} text={t('text')}
      actions={(
        <>
          <Button component={Link} to="/content/brand" variant="default" leftSection={<IconPalette size={16} aria-hidden />}>{t('brand.title')}</Button>
          <Menu position="bottom-end">
            <Menu.Target><Button leftSection={<IconPlus size={16} aria-hidden />} disabled={!mayChange} title={mayChange ? undefined : t('mayChangeNot')}>{t('create')}</Button></Menu.Target>
            <Menu.Dropdown>
              <Menu.Item leftSection={<IconBrandAppgallery size={16} aria-hidden />} onClick={() => setTab('gallery')}>{t('fromGallery')}</Menu.Item>
              <Menu.Divider />
              <Menu.Item leftSection={<IconMail size={16} aria-hidden />} onClick={() => void create(blank('blocks', 'email'))}>{t('new.blocks')}</Menu.Item>
              <Menu.Item leftSection={<IconMessage size={16} aria-hidden />} onClick={() => void create(blank('text', 'sms'))}>{t('new.text')}</Menu.Item>
              <Menu.Item leftSection={<IconMessageCircle size={16} aria-hidden />} onClick={() => void create(blank('zns', 'zalo'))}>{t('new.zns')}</Menu.Item>
              <Menu.Item leftSection={<IconBell size={16} aria-hidden />} onClick={() => void create(blank('push', 'push'))}>{t('new.push')}</Menu.Item>
              <Menu.Divider />
              <Menu.Item leftSection={<IconCode size={16} aria-hidden />} onClick={() => void create(blank('mjml', 'email'))}>{t('new.mjml')}</Menu.Item>
              <Menu.Item leftSection={<IconCode size={16} aria-hidden />} onClick={() => void create(blank('html', 'email'))}>{t('new.html')}</Menu.Item>
            </Menu.Dropdown>
          </Menu>
        </>
      )}
    >
      <Tabs value={tab} onChange={setTab} keepMounted={false}>
        <Tabs.List mb="md"><Tabs.Tab value="own">{t('own')}</Tabs.Tab><Tabs.Tab value="gallery">{t('gallery')}</Tabs.Tab></Tabs.List>
        <Tabs.Panel value="own"><Own toGallery={() => setTab('gallery')} /></Tabs.Panel>
        <Tabs.Panel value="gallery"><Gallery /></Tabs.Panel>
      </Tabs>
    </Page>
  );
}

type Template = Schema<'TemplateView'>;

function Own({ toGallery }: { toGallery: () => void }) {
  const { t } = useTranslation('content');
  const [channel, setChannel] = useState<string | null>(null);
  const [search, setSearch] = useState('');
  const [wanted] = useDebouncedValue(search, 250);
  const query = useQuery({
    queryKey: ['templates', 'cards', channel, wanted],
    queryFn: () => call(api.GET('/api/v1/templates', { params: { query: { channel: channel ?? undefined, search: wanted || undefined } } })),
  });
  const rows = query.data?.items ?? [];
  const isFiltered = channel !== null || wanted !== '';
  return (
    <Stack>
      <Group align="flex-end">
        <TextInput label={t('common:search')} placeholder={t('searchHint')} value={search} onChange={(event) => setSearch(event.currentTarget.value)} style={{ flex: '1 1 220px' }} maw={360} />
        <Select label={t('channelLabel')} clearable w={180} placeholder={t('allChannels')} data={CHANNELS.map((value) => ({ value, label: t(`channel.${value}`) }))} value={channel} onChange={setChannel} />
      </Group>
      {query.error ? <ErrorNote error={query.error} retry={() => void query.refetch()} /> : query.isPending ? <PageSkeleton /> : rows.length === 0 ? (
        isFiltered
          ? <EmptyState Icon={IconMail} title={t('noneFound')} text={t('noneFoundText')} />
          : <EmptyState Icon={IconMail} title={t('empty')} text={t('emptyText')} action={<Button onClick={toGallery} leftSection={<IconLayoutGrid size={16} aria-hidden />}>{t('openGallery')}</Button>} />
      ) : <ul className={classes.grid} style={{ listStyle: 'none', padding: 0, margin: 0 }}>{rows.map((row) => <Card key={row.id} row={row} />)}</ul>}
    </Stack>
  );
}

function Card({ row }: { row: Template }) {
  const { t } = useTranslation('content');
  const mayChange = useMay('setup.change');
  const create = useCreate();
  const Icon = CHANNEL_ICONS[row.channel] ?? IconMail;
  const copy = async () => {
    try {
      const whole = await call(api.GET('/api/v1/templates/{id}', { params: { path: { id: row.id } } }));
      await create({ ...workOf(whole), name: t('copyOf', { name: row.name }) });
    } catch (error) {
      notify.failed(error);
    }
  };
  const remove = async () => {
    const yes = await confirm({ title: t('removeTitle', { name: row.name }), text: t('removeText'), deed: t('removeDeed'), isDangerous: true });
    if (!yes) return;
    try {
      await call(api.DELETE('/api/v1/templates/{id}', { params: { path: { id: row.id } } }));
      notify.done(t('removed'));
      void refresh('templates');
    } catch (error) {
      notify.failed(error);
    }
  };
  return (
    <li className={classes.card}>
      <div className={classes.thumb}><TemplateThumb id={row.id} version={row.version} subject={row.subject ?? ''} /></div>
      <div className={classes.cardBody}>
        <Group justify="space-between" wrap="nowrap" align="flex-start" gap={4}>
          <Link to="/content/$id" params={{ id: row.id }} className={classes.cardLink}>{row.name}</Link>
          <Menu position="bottom-end">
            <Menu.Target><ActionIcon className={classes.cardMenu} aria-label={t('deedsOf', { name: row.name })}><IconDots size={18} aria-hidden /></ActionIcon></Menu.Target>
            <Menu.Dropdown>
              <Menu.Item disabled={!mayChange} leftSection={<IconCopy size={16} aria-hidden />} onClick={() => void copy()}>{t('copy')}</Menu.Item>
              <Menu.Item disabled={!mayChange} color="red" leftSection={<IconTrash size={16} aria-hidden />} onClick={() => void remove()}>{t('removeDeed')}</Menu.Item>
            </Menu.Dropdown>
          </Menu>
        </Group>
        <Text size="sm" c="dimmed" lineClamp={1}>{plainly(row.subject ?? '')}</Text>
        <Group gap={6} mt="auto" pt={6}>
          <Badge leftSection={<Icon size={13} aria-hidden />} color="gray" c="var(--mantine-color-text)">{t(`channel.${row.channel}`)}</Badge>
          {row.purpose === 'transactional' && <Badge color="gray" c="var(--mantine-color-text)">{t('transactional')}</Badge>}
          {row.has_draft && <Badge color="yellow" c="var(--mantine-color-text)">{t('hasDraft')}</Badge>}
          <Text size="xs" c="dimmed" ml="auto"><When at={row.updated_at} /></Text>
        </Group>
      </div>
    </li>
  );
}

const GROUPS = ['welcome', 'cart', 'order', 'after', 'occasion', 'promotion', 'loyalty', 'short'] as const;

function Gallery() {
  const { t, i18n } = useTranslation('content');
  const [language, setLanguage] = useState<string>(i18n.language === 'en' ? 'en' : 'vi');
  const [group, setGroup] = useState<string | null>(null);
  const [chosen, setChosen] = useState<string | null>(null);
  const query = useQuery({ queryKey: ['templates', 'gallery', language], queryFn: () => call(api.GET('/api/v1/template-gallery', { params: { query: { language } } })), staleTime: Infinity });
  const rows = (query.data?.items ?? []).filter((row) => !group || row.group === group);
  return (
    <Stack>
      <Group align="flex-end" justify="space-between">
        <Select label={t('groupLabel')} clearable w={240} placeholder={t('allGroups')} data={GROUPS.map((value) => ({ value, label: t(`group.${value}`) }))} value={group} onChange={setGroup} />
        <SegmentedControl aria-label={t('prop.language')} value={language} onChange={setLanguage} data={[{ value: 'vi', label: t('vi') }, { value: 'en', label: t('en') }]} />
      </Group>
      {query.error ? <ErrorNote error={query.error} retry={() => void query.refetch()} /> : query.isPending ? <PageSkeleton /> : (
        <ul className={classes.grid} style={{ listStyle: 'none', padding: 0, margin: 0 }}>
          {rows.map((row) => {
            const Icon = CHANNEL_ICONS[row.channel] ?? IconMail;
            return (
              <li key={row.id} className={classes.card}>
                <div className={classes.thumb}><Seen><PieceThumb id={row.id} language={language} /></Seen></div>
                <div className={classes.cardBody}>
                  <button type="button" className={classes.cardLink} style={{ border: 0, background: 'none', padding: 0, font: 'inherit', fontWeight: 600, textAlign: 'left', cursor: 'pointer' }} onClick={() => setChosen(row.id)}>{row.name}</button>
                  <Text size="sm" c="dimmed">{row.about}</Text>
                  <Group gap={6} mt="auto" pt={6}><Badge leftSection={<Icon size={13} aria-hidden />} color="gray" c="var(--mantine-color-text)">{t(`channel.${row.channel}`)}</Badge></Group>
                </div>
              </li>
            );
          })}
        </ul>
      )}
      <Modal opened={chosen !== null} onClose={() => setChosen(null)} size="xl" title={rows.find((row) => row.id === chosen)?.name ?? ''} closeButtonProps={{ 'aria-label': t('common:close') }}>
        {chosen && <Piece id={chosen} language={language} />}
      </Modal>
    </Stack>
  );
}

function usePiece(id: string, language: string) {
  return useQuery({
    queryKey: ['templates', 'gallery', language, id], staleTime: 5 * 60_000,
    queryFn: () => call(api.GET('/api/v1/template-gallery/{id}', { params: { path: { id }, query: { language } } })),
  });
}

function PieceThumb({ id, language }: { id: string; language: string }) {
  const { data } = usePiece(id, language);
  if (!data) return null;
  const { preview } = data;
  if (preview.html) return <MailFrame html={preview.html} title={preview.subject} width={640} scale={0.42} fixedHeight={240} />;
  return <Bubble text={[preview.subject, preview.sms?.written.text ?? preview.text].filter(Boolean).join('\n')} />;
}

function Piece({ id, language }: { id: string; language: string }) {
  const { t } = useTranslation('content');
  const mayChange = useMay('setup.change');
  const create = useCreate();
  const [isBusy, setBusy] = useState(false);
  const query = usePiece(id, language);
  const { ref, width: room } = useElementSize();
  if (query.error) return <ErrorNote error={query.error} retry={() => void query.refetch()} />;
  if (!query.data) return <PageSkeleton />;
  const { preview, template, about } = query.data;
  return (
    <Stack>
      <Group justify="space-between" align="flex-start">
        <Text size="sm" c="dimmed" style={{ flex: 1, minWidth: 200 }}>{about}</Text>
        <Button
          loading={isBusy} disabled={!mayChange} title={mayChange ? undefined : t('mayChangeNot')} data-autofocus
          onClick={() => {
            setBusy(true);
            void create(template as unknown as Work).finally(() => setBusy(false));
          }}
        >
          {t('useThis')}
        </Button>
      </Group>
      {preview.html ? (
        <div className={classes.previewFrame} ref={ref}>
          <div className={classes.inbox}><Text fw={600} size="sm">{preview.subject}</Text><Text size="xs" c="dimmed" truncate>{preview.preheader}</Text></div>
          <div style={{ overflowX: 'auto' }}><MailFrame html={preview.html} title={preview.subject} width={660} scale={room > 0 ? Math.min(1, room / 660) : 1} /></div>
        </div>
      ) : <Bubble text={[preview.subject, preview.sms?.written.text ?? preview.text].filter(Boolean).join('\n')} />}
    </Stack>
  );
}
