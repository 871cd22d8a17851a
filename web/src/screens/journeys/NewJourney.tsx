/** A name and what starts it: the rest is drawn. */
import { Button, Group, Modal, Select, Stack, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, onceKey, refresh } from '../../api';
import { ErrorNote } from '../../parts/ErrorNote';
import { notify } from '../../parts/notify';
import { TRIGGER_KINDS, type TriggerKind } from './model';
import { newTrigger } from './panel/TriggerForm';

/** A trigger that the server takes: what is not known yet is filled with what is asked for most. */
function whole(kind: TriggerKind): Record<string, unknown> {
  const made = newTrigger(kind);
  if (kind === 'event') return { ...made, event: 'Signed Up' };
  if (kind === 'date') return { ...made, attribute: 'birthday', yearly: true };
  return made;
}

/** Triggers whose target must be chosen on the canvas: the draft begins with them, the first version with an event. */
const NEEDS_MORE = new Set<TriggerKind>(['segment', 'form', 'journey']);

export function NewJourney({ opened, close }: { opened: boolean; close: () => void }) {
  const { t } = useTranslation('journeys');
  const navigate = useNavigate();
  const [name, setName] = useState('');
  const [kind, setKind] = useState<TriggerKind>('event');
  const make = useMutation({
    mutationFn: async () => {
      const definition = { schema: 1, name: name.trim(), trigger: NEEDS_MORE.has(kind) ? { type: 'api' } : whole(kind), start: 'exit_1', nodes: { exit_1: { type: 'exit' } } };
      const made = await call(api.POST('/api/v1/journeys', { body: definition as never, headers: onceKey() }));
      // A draft may be as unfinished as it likes.
      const draft = { ...definition, trigger: newTrigger(kind), start: '', nodes: {} };
      await call(api.PUT('/api/v1/journeys/{id}/canvas', { params: { path: { id: made.id } }, body: { revision: 0, canvas: { free: false, places: {}, notes: [] }, draft: draft as never } }));
      return made.id;
    },
    onSuccess: async (id) => {
      await refresh('journeys');
      close();
      await navigate({ to: '/journeys/$id', params: { id } });
    },
    onError: notify.failed,
  });
  return (
    <Modal opened={opened} onClose={close} title={t('new.title')}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (name.trim()) make.mutate();
        }}
      >
        <Stack>
          <TextInput label={t('settings.name')} placeholder={t('new.example')} value={name} maxLength={200} required data-autofocus onChange={(event) => setName(event.currentTarget.value)} />
          <Select
            label={t('triggerForm.kind')} description={t('new.later')} value={kind} allowDeselect={false} data={TRIGGER_KINDS.map((one) => ({ value: one, label: t(`starts.${one}`) }))}
            onChange={(value) => value && setKind(value as TriggerKind)}
          />
          {make.isError && <ErrorNote error={make.error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>{t('publish.cancel')}</Button>
            <Button type="submit" loading={make.isPending} disabled={!name.trim()}>{t('new.deed')}</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
