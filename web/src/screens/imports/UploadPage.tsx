import '@mantine/dropzone/styles.layer.css';
import { Button, Group, Loader, Radio, SimpleGrid, Stack, Text, ThemeIcon } from '@mantine/core';
import { Dropzone } from '@mantine/dropzone';
import { IconBolt, IconFileSpreadsheet, IconPackage, IconReceipt, IconUpload, IconUsers } from '@tabler/icons-react';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, refresh } from '../../api';
import { ErrorNote } from '../../parts/ErrorNote';
import { useFormats } from '../../parts/format';
import { Page } from '../../parts/Page';
import { Panel } from '../../parts/Panel';
import { type Kind, KINDS } from './job';
import { Steps } from './Steps';

const ICONS = { profiles: IconUsers, orders: IconReceipt, products: IconPackage, events: IconBolt };
const BYTES_MAX = 2_000_000_000;

export default function UploadPage() {
  const { t } = useTranslation(['imports', 'common']);
  const formats = useFormats();
  const navigate = useNavigate();
  const [kind, setKind] = useState<Kind>('profiles');
  const [file, setFile] = useState<File | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [isBusy, setBusy] = useState(false);
  const send = async (chosen: File) => {
    setFile(chosen);
    setBusy(true);
    setError(null);
    try {
      const job = await call(
        api.POST('/api/v1/imports', {
          params: { query: { kind, name: chosen.name } },
          body: chosen as never,
          bodySerializer: (body) => body as unknown as BodyInit,
          headers: { 'Content-Type': 'application/octet-stream' },
        }),
      );
      await refresh('jobs');
      await navigate({ to: `/imports/${job.id}` });
    } catch (failed) {
      setError(failed);
      setBusy(false);
    }
  };
  return (
    <Page title={t('start')} above={[{ title: t('title'), to: '/imports' }]}>
      <Steps at={0} />
      <Panel title={t('upload.kind')}>
        <Radio.Group value={kind} onChange={(value) => setKind(value as Kind)} aria-label={t('upload.kind')}>
          <SimpleGrid cols={{ base: 1, xs: 2, lg: 4 }}>
            {KINDS.map((one) => {
              const Icon = ICONS[one];
              return (
                <Radio.Card key={one} value={one} p="md" radius="md" h="100%" aria-label={t(`kind.${one}`)} disabled={isBusy}>
                  <Group wrap="nowrap" align="flex-start" gap="sm" h="100%">
                    <ThemeIcon variant="light" size={36} radius="md"><Icon size={19} stroke={1.7} aria-hidden /></ThemeIcon>
                    <div style={{ flex: 1 }}>
                      <Text size="sm" fw={600}>{t(`kind.${one}`)}</Text>
                      <Text size="xs" c="dimmed">{t(`kindText.${one}`)}</Text>
                    </div>
                    <Radio.Indicator />
                  </Group>
                </Radio.Card>
              );
            })}
          </SimpleGrid>
        </Radio.Group>
      </Panel>
      {error !== null && <ErrorNote error={error} retry={file ? () => void send(file) : undefined} />}
      <Dropzone
        onDrop={(files) => {
          if (files[0]) void send(files[0]);
        }}
        onReject={() => setError(new Error(t('upload.refused')))} multiple={false} maxSize={BYTES_MAX} disabled={isBusy} aria-label={t('upload.drop')} inputProps={{ 'aria-label': t('upload.drop') }}
        p={48} radius="lg"
      >
        <Stack align="center" gap="sm" style={{ pointerEvents: 'none' }} ta="center">
          {isBusy ? <Loader /> : (
            <ThemeIcon size={60} radius="xl" variant="light">
              <Dropzone.Accept><IconUpload size={28} aria-hidden /></Dropzone.Accept>
              <Dropzone.Idle><IconFileSpreadsheet size={28} stroke={1.6} aria-hidden /></Dropzone.Idle>
              <Dropzone.Reject><IconFileSpreadsheet size={28} aria-hidden /></Dropzone.Reject>
            </ThemeIcon>
          )}
          <Text fw={600} size="lg">{isBusy && file ? t('upload.sending', { name: file.name, size: formats.bytes(file.size) }) : t('upload.drop')}</Text>
          <Text size="sm" c="dimmed" maw={520}>{t(isBusy ? 'upload.wait' : 'upload.text')}</Text>
          {!isBusy && <Button variant="default" component="span">{t('upload.choose')}</Button>}
        </Stack>
      </Dropzone>
      <Text size="sm" c="dimmed">{t('upload.promise')}</Text>
    </Page>
  );
}
