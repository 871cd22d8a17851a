/** The library of pictures. */
import { Anchor, Button, CopyButton, Drawer, Group, Stack, Table, Text, TextInput } from '@mantine/core';
import { Dropzone } from '@mantine/dropzone';
import { useDebouncedValue } from '@mantine/hooks';
import { IconPhoto, IconTrash, IconUpload } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, asProblem, call, refresh } from '../../api';
import { useMay } from '../../app/session';
import { confirm } from '../../parts/confirm';
import { EmptyState } from '../../parts/EmptyState';
import { ErrorNote, told } from '../../parts/ErrorNote';
import { useFormats, When } from '../../parts/format';
import { notify } from '../../parts/notify';
import { Page } from '../../parts/Page';
import { PageSkeleton } from '../../parts/PageSkeleton';
import { usePages } from '../../parts/usePages';
import classes from './content.module.css';
import { ACCEPTED, type Media, upload } from './upload';

export default function MediaPage() {
  const { t } = useTranslation('content');
  const mayChange = useMay('setup.change');
  const openChooser = useRef<() => void>(null);
  const [search, setSearch] = useState('');
  const [wanted] = useDebouncedValue(search, 250);
  const [chosen, setChosen] = useState<string | null>(null);
  const [busy, setBusy] = useState(0);
  const [failed, setFailed] = useState<string[]>([]);
  const pages = usePages(['media', wanted], (cursor) => call(api.GET('/api/v1/media', { params: { query: { limit: 60, cursor, search: wanted || undefined } } })));
  const bring = async (files: File[]) => {
    setBusy((now) => now + files.length);
    setFailed([]);
    let done = 0;
    for (const file of files) {
      try {
        await upload(file);
        done += 1;
      } catch (error) {
        setFailed((old) => [...old, `${file.name}: ${told(asProblem(error))}`]);
      }
      setBusy((now) => now - 1);
    }
    if (done > 0) notify.done(t('media.uploaded', { count: done }));
    void refresh('media');
  };
  return (
    <Page
      title={t('media.title')} text={t('media.text')}
      actions={<Button leftSection={<IconUpload size={16} aria-hidden />} loading={busy > 0} disabled={!mayChange} title={mayChange ? undefined : t('mayChangeNot')} onClick={() => openChooser.current?.()}>{t('media.upload')}</Button>}
    >
      {mayChange && (
        <Dropzone openRef={openChooser} onDrop={(files) => void bring(files)} onReject={(files) => setFailed(files.map((one) => `${one.file.name}: ${t('media.rejected')}`))} accept={ACCEPTED} maxSize={5 * 1024 * 1024} className={classes.dropzone} inputProps={{ 'aria-label': t('media.upload') }} aria-label={t('media.dropText')}>
          <Group justify="center" gap="sm" mih={72} style={{ pointerEvents: 'none' }}><IconUpload size={24} stroke={1.6} aria-hidden /><Text size="sm">{t('media.dropText')}</Text></Group>
        </Dropzone>
      )}
      {failed.length > 0 && <Stack gap={4} role="alert">{failed.map((line) => <Text key={line} size="sm" c="red">{line}</Text>)}</Stack>}
      <TextInput label={t('common:search')} placeholder={t('media.searchHint')} value={search} onChange={(event) => setSearch(event.currentTarget.value)} maw={360} />
      {pages.error ? <ErrorNote error={pages.error} retry={pages.retry} /> : pages.isPending ? <PageSkeleton /> : pages.rows.length === 0 ? (
        <EmptyState
          Icon={IconPhoto} title={t(wanted ? 'media.noneFound' : 'media.empty')} text={t('media.emptyText')}
          action={mayChange && !wanted ? <Button onClick={() => openChooser.current?.()} leftSection={<IconUpload size={16} aria-hidden />}>{t('media.upload')}</Button> : undefined}
        />
      ) : (
        <ul className={classes.tiles} style={{ listStyle: 'none', padding: 0, margin: 0 }}>
          {pages.rows.map((media) => (
            <li key={media.id}>
              <button type="button" className={classes.tile} onClick={() => setChosen(media.id)}>
                <img className={classes.tileImage} src={media.url} alt="" loading="lazy" />
                <div className={classes.tileText}><Text size="sm" fw={600} truncate>{media.name}</Text><Text size="xs" c="dimmed">{media.width} × {media.height}</Text></div>
              </button>
            </li>
          ))}
        </ul>
      )}
      {pages.more && <Button variant="default" onClick={pages.more.load} loading={pages.more.isLoading} style={{ alignSelf: 'center' }}>{t('common:more')}</Button>}
      <Drawer opened={chosen !== null} onClose={() => setChosen(null)} title={t('media.one')} closeButtonProps={{ 'aria-label': t('common:close') }}>
        {chosen && <One id={chosen} close={() => setChosen(null)} mayChange={mayChange} />}
      </Drawer>
    </Page>
  );
}

