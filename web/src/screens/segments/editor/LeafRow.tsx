import { useDraggable } from '@dnd-kit/core';
import { ActionIcon, Button, Menu, Text } from '@mantine/core';
import {
  IconArrowDown, IconArrowUp, IconBan, IconCopy, IconDots, IconGripVertical, IconPlus, IconSquareRoundedMinus, IconTrash, IconBracketsContain, IconX,
} from '@tabler/icons-react';
import { Fragment, type KeyboardEvent } from 'react';
import { useTranslation } from 'react-i18next';
import {
  blankFilter, edit, filterPieces, filtersOf, followedPieces, leafPieces, plain, sayLeaf,
  type Fault, type Filter, type Leaf, type LeafNode, type Piece,
} from '../grammar';
import { type FilterOf, FilterControl, LeafControl } from './controls';
import css from './editor.module.css';
import { Slot } from './Slot';
import { type Desk } from './desk';

/** The event that properties are asked of. */
function eventOf(leaf: Leaf): string {
  if (leaf.type === 'did' || leaf.type === 'pick' || leaf.type === 'seen') return leaf.event;
  if (leaf.type === 'event' || leaf.type === 'awaited') return leaf.name ?? '';
  return '';
}

function Filters({ node, filters, of, event, desk, onChange }: {
  node: LeafNode; filters: Filter[]; of: FilterOf; event: string; desk: Desk; onChange: (filters: Filter[], key: string) => void;
}) {
  const { t } = useTranslation('conditions');
  if (filters.length === 0) return null;
  return (
    <div className={css.filters}>
      {filters.map((filter, at) => {
        const pieces = filterPieces(filter, of, desk.words);
        const first = pieces.findIndex((piece) => piece.kind === 'slot' && piece.missing);
        const wrong = desk.faults.some((fault) => fault.filter === filter.id && desk.isStrict);
        const set = (next: Filter): void => onChange(filters.map((one) => (one.id === filter.id ? next : one)), filter.id);
        return (
          <div key={filter.id} className={css.filter}>
            <div className={css.sentence}>
              <Text span size="sm" c="dimmed">{at === 0 ? t(`filter_lead.${of}`) : t('filter_lead.and')} </Text>
              {pieces.map((piece, index) => (
                <Fragment key={index}>
                  {piece.kind === 'text' ? piece.text : (
                    <Slot
                      text={piece.text} label={t(`slot.${piece.slot}`)} isMissing={piece.missing} isWrong={wrong && piece.missing} isReadOnly={desk.isReadOnly}
                      opensFirst={desk.fresh === filter.id && index === first}
                    >
                      {(close) => <FilterControl filter={filter} slot={piece.slot} of={of} event={event} onChange={set} close={close} words={desk.words} context={desk.context} self={desk.self} />}
                    </Slot>
                  )}
                </Fragment>
              ))}
            </div>
            {!desk.isReadOnly && (
              <ActionIcon size="md" aria-label={t('ui.remove_filter', { filter: plain(pieces) })} onClick={() => onChange(filters.filter((one) => one.id !== filter.id), node.id)}>
                <IconX size={14} aria-hidden />
              </ActionIcon>
            )}
          </div>
        );
      })}
    </div>
  );
}

const SPOKEN: Fault['lack'][] = ['order', 'range', 'window', 'span', 'within', 'filters', 'depth', 'scope', 'predicates', 'where'];

