/** Beside the picture: the settings of what is selected, what is wrong, a test run, the people. */
import { ActionIcon, Button, Group, Menu, Stack, Text, Title } from '@mantine/core';
import {
  IconAlertCircle, IconArrowDown, IconArrowUp, IconCircleCheck, IconCopy, IconDots, IconPlus, IconTrash, IconX, IconCut,
} from '@tabler/icons-react';
import { type ReactNode, useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { copySelected, duplicate, openPalette, removeSelected, removeWithBranch } from '../editor/commands';
import { useWords } from '../editor/describe';
import { ofCanvas, ofDefinition, useEditor, useEditorStore } from '../editor/store';
import { alsoLost, type Note, placeOf, shift, TRIGGER } from '../model';
import { NodeForm } from './NodeForm';
import classes from './panel.module.css';
import { RunsPanel } from './RunsPanel';
import { SettingsForm } from './SettingsForm';
import { TestRun } from './TestRun';
import { TriggerForm } from './TriggerForm';

function Head({ title, text, more }: { title: ReactNode; text?: ReactNode; more?: ReactNode }) {
  const { t } = useTranslation('journeys');
  const editor = useEditorStore();
  const close = (): void => {
    const id = editor.get().selected[0];
    editor.set({ side: null, path: null });
    if (id) document.querySelector<HTMLElement>(`[data-node="${CSS.escape(id)}"]`)?.focus({ preventScroll: true });
  };
  return (
    <Group justify="space-between" wrap="nowrap" align="flex-start" className={classes.head}>
      <div style={{ minWidth: 0 }}>
        <Title order={2} size="h3" tabIndex={-1} data-panel-title>{title}</Title>
        {text && <Text size="sm" c="dimmed">{text}</Text>}
      </div>
      <Group gap={2} wrap="nowrap">
        {more}
        <ActionIcon aria-label={t('panel.close')} onClick={close}><IconX size={18} aria-hidden /></ActionIcon>
      </Group>
    </Group>
  );
}

/** Made when the menu is opened: what would be lost is looked up over the whole journey. */
function NodeItems({ id }: { id: string }) {
  const { t } = useTranslation('journeys');
  const editor = useEditorStore();
  const others = useEditor(ofDefinition);
  const lost = alsoLost(others, [id]).length;
  return (
    <>
      <Menu.Item leftSection={<IconPlus size={16} />} onClick={() => setTimeout(() => openPalette(editor, id, document.querySelector(`[data-node="${CSS.escape(id)}"]`)))}>{t('node.addAfter')}</Menu.Item>
      <Menu.Item leftSection={<IconCopy size={16} />} onClick={() => copySelected(editor)}>{t('node.copy')}</Menu.Item>
      <Menu.Item leftSection={<IconCut size={16} />} onClick={() => {
        copySelected(editor);
        removeSelected(editor);
      }}>{t('node.cut')}</Menu.Item>
      <Menu.Item leftSection={<IconCopy size={16} />} onClick={() => duplicate(editor)}>{t('node.duplicate')}</Menu.Item>
      <Menu.Item leftSection={<IconArrowUp size={16} />} disabled={shift(others, id, -1) === others} onClick={() => editor.edit((now) => shift(now, id, -1))}>{t('node.up')}</Menu.Item>
      <Menu.Item leftSection={<IconArrowDown size={16} />} disabled={shift(others, id, 1) === others} onClick={() => editor.edit((now) => shift(now, id, 1))}>{t('node.down')}</Menu.Item>
      <Menu.Divider />
      <Menu.Item color="red" leftSection={<IconTrash size={16} />} onClick={() => removeSelected(editor)}>{lost > 0 ? t('node.removeMany', { count: lost + 1 }) : t('node.remove')}</Menu.Item>
      <Menu.Item color="red" leftSection={<IconTrash size={16} />} onClick={() => removeWithBranch(editor, id)}>{t('node.removeBranch')}</Menu.Item>
    </>
  );
}

function NodeMenu({ id }: { id: string }) {
  const { t } = useTranslation('journeys');
  return (
    <Menu position="bottom-end">
      <Menu.Target><ActionIcon aria-label={t('panel.more')}><IconDots size={18} aria-hidden /></ActionIcon></Menu.Target>
      <Menu.Dropdown><NodeItems id={id} /></Menu.Dropdown>
    </Menu>
  );
}

const COLOURS = ['yellow', 'blue', 'green', 'pink', 'grey'] as const;

function NotePanel({ note }: { note: Note }) {
  const { t } = useTranslation('journeys');
  const editor = useEditorStore();
  return (
    <>
      <Head title={t('note.label')} text={t('note.about')} />
      <div className={classes.body}>
        <Group gap="xs" role="group" aria-label={t('note.colour')}>
          {COLOURS.map((colour) => (
            <Button key={colour} size="compact-sm" variant={note.colour === colour ? 'filled' : 'default'} aria-pressed={note.colour === colour} onClick={() => editor.patchNote(note.id, { colour })}>{t(`colour.${colour}`)}</Button>
          ))}
        </Group>
        <Button mt="md" variant="light" color="red" leftSection={<IconTrash size={16} aria-hidden />} onClick={() => removeSelected(editor)}>{t('note.remove')}</Button>
      </div>
    </>
  );
}

function ProblemsPanel() {
  const { t } = useTranslation('journeys');
  const editor = useEditorStore();
  const words = useWords();
  const problems = useEditor((state) => state.problems);
  const definition = useEditor(ofDefinition);
  return (
    <>
      <Head title={t('problems.title')} text={problems.length > 0 ? t('problems.text') : undefined} />
      <div className={classes.body}>
        {problems.length === 0 && (
          <Stack align="center" py="xl" gap="xs" ta="center">
            <IconCircleCheck size={36} color="var(--ql-good)" aria-hidden />
            <Text fw={600}>{t('problems.none')}</Text>
            <Text size="sm" c="dimmed">{t('problems.noneText')}</Text>
          </Stack>
        )}
        <Stack gap={6} component="ul" m={0} p={0} style={{ listStyle: 'none' }}>
          {problems.map((problem, i) => {
            const place = placeOf(problem.path);
            const where = place.kind === 'node' ? words.name(definition, place.id) : place.kind === 'trigger' ? t('trigger') : t('settings.title');
            const go = (): void => {
              if (place.kind === 'node') {
                editor.select([place.id], 'node');
                editor.show(place.id);
              } else editor.set({ side: place.kind === 'trigger' ? 'trigger' : 'settings', selected: place.kind === 'trigger' ? [TRIGGER] : [] });
            };
            return (
              <li key={`${problem.path}.${i}`}>
                <button type="button" className={classes.problem} onClick={go}>
                  <IconAlertCircle size={18} aria-hidden color="var(--ql-bad)" style={{ flex: 'none', marginTop: 2 }} />
                  <span>
                    <span style={{ display: 'block', fontWeight: 600 }}>{where}</span>
                    <span style={{ display: 'block', color: 'var(--mantine-color-dimmed)' }}>{t(`problem.${problem.code}`, { defaultValue: problem.message ?? t('problem.other') })}</span>
                  </span>
                </button>
              </li>
            );
          })}
        </Stack>
      </div>
    </>
  );
}

function Selected() {
  const { t } = useTranslation('journeys');
  const editor = useEditorStore();
  const selected = useEditor((state) => state.selected);
  const definition = useEditor(ofDefinition);
  const canvas = useEditor(ofCanvas);
  const isReadOnly = useEditor((state) => state.isReadOnly);
  const nodes = selected.filter((id) => id in definition.nodes);
  if (nodes.length > 1) {
    return (
      <>
        <Head title={t('many.title', { count: nodes.length })} />
        <div className={classes.body}>
          <Stack>
            <Text size="sm" c="dimmed">{t('many.text')}</Text>
            <Button variant="default" leftSection={<IconCopy size={16} aria-hidden />} onClick={() => copySelected(editor)}>{t('node.copy')}</Button>
            <Button variant="light" color="red" leftSection={<IconTrash size={16} aria-hidden />} onClick={() => removeSelected(editor)}>{t('many.remove', { count: nodes.length })}</Button>
          </Stack>
        </div>
      </>
    );
  }
  const id = nodes[0];
  const node = id ? definition.nodes[id] : undefined;
  const note = canvas.notes.find((one) => one.id === selected[0]);
  if (note) return <NotePanel note={note} />;
  if (!id || !node) return null;
  return (
    <>
      <Head title={t(`kind.${node.type}`)} text={t(`about.${node.type}`)} more={isReadOnly ? undefined : <NodeMenu id={id} />} />
      <fieldset className={classes.body} disabled={isReadOnly} key={id} aria-label={t('panel.settings')}>
        <NodeForm id={id} node={node} />
      </fieldset>
    </>
  );
}

export function SidePanel({ journeyId }: { journeyId: string }) {
  const { t } = useTranslation('journeys');
  const side = useEditor((state) => state.side);
  const selected = useEditor((state) => state.selected[0]);
  const isReadOnly = useEditor((state) => state.isReadOnly);
  const hasNote = useEditor((state) => state.history.present.canvas.notes.some((note) => note.id === state.selected[0]));
  const root = useRef<HTMLElement>(null);
  const shown = side ?? (hasNote ? 'node' : null);
  useEffect(() => {
    if (side !== 'node' && side !== 'trigger') return;
    // Whoever opened it wants to write: the first field that is not right, else the first.
    const timer = setTimeout(() => {
      const first = root.current?.querySelector<HTMLElement>('[aria-invalid="true"], fieldset input:not([type=hidden]):not([type=radio]), fieldset textarea');
      first?.focus({ preventScroll: false });
    }, 30);
    return () => clearTimeout(timer);
  }, [side, selected]);
  if (!shown) return null;
  return (
    <aside className={classes.side} ref={root} aria-label={t('panel.label')} data-side={shown}>
      {shown === 'node' && <Selected />}
      {shown === 'trigger' && (
        <>
          <Head title={t('trigger')} text={t('triggerText')} />
          <fieldset className={classes.body} disabled={isReadOnly} aria-label={t('panel.settings')}><TriggerForm /></fieldset>
        </>
      )}
      {shown === 'settings' && (
        <>
          <Head title={t('settings.title')} text={t('settings.text')} />
          <fieldset className={classes.body} disabled={isReadOnly} aria-label={t('panel.settings')}><SettingsForm /></fieldset>
        </>
      )}
      {shown === 'problems' && <ProblemsPanel />}
      {shown === 'test' && (
        <>
          <Head title={t('test.title')} text={t('test.text')} />
          <div className={classes.body}><TestRun journeyId={journeyId} /></div>
        </>
      )}
      {shown === 'runs' && (
        <>
          <Head title={t('runs.title')} text={t('runs.text')} />
          <div className={classes.body}><RunsPanel journeyId={journeyId} /></div>
        </>
      )}
    </aside>
  );
}
