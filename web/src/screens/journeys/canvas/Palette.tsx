/** What can be put into a way: every kind of step, what was copied, or a step that is there already. */
import { Popover, TextInput } from '@mantine/core';
import { IconArrowRight, IconClipboard, IconSearch } from '@tabler/icons-react';
import { type KeyboardEvent, useEffect, useId, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useWords } from '../editor/describe';
import { groups, kinds } from '../editor/kinds';
import { ofDefinition, useEditor, useEditorStore } from '../editor/store';
import { connect, freshId, insert, NODE_KINDS, newNode, paste, type NodeKind, type WayRef, wayAt } from '../model';
import classes from './canvas.module.css';

interface Option {
  id: string;
  group: string;
  title: string;
  text: string;
  Icon: typeof IconSearch;
  tone: string;
  run: () => void;
}

/** Letters without their marks, so that "doi" finds "Đợi". */
export const plain = (told: string): string => told.normalize('NFD').replace(/[\u0300-\u036f]/g, '').replace(/đ/gi, 'd').toLowerCase();

function Options({ way, close }: { way: WayRef; close: () => void }) {
  const { t } = useTranslation('journeys');
  const editor = useEditorStore();
  const words = useWords();
  const clip = useEditor((state) => state.clip);
  const definition = useEditor(ofDefinition);
  const [search, setSearch] = useState('');
  const [active, setActive] = useState(0);
  const list = useRef<HTMLDivElement>(null);
  const name = useId();

  const options = useMemo<Option[]>(() => {
    const put = (kind: NodeKind): void => {
      const id = freshId(editor.doc.definition.nodes, kind);
      editor.edit((now) => insert(now, way, newNode(kind), id), null, { selected: [id], side: 'node', focus: null });
      editor.show(id);
    };
    const made: Option[] = [];
    if (clip) {
      made.push({
        id: 'paste', group: t('palette.copied'), title: t('palette.paste'), text: t('palette.pasteText', { count: clip.order.length }), Icon: IconClipboard, tone: 'accent',
        run: () => {
          let ids: string[] = [];
          editor.edit((now) => {
            const pasted = paste(now, clip, way);
            ids = pasted.ids;
            return pasted.definition;
          });
          if (ids[0]) {
            editor.select(ids);
            editor.show(ids[0]);
          }
        },
      });
    }
    for (const group of groups) {
      for (const kind of NODE_KINDS.filter((one) => kinds[one].group === group)) {
        made.push({ id: kind, group: t(`group.${group}`), title: t(`kind.${kind}`), text: t(`about.${kind}`), Icon: kinds[kind].Icon, tone: kinds[kind].tone, run: () => put(kind) });
      }
    }
    const leadsTo = wayAt(definition, way)?.to;
    for (const id of Object.keys(definition.nodes)) {
      if (id === way.from || id === leadsTo) continue;
      made.push({
        id: `to.${id}`, group: t('palette.existing'), title: words.name(definition, id), text: t('palette.existingText'), Icon: IconArrowRight, tone: 'calm',
        run: () => editor.edit((now) => connect(now, way, id)),
      });
    }
    return made;
  }, [clip, definition, editor, t, way, words]);

  const wanted = plain(search.trim());
  const found = options.filter((one) => (wanted === '' ? !one.id.startsWith('to.') || options.length < 60 : plain(`${one.title} ${one.text} ${one.id}`).includes(wanted)));
  const current = Math.min(active, Math.max(0, found.length - 1));
  const choose = (option: Option | undefined): void => {
    if (!option) return;
    close();
    option.run();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    event.stopPropagation();
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      const next = (current + (event.key === 'ArrowDown' ? 1 : found.length - 1)) % Math.max(1, found.length);
      setActive(next);
      list.current?.querySelector(`[data-index="${next}"]`)?.scrollIntoView({ block: 'nearest' });
    } else if (event.key === 'Enter') {
      event.preventDefault();
      choose(found[current]);
    }
  };
  return (
    <div className={classes.palette}>
      <TextInput
        data-autofocus aria-label={t('palette.search')} placeholder={t('palette.search')} leftSection={<IconSearch size={16} aria-hidden />} value={search} p={8} pb={4}
        role="combobox" aria-expanded aria-controls={name} aria-activedescendant={found[current] ? `${name}-${found[current].id}` : undefined} aria-autocomplete="list"
        onChange={(event) => {
          setSearch(event.currentTarget.value);
          setActive(0);
        }}
        onKeyDown={onKeyDown}
      />
      <div className={classes.options} id={name} role="listbox" aria-label={t('palette.title')} ref={list} tabIndex={-1}>
        {found.length === 0 && <div className={classes.group}>{t('palette.nothing')}</div>}
        {found.map((option, i) => (
          <div key={option.id} role="presentation">
            {option.group !== found[i - 1]?.group && <div className={classes.group} role="presentation">{option.group}</div>}
            <div
              role="option" id={`${name}-${option.id}`} data-index={i} data-kind={option.id} aria-selected={i === current} data-active={i === current} className={classes.option}
              onMouseMove={() => setActive(i)} onClick={() => choose(option)}
            >
              <span className={classes.icon} style={{ color: `var(--ql-${option.tone})`, background: `var(--ql-${option.tone}-tint)` }}><option.Icon size={18} stroke={1.7} aria-hidden /></span>
              <span style={{ minWidth: 0 }}>{option.title}<small>{option.text}</small></span>
            </div>
          </div>
        ))}
      </div>
    </div>
  );
}

export function Palette() {
  const { t } = useTranslation('journeys');
  const editor = useEditorStore();
  const open = useEditor((state) => state.palette);
  const before = useRef<Element | null>(null);
  useEffect(() => {
    if (open) before.current = document.activeElement;
  }, [open]);
  const close = (): void => {
    editor.set({ palette: null });
    if (before.current instanceof HTMLElement && before.current.isConnected) before.current.focus({ preventScroll: true });
  };
  if (!open) return null;
  return (
    <Popover withRoles={false} opened onDismiss={close} onClose={close} position="bottom" trapFocus withArrow shadow="lg" radius="lg" width={356} middlewares={{ flip: true, shift: true }} closeOnEscape>
      <Popover.Target>
        <div style={{ position: 'fixed', left: open.x, top: open.y, width: open.width, height: open.height, pointerEvents: 'none' }} />
      </Popover.Target>
      <Popover.Dropdown p={0} role="dialog" aria-label={t('palette.title')}>
        <Options way={open.way} close={close} />
      </Popover.Dropdown>
    </Popover>
  );
}
