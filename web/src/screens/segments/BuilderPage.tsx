/** A segment, written: new, or another version of one. */
import { Alert, Button, Card, Group, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useBlocker, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, asProblem, call, Problem, refresh } from '../../api';
import { type Condition, ConditionEditor } from '../../parts/ConditionEditor';
import { confirm } from '../../parts/confirm';
import { ErrorNote, told } from '../../parts/ErrorNote';
import { notify } from '../../parts/notify';
import { Page } from '../../parts/Page';
import { PageSkeleton } from '../../parts/PageSkeleton';
import { DiffDialog } from './DiffDialog';
import { Estimate } from './Estimate';
import { READY } from './ready';
import css from './segments.module.css';
import { type Segment, segmentQuery, useSegment } from './use';

interface Begin {
  name: string;
  description: string;
  definition: Condition | null;
}

/** A definition that another page gave along. */
function given(from: unknown): Condition | null {
  if (typeof from === 'object' && from !== null && !Array.isArray(from)) return from as Condition;
  if (typeof from !== 'string') return null;
  try {
    return JSON.parse(from) as Condition;
  } catch {
    return null;
  }
}

export default function BuilderPage() {
  const { t } = useTranslation('segments');
  const { id = '' } = useParams({ strict: false }) as { id?: string };
  const search = useSearch({ strict: false }) as { ready?: string; copy?: string; from?: unknown };
  const from = id || (search.copy ?? '');
  const segment = useSegment(from);
  if (from !== '') {
    if (segment.isPending) return <PageSkeleton />;
    if (segment.error) return <ErrorNote error={segment.error} retry={() => void segment.refetch()} />;
    const { name, description, definition } = segment.data as Segment;
    const begin = { name: id ? name : t('copy_of', { name }), description, definition: (definition as Condition | undefined) ?? null };
    return <Builder key={from + id} id={id} begin={begin} existing={id ? (segment.data as Segment) : null} />;
  }
  const ready = READY.find((one) => one.key === search.ready);
  const told = given(search.from);
  const begin: Begin = told
    ? { name: '', description: '', definition: told }
    : ready
    ? { name: t(`ready.${ready.key}.name`), description: t(`ready.${ready.key}.text`), definition: ready.definition }
    : { name: '', description: '', definition: null };
  return <Builder key={search.ready ?? 'new'} id="" begin={begin} existing={null} />;
}

function Builder({ id, begin, existing }: { id: string; begin: Begin; existing: Segment | null }) {
  const { t } = useTranslation('segments');
  const navigate = useNavigate();
  const client = useQueryClient();
  const [name, setName] = useState(begin.name);
  const [description, setDescription] = useState(begin.description);
  const [definition, setDefinition] = useState<Condition | null>(begin.definition);
  const [isWhole, setWhole] = useState(begin.definition !== null);
  const [isStrict, setStrict] = useState(false);
  const [isSaving, setSaving] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [isDiffOpen, setDiffOpen] = useState(false);
  const saved = useRef(JSON.stringify([begin.name, begin.description, begin.definition]));
  const isDirty = JSON.stringify([name, description, definition]) !== saved.current;
  const isOther = JSON.stringify(definition) !== JSON.stringify(begin.definition);
  const leaving = useRef(false);
  useBlocker({
    shouldBlockFn: async () => {
      if (!isDirty || leaving.current) return false;
      return !(await confirm({ title: t('leave.title'), text: t('leave.text'), deed: t('leave.deed'), isDangerous: true }));
    },
    enableBeforeUnload: () => isDirty && !leaving.current,
  });
  // What was refused is no longer what stands there.
  useEffect(() => setProblem(null), [definition]);

  const save = async (): Promise<void> => {
    setSaving(true);
    setProblem(null);
    try {
      const body = { name: name.trim(), description: description.trim(), definition: (definition ?? {}) as never };
      const made = id
        ? await call(api.PATCH('/api/v1/segments/{id}', { params: { path: { id } }, body }))
        : await call(api.POST('/api/v1/segments', { body }));
      leaving.current = true;
      client.setQueryData(segmentQuery(made.id).queryKey, made);
      await refresh('segments');
      notify.done(t(id ? 'saved' : 'made', { name: made.name }));
      void navigate({ to: `/segments/${made.id}` });
    } catch (error) {
      setDiffOpen(false);
      setProblem(asProblem(error));
      setStrict(true);
    } finally {
      setSaving(false);
    }
  };
  const onSave = (): void => {
    if (name.trim() === '' || !isWhole) {
      setStrict(true);
      const first = name.trim() === '' ? '#segment-name' : '[data-condition-editor] [data-missing]';
      document.querySelector<HTMLElement>(first)?.focus();
      return;
    }
    if (existing && isOther && existing.state === 'live') setDiffOpen(true);
    else void save();
  };
  const ofDefinition = problem?.code === 'invalid_definition' ? problem.fields : [];
  const cancel = (): void => void navigate({ to: id ? `/segments/${id}` : '/segments' });
  return (
    <Page
      title={id ? t('edit_title', { name: begin.name }) : t('new_title')} above={[{ title: t('list.title'), to: '/segments' }, ...(id ? [{ title: begin.name, to: `/segments/${id}` }] : [])]}
      actions={
        <>
          <Button variant="default" onClick={cancel}>{t('cancel')}</Button>
          <Button onClick={onSave} loading={isSaving} disabled={id !== '' && !isDirty}>{t(id ? 'save' : 'create')}</Button>
        </>
      }
    >
      <div className={css.columns}>
        <Stack gap="md">
          <Card padding="lg">
            <Stack gap="sm">
              <TextInput
                id="segment-name" label={t('name')} placeholder={t('name_example')} value={name} maxLength={200} required withAsterisk={false} autoFocus={!begin.name}
                onChange={(event) => setName(event.currentTarget.value)} error={isStrict && name.trim() === '' ? t('name_missing') : problem?.code === 'name_taken' ? t('name_taken') : undefined}
              />
              <Textarea label={t('description')} placeholder={t('description_example')} value={description} autosize minRows={1} maxRows={4} maxLength={2000} onChange={(event) => setDescription(event.currentTarget.value)} />
            </Stack>
          </Card>
          <Card padding="lg" component="section" aria-label={t('who')}>
            <Text fw={600} mb="xs">{t('who')}</Text>
            <ConditionEditor
              value={definition} context="segment" isStrict={isStrict} problems={ofDefinition} {...(id ? { self: id } : {})}
              onChange={(next, state) => {
                setDefinition(next);
                setWhole(state.isWhole);
              }}
            />
          </Card>
          {problem && problem.code !== 'name_taken' && (
            <Alert color="red" role="alert" title={t('not_saved')}>
              <Text size="sm">{told(problem)}</Text>
            </Alert>
          )}
          {isStrict && definition === null && <Text size="sm" c="var(--ql-bad)" role="alert">{t('no_condition')}</Text>}
        </Stack>
        <aside className={css.aside}>
          <Estimate definition={definition} isWhole={isWhole && definition !== null} />
        </aside>
      </div>
      {isDiffOpen && existing && definition && (
        <DiffDialog segment={existing} definition={definition} isSaving={isSaving} onSave={() => void save()} onClose={() => setDiffOpen(false)} deed={t('save')} />
      )}
      <Group hiddenFrom="sm" justify="flex-end">
        <Button fullWidth onClick={onSave} loading={isSaving}>{t(id ? 'save' : 'create')}</Button>
      </Group>
    </Page>
  );
}
