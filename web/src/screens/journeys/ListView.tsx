/** The same journey as a list of steps, from the top down: all that the canvas can, by keyboard and on a phone. */
import { ActionIcon, Badge, Menu, Text, Tooltip, VisuallyHidden } from '@mantine/core';
import {
  IconAlertCircleFilled, IconArrowBackUp, IconArrowDown, IconArrowUp, IconCopy, IconCut, IconDots, IconPlus, IconTrash,
} from '@tabler/icons-react';
import { type CSSProperties, type KeyboardEvent, memo, type ReactNode, useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { copySelected, duplicate, pasteClip, removeSelected, removeWithBranch } from './editor/commands';
import { useWords } from './editor/describe';
import { channelIcons, kinds, triggers } from './editor/kinds';
import { ofDefinition, useEditor, useEditorStore } from './editor/store';
import classes from './list.module.css';
import { type Definition, placeOf, shift, TRIGGER, type Way, waysFrom } from './model';

interface Row {
  key: string;
  kind: 'node' | 'way' | 'go' | 'end';
  id: string;
  way: Way | null;
  depth: number;
}

/** Each node once, where it is first come to; later it is only named. */
function rowsOf(definition: Definition): Row[] {
  const rows: Row[] = [];
  const seen = new Set<string>();
  const into = new Map<string, number>();
  for (const id of [TRIGGER, ...Object.keys(definition.nodes)]) for (const way of waysFrom(definition, id)) if (way.to) into.set(way.to, (into.get(way.to) ?? 0) + 1);
  const walk = (id: string, depth: number): void => {
    seen.add(id);
    rows.push({ key: id, kind: 'node', id, way: null, depth });
    const ways = waysFrom(definition, id);
    const isMany = ways.length > 1;
    const later: Way[] = [];
    for (const way of ways) {
      const inside = isMany ? depth + 2 : depth;
      if (isMany) rows.push({ key: `${id}|${way.field}`, kind: 'way', id, way, depth: depth + 1 });
      if (way.to === null || !(way.to in definition.nodes)) rows.push({ key: `${id}|${way.field}|end`, kind: 'end', id, way, depth: inside });
      else if (seen.has(way.to) || (isMany && (into.get(way.to) ?? 0) > 1)) {
        rows.push({ key: `${id}|${way.field}|go`, kind: 'go', id: way.to, way, depth: inside });
        if (!seen.has(way.to)) later.push(way);
      } else walk(way.to, inside);
    }
    for (const way of later) if (way.to && !seen.has(way.to)) walk(way.to, depth);
  };
  walk(TRIGGER, 0);
  for (const id of Object.keys(definition.nodes)) if (!seen.has(id)) walk(id, 0);
  return rows;
}

const NodeMenu = memo(function NodeMenu({ id }: { id: string }) {
  const { t } = useTranslation('journeys');
  const editor = useEditorStore();
  const words = useWords();
  const act = (work: () => void) => () => {
    editor.select([id]);
    work();
  };
  return (
    <Menu position="bottom-end" keepMounted={false}>
      <Menu.Target><ActionIcon aria-label={t('listView.more', { name: words.name(editor.doc.definition, id) })}><IconDots size={18} aria-hidden /></ActionIcon></Menu.Target>
      <Menu.Dropdown>
        <Menu.Item leftSection={<IconArrowUp size={16} />} onClick={() => editor.edit((now) => shift(now, id, -1))}>{t('node.up')}</Menu.Item>
        <Menu.Item leftSection={<IconArrowDown size={16} />} onClick={() => editor.edit((now) => shift(now, id, 1))}>{t('node.down')}</Menu.Item>
        <Menu.Item leftSection={<IconCopy size={16} />} onClick={act(() => copySelected(editor))}>{t('node.copy')}</Menu.Item>
        <Menu.Item leftSection={<IconCut size={16} />} onClick={act(() => {
          copySelected(editor);
          removeSelected(editor);
        })}>{t('node.cut')}</Menu.Item>
        <Menu.Item leftSection={<IconCopy size={16} />} onClick={act(() => duplicate(editor))}>{t('node.duplicate')}</Menu.Item>
        <Menu.Divider />
        <Menu.Item color="red" leftSection={<IconTrash size={16} />} onClick={act(() => removeSelected(editor))}>{t('node.remove')}</Menu.Item>
        <Menu.Item color="red" leftSection={<IconTrash size={16} />} onClick={() => removeWithBranch(editor, id)}>{t('node.removeBranch')}</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
});

function Add({ way, label }: { way: Way; label: string }) {
  const editor = useEditorStore();
  return (
    <Tooltip label={label}>
      <ActionIcon
        variant="light" size={28} aria-label={label} aria-haspopup="dialog" data-way={`${way.from}|${way.field}`}
        onClick={(event) => {
          const box = event.currentTarget.getBoundingClientRect();
          editor.set({ palette: { way, x: box.left, y: box.top, width: box.width, height: box.height } });
        }}
      >
        <IconPlus size={16} aria-hidden />
      </ActionIcon>
    </Tooltip>
  );
}

export function ListView() {
  const { t } = useTranslation('journeys');
  const editor = useEditorStore();
  const words = useWords();
  const definition = useEditor(ofDefinition);
  const selected = useEditor((state) => state.selected);
  const problems = useEditor((state) => state.problems);
  const path = useEditor((state) => state.path);
  const figures = useEditor((state) => state.figures);
  const isReadOnly = useEditor((state) => state.isReadOnly);
  const rows = useMemo(() => rowsOf(definition), [definition]);
  const wrong = useMemo(() => new Set(problems.map((one) => placeOf(one.path)).map((place) => (place.kind === 'node' ? place.id : place.kind === 'trigger' ? TRIGGER : ''))), [problems]);

  const onKeyDown = (event: KeyboardEvent<HTMLElement>): void => {
    const target = event.target as HTMLElement;
    if (target.closest('input, textarea, [role=menu]')) return;
    const id = target.closest('[data-row]')?.getAttribute('data-row');
    const isCommand = event.ctrlKey || event.metaKey;
    const key = event.key.toLowerCase();
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      const all = [...event.currentTarget.querySelectorAll<HTMLElement>('[data-node]')];
      const at = all.indexOf(target);
      if (at < 0) return;
      event.preventDefault();
      const by = event.key === 'ArrowDown' ? 1 : -1;
      if (event.altKey && id && id !== TRIGGER) {
        editor.edit((now) => shift(now, id, by as 1 | -1));
        setTimeout(() => document.querySelector<HTMLElement>(`[data-node="${CSS.escape(id)}"]`)?.focus());
      } else all[at + by]?.focus();
    } else if ((event.key === 'Delete' || event.key === 'Backspace') && id && id !== TRIGGER) {
      event.preventDefault();
      editor.select([id]);
      removeSelected(editor);
    } else if (isCommand && key === 'c' && id) {
      editor.select([id]);
      copySelected(editor);
    } else if (isCommand && key === 'v' && id) {
      event.preventDefault();
      editor.select([id]);
      pasteClip(editor, editor.get().clip);
    } else if (isCommand && key === 'd' && id) {
      event.preventDefault();
      editor.select([id]);
      duplicate(editor);
    } else if ((key === 'a' || key === '+') && !isCommand && id) {
      event.preventDefault();
      const ways = waysFrom(definition, id);
      const way = ways.find((one) => one.to === null) ?? ways[0];
      const box = target.getBoundingClientRect();
      if (way && !isReadOnly) editor.set({ palette: { way, x: box.left + 40, y: box.bottom - 8, width: 1, height: 1 } });
    }
  };

  const nodeRow = (row: Row): ReactNode => {
    const isTrigger = row.id === TRIGGER;
    const node = definition.nodes[row.id];
    const said = isTrigger ? words.trigger(definition.trigger) : node ? words.node(node) : { title: row.id, text: '' };
    const look = node ? kinds[node.type] : undefined;
    const Icon = isTrigger ? triggers[definition.trigger.type].Icon : ((node?.type === 'send' && channelIcons[String(node.channel)]) || look?.Icon || IconPlus);
    const tone = look?.tone ?? 'accent';
    const ways = waysFrom(definition, row.id);
    const only = ways.length === 1 ? ways[0] : undefined;
    const here = figures?.get(row.id);
    return (
      <div className={classes.node} data-selected={selected.includes(row.id)} data-lit={path?.nodes.has(row.id) || undefined}>
        <button
          type="button" className={classes.open} data-node={row.id}
          onClick={() => editor.select([row.id], isTrigger ? 'trigger' : figures ? 'runs' : 'node')}
        >
          <span className={classes.icon} style={{ '--tone': `var(--ql-${tone})`, '--tone-tint': `var(--ql-${tone}-tint)` } as CSSProperties}><Icon size={18} stroke={1.7} aria-hidden /></span>
          <span style={{ minWidth: 0, flex: 1 }}>
            <span className={classes.kind}>{isTrigger ? t('startsWhen', { what: said.title }) : said.title}</span>
            <span className={classes.text}>{said.text}</span>
          </span>
          {here && <Badge color="gray">{t('listView.visits', { count: here.visits })}</Badge>}
          {wrong.has(row.id) && <><IconAlertCircleFilled size={19} color="var(--ql-bad)" aria-hidden /><VisuallyHidden>{t('problems.here')}</VisuallyHidden></>}
        </button>
        {only && !isReadOnly && <Add way={only} label={t('add.after', { name: words.name(definition, row.id) })} />}
        {!isTrigger && !isReadOnly && <NodeMenu id={row.id} />}
      </div>
    );
  };

  return (
    <section className={classes.list} aria-label={t('listView.label')} onKeyDown={onKeyDown}>
      <Text size="sm" c="dimmed" mb="md">{t('listView.about')}</Text>
      <ol className={classes.rows}>
        {rows.map((row) => (
          <li key={row.key} data-row={row.kind === 'node' ? row.id : undefined} style={{ paddingLeft: Math.min(row.depth, 8) * 22 }}>
            {row.kind === 'node' && nodeRow(row)}
            {row.kind === 'way' && row.way && (
              <div className={classes.way}>
                <span className={classes.label}>{words.way(definition, row.way)}</span>
                {!isReadOnly && <Add way={row.way} label={t('add.onWay', { name: words.name(definition, row.way.from), way: words.way(definition, row.way) })} />}
              </div>
            )}
            {row.kind === 'go' && (
              <button type="button" className={classes.go} onClick={() => document.querySelector<HTMLElement>(`[data-node="${CSS.escape(row.id)}"]`)?.focus()}>
                <IconArrowBackUp size={15} aria-hidden style={{ transform: 'rotate(180deg)' }} />{t('listView.goesOn', { name: words.name(definition, row.id) })}
              </button>
            )}
            {row.kind === 'end' && <span className={classes.end}>{t('end')}</span>}
          </li>
        ))}
      </ol>
    </section>
  );
}