function One({ id, close, mayChange }: { id: string; close: () => void; mayChange: boolean }) {
  const query = useQuery({ queryKey: ['media', 'one', id], queryFn: () => call(api.GET('/api/v1/media/{id}', { params: { path: { id } } })) });
  if (query.error) return <ErrorNote error={query.error} retry={() => void query.refetch()} />;
  if (!query.data) return <PageSkeleton />;
  return <Facts key={query.dataUpdatedAt} media={query.data} close={close} mayChange={mayChange} />;
}

function Facts({ media, close, mayChange }: { media: Media; close: () => void; mayChange: boolean }) {
  const { t } = useTranslation('content');
  const formats = useFormats();
  const [name, setName] = useState(media.name);
  const [alt, setAlt] = useState(media.alt);
  const [isBusy, setBusy] = useState(false);
  const uses = media.uses ?? [];
  const save = async () => {
    setBusy(true);
    try {
      await call(api.PATCH('/api/v1/media/{id}', { params: { path: { id: media.id } }, body: { name, alt } }));
      notify.done(t('media.saved'));
      void refresh('media');
    } catch (error) {
      notify.failed(error);
    } finally {
      setBusy(false);
    }
  };
  const remove = async () => {
    const yes = await confirm({
      title: t('media.removeTitle', { name: media.name }), isDangerous: true, deed: t('media.remove'),
      text: uses.length > 0 ? t('media.removeUsed', { names: uses.map((one) => one.name).join(', ') }) : t('media.removeText'),
    });
    if (!yes) return;
    try {
      await call(api.DELETE('/api/v1/media/{id}', { params: { path: { id: media.id }, query: { force: true } } }));
      close();
      void refresh('media');
    } catch (error) {
      notify.failed(error);
    }
  };
  return (
    <form onSubmit={(event) => { event.preventDefault(); void save(); }}>
      <Stack>
        <img src={media.url} alt={media.alt || t('media.noAlt')} style={{ width: '100%', maxHeight: 260, objectFit: 'contain', background: 'var(--ql-paper)', borderRadius: 12 }} />
        <TextInput label={t('media.name')} value={name} onChange={(event) => setName(event.currentTarget.value)} required readOnly={!mayChange} />
        <TextInput label={t('prop.alt')} description={t('prop.altText')} value={alt} onChange={(event) => setAlt(event.currentTarget.value)} readOnly={!mayChange} />
        <Table aria-label={t('media.facts')}>
          <Table.Tbody>
            <Table.Tr><Table.Th scope="row">{t('media.size')}</Table.Th><Table.Td>{media.width} × {media.height}</Table.Td></Table.Tr>
            <Table.Tr><Table.Th scope="row">{t('media.bytes')}</Table.Th><Table.Td>{formats.bytes(media.size)}</Table.Td></Table.Tr>
            <Table.Tr><Table.Th scope="row">{t('media.kind')}</Table.Th><Table.Td>{media.kind}</Table.Td></Table.Tr>
            <Table.Tr><Table.Th scope="row">{t('media.added')}</Table.Th><Table.Td><When at={media.created_at} /></Table.Td></Table.Tr>
          </Table.Tbody>
        </Table>
        <CopyButton value={new URL(media.url, window.location.origin).href}>{({ copied, copy }) => <Button variant="default" onClick={copy}>{copied ? t('common:copied') : t('media.copyAddress')}</Button>}</CopyButton>
        <div>
          <Text fw={600} size="sm">{t('usedBy')}</Text>
          {uses.length === 0 && <Text size="sm" c="dimmed">{t('media.usedNowhere')}</Text>}
          {uses.map((one) => <Anchor key={`${one.kind} ${one.id}`} component={Link} to={one.kind === 'brand' ? '/content/brand' : `/content/${one.id}`} size="sm" display="block">{one.kind === 'brand' ? t('brand.title') : one.name}</Anchor>)}
        </div>
        <Group justify="space-between">
          <Button color="red" variant="light" leftSection={<IconTrash size={16} aria-hidden />} disabled={!mayChange} onClick={() => void remove()}>{t('media.remove')}</Button>
          <Button type="submit" loading={isBusy} disabled={!mayChange || (name === media.name && alt === media.alt)}>{t('common:save')}</Button>
        </Group>
      </Stack>
    </form>
  );
}
