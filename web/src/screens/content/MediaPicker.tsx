/** Choosing a picture of the library, or bringing one in. */
import { Button, FileButton, Group, Loader, Modal, Stack, Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconPhoto, IconUpload } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, refresh } from '../../api';
import { EmptyState } from '../../parts/EmptyState';
import { ErrorNote } from '../../parts/ErrorNote';
import { notify } from '../../parts/notify';
import { usePages } from '../../parts/usePages';
import classes from './content.module.css';
import { ACCEPTED, type Media, upload } from './upload';

export function MediaPicker({ opened, close, pick }: { opened: boolean; close: () => void; pick: (media: Media) => void }) {
  const { t } = useTranslation('content');
  return (
    <Modal opened={opened} onClose={close} title={t('media.choose')} size="xl" closeButtonProps={{ 'aria-label': t('common:close') }}>
      {opened && <Choices pick={(media) => { pick(media); close(); }} />}
    </Modal>
  );
}

function Choices({ pick }: { pick: (media: Media) => void }) {
  const { t } = useTranslation('content');
  const [search, setSearch] = useState('');
  const [wanted] = useDebouncedValue(search, 250);
  const [isBusy, setBusy] = useState(false);
  const pages = usePages(['media', wanted], (cursor) => call(api.GET('/api/v1/media', { params: { query: { limit: 60, cursor, search: wanted || undefined } } })));
  const bring = async (file: File | null) => {
    if (!file) return;
    setBusy(true);
    try {
      const media = await upload(file);
      void refresh('media');
      pick(media);
    } catch (error) {
      notify.failed(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Stack>
      <Group align="flex-end">
        <TextInput data-autofocus label={t('common:search')} value={search} onChange={(event) => setSearch(event.currentTarget.value)} style={{ flex: 1 }} />
        <FileButton onChange={(file) => void bring(file)} accept={ACCEPTED.join()} inputProps={{ 'aria-label': t('media.upload') }}>
          {(props) => <Button {...props} leftSection={<IconUpload size={16} aria-hidden />} loading={isBusy}>{t('media.upload')}</Button>}
        </FileButton>
      </Group>
      {pages.error ? <ErrorNote error={pages.error} retry={pages.retry} /> : pages.isPending ? <Loader /> : pages.rows.length === 0 ? (
        <EmptyState Icon={IconPhoto} title={t(wanted ? 'media.noneFound' : 'media.empty')} text={t('media.emptyText')} />
      ) : (
        <div className={classes.tiles} style={{ maxHeight: 460, overflowY: 'auto' }}>
          {pages.rows.map((media) => (
            <button key={media.id} type="button" className={classes.tile} onClick={() => pick(media)}>
              <img className={classes.tileImage} src={media.url} alt="" loading="lazy" />
              <div className={classes.tileText}><Text size="sm" truncate>{media.name}</Text><Text size="xs" c="dimmed">{media.width} × {media.height}</Text></div>
            </button>
          ))}
        </div>
      )}
      {pages.more && <Button variant="default" onClick={pages.more.load} loading={pages.more.isLoading}>{t('common:more')}</Button>}
    </Stack>
  );
}