export function LeafRow({ node, desk }: { node: LeafNode; desk: Desk }) {
  const { t } = useTranslation('conditions');
  const { leaf } = node;
  const { words } = desk;
  const { setNodeRef, listeners, attributes, isDragging } = useDraggable({ id: node.id, disabled: desk.isReadOnly });
  const pieces = leafPieces(node, words);
  const firstMissing = pieces.findIndex((piece) => piece.kind === 'slot' && piece.missing);
  const mine = desk.faults.filter((fault) => fault.node === node.id);
  const spoken = [...new Set(mine.filter((fault) => SPOKEN.includes(fault.lack) || desk.isStrict).map((fault) => fault.lack))];
  const told = desk.problems.filter((problem) => problem.node === node.id);
  const said = sayLeaf(node, words);
  const change = (next: Leaf, key = node.id): void => desk.change((tree) => edit.changeLeaf(tree, node.id, () => next), key);
  const event = eventOf(leaf);
  const negate = (): void => desk.change((tree) => edit.replace(tree, node.id, (one) => (one.kind === 'leaf' ? { ...one, negated: !one.negated } : one)));

  const render = (piece: Piece, index: number) => {
    if (piece.kind === 'text') return <Fragment key={index}>{piece.text}</Fragment>;
    if (piece.slot === 'is') {
      if (desk.isReadOnly) return <span key={index} className={css.value}>{piece.text}</span>;
      return (
        <button key={index} type="button" className={css.slot} data-slot={t('slot.is')} title={t('ui.negate')} aria-pressed={node.negated} onClick={negate}>{piece.text}</button>
      );
    }
    return (
      <Slot
        key={index} text={piece.text} label={t(`slot.${piece.slot}`)} isMissing={piece.missing} isWrong={desk.isStrict && piece.missing} isReadOnly={desk.isReadOnly}
        opensFirst={desk.fresh === node.id && index === firstMissing}
      >
        {(close) => <LeafControl leaf={leaf} slot={piece.slot} onChange={change} close={close} words={words} context={desk.context} self={desk.self} />}
      </Slot>
    );
  };

  const onKeyDown = (key: KeyboardEvent): void => {
    if (!key.altKey || (key.key !== 'ArrowUp' && key.key !== 'ArrowDown')) return;
    key.preventDefault();
    key.stopPropagation();
    desk.step(node.id, key.key === 'ArrowUp' ? -1 : 1);
  };
  const withFilter = (key: 'where' | 'lines'): void => {
    const made = blankFilter();
    desk.setFresh(made.id);
    change({ ...leaf, [key]: [...((leaf as { where?: Filter[]; lines?: Filter[] })[key] ?? []), made] } as Leaf);
  };
  const setFollowed = (): void => {
    if (leaf.type !== 'did') return;
    desk.setFresh(null);
    change({ ...leaf, notFollowedBy: { event: '', where: [], within: '24h' } });
  };
  const groups = filtersOf(leaf);
  const canFilter = groups.length > 0 && !desk.isReadOnly;
  const tool = (label: string, onClick: () => void) => (
    <Button key={label} size="compact-xs" variant="subtle" color="gray" leftSection={<IconPlus size={12} aria-hidden />} onClick={onClick}>{label}</Button>
  );
  return (
    <div ref={setNodeRef} className={`${css.row}${isDragging ? ` ${css.dragged}` : ''}`} data-node={node.id} data-wrong={told.length > 0 || (desk.isStrict && mine.length > 0) || undefined} onKeyDown={onKeyDown} role="group" aria-label={said}>
      {!desk.isReadOnly && (
        <button type="button" className={css.grip} {...attributes} {...listeners} aria-label={t('ui.drag', { part: said })} data-grip={node.id}>
          <IconGripVertical size={16} aria-hidden />
        </button>
      )}
      <div className={css.rowBody}>
        <div className={css.sentence}>{pieces.map(render)}</div>
        {groups.map(({ of, key, filters }) => (
          <Filters key={key} node={node} filters={filters} of={of} event={event} desk={desk} onChange={(next, mark) => change({ ...leaf, [key]: next } as Leaf, mark)} />
        ))}
        {leaf.type === 'did' && leaf.notFollowedBy && (
          <>
            <div className={css.filter}>
              <div className={css.sentence}>{followedPieces(leaf, words).map(render)}</div>
              {!desk.isReadOnly && (
                <ActionIcon size="md" aria-label={t('ui.remove_followed')} onClick={() => { const { notFollowedBy: _, ...rest } = leaf; change(rest); }}>
                  <IconX size={14} aria-hidden />
                </ActionIcon>
              )}
            </div>
            <Filters
              node={node} filters={leaf.notFollowedBy.where} of="event" event={leaf.notFollowedBy.event} desk={desk}
              onChange={(where, mark) => leaf.notFollowedBy && change({ ...leaf, notFollowedBy: { ...leaf.notFollowedBy, where } }, mark)}
            />
          </>
        )}
        {canFilter && (
          <div className={css.tools}>
            {groups.map(({ of, key }) => tool(t(`ui.add_filter_${of}`), () => withFilter(key)))}
            {leaf.type === 'did' && !leaf.notFollowedBy && tool(t('ui.add_followed'), setFollowed)}
            {leaf.type === 'did' && leaf.notFollowedBy && tool(t('ui.add_filter_followed'), () => {
              const made = blankFilter();
              desk.setFresh(made.id);
              if (leaf.notFollowedBy) change({ ...leaf, notFollowedBy: { ...leaf.notFollowedBy, where: [...leaf.notFollowedBy.where, made] } });
            })}
          </div>
        )}
        {spoken.map((lack) => <Text key={lack} size="xs" c="var(--ql-bad)" role="alert">{t(`fault.${lack}`)}</Text>)}
        {told.map((problem) => <Text key={problem.message} size="xs" c="var(--ql-bad)" role="alert">{problem.message}</Text>)}
      </div>
      {!desk.isReadOnly && <PartMenu id={node.id} said={said} desk={desk} onNegate={negate} isNegated={node.negated} />}
    </div>
  );
}

export function PartMenu({ id, said, desk, onNegate, isNegated, isGroup }: { id: string; said: string; desk: Desk; onNegate?: () => void; isNegated?: boolean; isGroup?: boolean }) {
  const { t } = useTranslation('conditions');
  return (
    <Menu position="bottom-end" width={250}>
      <Menu.Target>
        <ActionIcon size={32} aria-label={t('ui.menu', { part: said })}><IconDots size={16} aria-hidden /></ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {onNegate && <Menu.Item leftSection={<IconBan size={15} aria-hidden />} onClick={onNegate}>{t(isNegated ? 'ui.make_positive' : 'ui.make_negative')}</Menu.Item>}
        <Menu.Item leftSection={<IconCopy size={15} aria-hidden />} onClick={() => desk.change((tree) => edit.duplicate(tree, id))}>{t('ui.duplicate')}</Menu.Item>
        <Menu.Item leftSection={<IconBracketsContain size={15} aria-hidden />} onClick={() => desk.change((tree) => edit.wrap(tree, id, 'any'))}>{t('ui.wrap')}</Menu.Item>
        {isGroup && <Menu.Item leftSection={<IconSquareRoundedMinus size={15} aria-hidden />} onClick={() => desk.change((tree) => edit.unwrap(tree, id))}>{t('ui.unwrap')}</Menu.Item>}
        <Menu.Item leftSection={<IconArrowUp size={15} aria-hidden />} onClick={() => desk.step(id, -1)} rightSection={<Text size="xs" c="dimmed">Alt ↑</Text>}>{t('ui.up')}</Menu.Item>
        <Menu.Item leftSection={<IconArrowDown size={15} aria-hidden />} onClick={() => desk.step(id, 1)} rightSection={<Text size="xs" c="dimmed">Alt ↓</Text>}>{t('ui.down')}</Menu.Item>
        <Menu.Divider />
        <Menu.Item leftSection={<IconTrash size={15} aria-hidden />} color="red" onClick={() => desk.change((tree) => edit.remove(tree, id))}>{t('ui.remove')}</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
