/** What the segment said before, what each change did, and the way back. */
import { Badge, Button, Card, Collapse, Group, Skeleton, Stack, Text } from '@mantine/core';
import { IconHistory } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, refresh, type Schema } from '../../api';
import { useMay } from '../../app/session';
import { ConditionText } from '../../parts/ConditionEditor';
import { ErrorNote } from '../../parts/ErrorNote';
import { useFormats, When } from '../../parts/format';
import { notify } from '../../parts/notify';
import { usePages } from '../../parts/usePages';
import { DiffDialog } from './DiffDialog';
import type { Segment } from './use';

type Version = Schema<'SegmentVersionView'>;

function One({ version, before, segment, isNewest, onRestore }: { version: Version; before: Version | undefined; segment: Segment; isNewest: boolean; onRestore: () => void }) {
  const { t } = useTranslation('segments');
  const formats = useFormats();
  const mayChange = useMay('setup.change');
  const [isOpen, setOpen] = useState(isNewest);
  const net = [version.added, version.removed];
  return (
    <Card padding="md" data-version={version.version}>
      <Group justify="space-between" gap="sm">
        <Group gap="sm">
          <Text fw={600}>{t('version_of', { version: formats.number(version.version) })}</Text>
          {isNewest && <Badge color="teal" variant="light">{t('versions.current')}</Badge>}
          <Text size="sm" c="dimmed" component="span"><When at={version.created_at} full /></Text>
        </Group>
        <Group gap="xs">
          {version.members !== null && (
            <Text size="sm" className="ql-num">
              {t('versions.members', { count: version.members ?? 0, n: formats.number(version.members ?? 0) })}
              {net[0] !== null && net[1] !== null && <Text span size="sm" c="dimmed"> (+{formats.number(net[0] ?? 0)} / −{formats.number(net[1] ?? 0)})</Text>}
            </Text>
          )}
          <Button size="compact-sm" variant="subtle" aria-expanded={isOpen} onClick={() => setOpen((was) => !was)}>{t(isOpen ? 'versions.hide' : 'versions.show')}</Button>
          {!isNewest && mayChange && segment.state !== 'archived' && <Button size="compact-sm" variant="light" onClick={onRestore}>{t('versions.restore')}</Button>}
        </Group>
      </Group>
      <Collapse expanded={isOpen}>
        <Stack gap="sm" mt="sm">
          <ConditionText value={version.definition} />
          {before && (
            <div>
              <Text size="xs" c="dimmed" mb={4}>{t('versions.before')}</Text>
              <div style={{ opacity: 0.75 }}><ConditionText value={before.definition} /></div>
            </div>
          )}
        </Stack>
      </Collapse>
    </Card>
  );
}

export default function Versions({ segment }: { segment: Segment }) {
  const { t } = useTranslation('segments');
  const [chosen, setChosen] = useState<Version | null>(null);
  const [isSaving, setSaving] = useState(false);
  const pages = usePages<Version>(['segments', segment.id, 'versions'], (cursor) =>
    call(api.GET('/api/v1/segments/{id}/versions', { params: { path: { id: segment.id }, query: { limit: 20, ...(cursor ? { cursor } : {}) } } })));
  const bringBack = async (): Promise<void> => {
    if (!chosen) return;
    setSaving(true);
    const now = segment.definition;
    try {
      const write = (definition: unknown) => call(api.PATCH('/api/v1/segments/{id}', { params: { path: { id: segment.id } }, body: { definition: definition as never } }));
      await write(chosen.definition);
      await refresh('segments');
      setChosen(null);
      notify.undo(t('versions.restored', { version: chosen.version }), async () => {
        await write(now);
        await refresh('segments');
      });
    } catch (error) {
      notify.failed(error);
    } finally {
      setSaving(false);
    }
  };
  if (pages.isPending) return <Stack aria-busy="true"><Skeleton h={80} /><Skeleton h={80} /></Stack>;
  if (pages.error) return <ErrorNote error={pages.error} retry={pages.retry} />;
  return (
    <Stack gap="sm">
      <Group gap="xs"><IconHistory size={17} aria-hidden /><Text size="sm" c="dimmed">{t('versions.text')}</Text></Group>
      {pages.rows.map((version, at) => (
        <One key={version.version} version={version} before={pages.rows[at + 1]} segment={segment} isNewest={version.version === segment.version} onRestore={() => setChosen(version)} />
      ))}
      {pages.more && <Button variant="default" onClick={pages.more.load} loading={pages.more.isLoading}>{t('versions.more')}</Button>}
      {chosen && (
        <DiffDialog segment={segment} definition={chosen.definition as Record<string, unknown>} deed={t('versions.restore_of', { version: chosen.version })} isSaving={isSaving} onSave={() => void bringBack()} onClose={() => setChosen(null)} />
      )}
    </Stack>
  );
}
