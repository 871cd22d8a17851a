import { ActionIcon, Button, Group, Modal, NumberInput, Select, SimpleGrid, Skeleton, Stack, Table, Text, Textarea, TextInput } from '@mantine/core';
import { IconPencil, IconPlus } from '@tabler/icons-react';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, type Schema } from '../../../api';
import { useMay } from '../../../app/session';
import { ErrorNote } from '../../../parts/ErrorNote';
import { When } from '../../../parts/format';
import { notify } from '../../../parts/notify';
import { Panel } from '../../../parts/Panel';
import { usePages } from '../../../parts/usePages';
import classes from './person.module.css';
import { written } from './Timeline';
import { changeProfile, type Profile } from './use';

type Kind = 'text' | 'number' | 'boolean' | 'date' | 'list' | 'json';
const KINDS: Kind[] = ['text', 'number', 'boolean', 'date', 'list', 'json'];

function kindOf(value: unknown): Kind {
  if (typeof value === 'number') return 'number';
  if (typeof value === 'boolean') return 'boolean';
  if (typeof value === 'string') return /^\d{4}-\d{2}-\d{2}$/.test(value) ? 'date' : 'text';
  if (Array.isArray(value) && value.every((one) => typeof one === 'string')) return 'list';
  return value === null || value === undefined ? 'text' : 'json';
}

function draftOf(value: unknown): string {
  if (Array.isArray(value) && kindOf(value) === 'list') return value.join(', ');
  return typeof value === 'string' ? value : value === undefined || value === null ? '' : JSON.stringify(value);
}

/** `undefined`: it is no value of this kind. */
function readDraft(kind: Kind, draft: string): unknown {
  switch (kind) {
    case 'number': return draft.trim() === '' || Number.isNaN(Number(draft)) ? undefined : Number(draft);
    case 'boolean': return draft === 'true';
    case 'date': return /^\d{4}-\d{2}-\d{2}$/.test(draft) ? draft : undefined;
    case 'list': return draft.split(',').map((one) => one.trim()).filter(Boolean);
    case 'json':
      try {
        return JSON.parse(draft) as unknown;
      } catch {
        return undefined;
      }
    default: return draft === '' ? undefined : draft;
  }
}

function Edit({ profile, name: told, close }: { profile: Profile; name: string | null; close: () => void }) {
  const { t } = useTranslation('customers');
  const before = told === null ? undefined : (profile.attributes as Record<string, unknown>)[told];
  const [name, setName] = useState(told ?? '');
  const [kind, setKind] = useState<Kind>(kindOf(before));
  const [draft, setDraft] = useState(draftOf(before));
  const [isBusy, setBusy] = useState(false);
  const value = readDraft(kind, draft);
  const isReady = name.trim() !== '' && value !== undefined;
  const save = (next: unknown) => {
    setBusy(true);
    changeProfile(profile.id, { attributes: { [name.trim()]: next } as never }).then(
      () => {
        close();
        notify.undo(t('attribute.saved', { name: name.trim() }), () => changeProfile(profile.id, { attributes: { [name.trim()]: before ?? null } as never }));
      },
      notify.failed,
    ).finally(() => setBusy(false));
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (isReady) save(value);
  };
  const label = t('attribute.value');
  return (
    <Modal opened onClose={close} title={told === null ? t('attribute.add') : t('attribute.edit', { name: told })}>
      <form onSubmit={submit}>
        <Stack>
          {told === null && <TextInput data-autofocus label={t('attribute.name')} placeholder="city" maxLength={90} value={name} onChange={(event) => setName(event.currentTarget.value)} />}
          <Select label={t('attribute.type')} allowDeselect={false} value={kind} onChange={(next) => setKind((next ?? 'text') as Kind)} data={KINDS.map((one) => ({ value: one, label: t(`attribute.kind.${one}`) }))} />
          {kind === 'boolean' ? <Select label={label} allowDeselect={false} value={draft === 'true' ? 'true' : 'false'} onChange={(next) => setDraft(next ?? 'false')} data={[{ value: 'true', label: t('yes') }, { value: 'false', label: t('no') }]} />
            : kind === 'number' ? <NumberInput label={label} value={draft} onChange={(next) => setDraft(String(next))} />
              : kind === 'date' ? <TextInput type="date" label={label} value={draft} onChange={(event) => setDraft(event.currentTarget.value)} />
                : kind === 'json' ? <Textarea label={label} autosize minRows={3} className={classes.mono} value={draft} onChange={(event) => setDraft(event.currentTarget.value)} error={draft && value === undefined ? t('attribute.notJson') : undefined} />
                  : <TextInput label={label} description={kind === 'list' ? t('attribute.commas') : undefined} value={draft} onChange={(event) => setDraft(event.currentTarget.value)} data-autofocus={told !== null || undefined} />}
          <Group justify="space-between">
            {told !== null ? <Button variant="subtle" color="red" onClick={() => save(null)}>{t('attribute.remove')}</Button> : <span />}
            <Group>
              <Button variant="default" onClick={close}>{t('common:cancel')}</Button>
              <Button type="submit" loading={isBusy} disabled={!isReady}>{t('common:save')}</Button>
            </Group>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

export default function Attributes({ profile }: { profile: Profile }) {
  const { t } = useTranslation('customers');
  const mayChange = useMay('people.change');
  const [editing, setEditing] = useState<{ name: string | null } | null>(null);
  const entries = Object.entries(profile.attributes as Record<string, unknown>).sort(([a], [b]) => a.localeCompare(b));
  const changes = usePages<Schema<'ChangeView'>>(['people', profile.id, 'changes'], (cursor) =>
    call(api.GET('/api/v1/profiles/{id}/changes', { params: { path: { id: profile.id }, query: { limit: 30, ...(cursor ? { cursor } : {}) } } })));
  return (
    <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="md" style={{ alignItems: 'start' }}>
      <Panel title={t('attribute.title')} text={t('attribute.text')} actions={mayChange && <Button size="compact-md" variant="light" leftSection={<IconPlus size={15} aria-hidden />} onClick={() => setEditing({ name: null })}>{t('attribute.add')}</Button>}>
        {entries.length === 0 ? <Text size="sm" c="dimmed">{t('attribute.none')}</Text> : entries.map(([name, value]) => (
          <div key={name} className={classes.line}>
            <div style={{ minWidth: 0 }}>
              <Text size="xs" c="dimmed">{name} · {t(`attribute.kind.${kindOf(value)}`)}</Text>
              <Text size="sm" style={{ overflowWrap: 'anywhere', whiteSpace: 'pre-wrap' }}>{kindOf(value) === 'boolean' ? (value ? t('yes') : t('no')) : kindOf(value) === 'date' ? <When at={`${String(value)}T12:00:00Z`} dateOnly /> : Array.isArray(value) && kindOf(value) === 'list' ? value.join(', ') : written(value)}</Text>
            </div>
            {mayChange && <ActionIcon variant="subtle" color="gray" aria-label={t('attribute.edit', { name })} onClick={() => setEditing({ name })}><IconPencil size={16} aria-hidden /></ActionIcon>}
          </div>
        ))}
      </Panel>
      <Panel title={t('attribute.history')} text={t('attribute.historyText')}>
        {changes.error ? <ErrorNote error={changes.error} retry={changes.retry} /> : changes.isPending ? <Skeleton h={120} /> : changes.rows.length === 0 ? <Text size="sm" c="dimmed">{t('attribute.noHistory')}</Text> : (
          <Table.ScrollContainer minWidth={420} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
            <Table verticalSpacing="xs">
              <Table.Tbody>
                {changes.rows.map((one, at) => (
                  <Table.Tr key={at}>
                    <Table.Td><Text size="sm" fw={500}>{one.name}</Text><Text size="xs" c="dimmed"><When at={one.at} full /></Text></Table.Td>
                    <Table.Td><Text size="sm">{one.old !== null && <><Text span c="dimmed" td="line-through">{written(one.old)}</Text> → </>}{one.new === null ? t('timeline.removed') : written(one.new)}</Text></Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
        )}
        {changes.more && <Group justify="center" mt="sm"><Button variant="default" onClick={changes.more.load} loading={changes.more.isLoading}>{t('common:more')}</Button></Group>}
      </Panel>
      {editing && <Edit profile={profile} name={editing.name} close={() => setEditing(null)} />}
    </SimpleGrid>
  );
}
