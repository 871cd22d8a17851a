import { useDraggable, useDroppable } from '@dnd-kit/core';
import { Button, Group, Popover, Text } from '@mantine/core';
import {
  IconBracketsContain, IconCake, IconChevronDown, IconClick, IconCoin, IconFlag, IconGift, IconGripVertical, IconHeartHandshake, IconHistory, IconListDetails,
  IconMail, IconMailCheck, IconPercentage, IconPlayerPlay, IconPlus, IconRoute, IconShoppingBag, IconShoppingCartX, IconTag, IconUser, IconUsersGroup, IconStairs,
} from '@tabler/icons-react';
import { type CSSProperties, Fragment, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { CHOICES, JOINS, LIMITS, choicesFor, edit, firstOf, groupNode, leafNode, sayNode, type GroupNode, type Join, type Node } from '../grammar';
import type { Desk } from './desk';
import css from './editor.module.css';
import { LeafRow, PartMenu } from './LeafRow';
import { OptionPicker } from './OptionPicker';
import { Slot } from './Slot';

const ICONS: Record<string, typeof IconUser> = {
  did: IconClick, did_not_then: IconShoppingCartX, first: IconHistory, last: IconHistory, orders: IconShoppingBag, spent: IconCoin, product: IconGift, first_order: IconFlag, last_order: IconHistory,
  attribute: IconUser, lifecycle: IconStairs, birthday: IconCake, tag: IconTag, list: IconListDetails, segment: IconUsersGroup, consent: IconHeartHandshake, bucket: IconPercentage,
  message: IconMail, journey: IconRoute, event: IconPlayerPlay, awaited: IconMailCheck, seen: IconClick,
};

export function ChoiceIcon({ choice }: { choice: string }) {
  const Icon = ICONS[choice] ?? IconUser;
  return <Icon size={17} stroke={1.7} color="var(--ql-accent-text)" aria-hidden style={{ flex: 'none' }} />;
}

export function AddPart({ group, desk, isMain }: { group: string; desk: Desk; isMain?: boolean }) {
  const { t } = useTranslation('conditions');
  const [isOpen, setOpen] = useState(false);
  const options = choicesFor(desk.context).map((choice) => ({
    value: choice.key, label: t(`choice.${choice.key}.name`), text: t(`choice.${choice.key}.text`), group: t(`choice_group.${choice.group}`), icon: <ChoiceIcon choice={choice.key} />,
  }));
  const pick = (key: string): void => {
    const choice = CHOICES.find((one) => one.key === key);
    if (!choice) return;
    const made = leafNode(choice.make());
    setOpen(false);
    // The list has to be gone before the first gap of the new part opens.
    desk.setFresh(firstOf(made));
    desk.change((tree) => edit.insert(tree, group, Number.MAX_SAFE_INTEGER, made));
  };
  return (
    <Popover opened={isOpen} onChange={setOpen} trapFocus returnFocus={false} width={360} position="bottom-start" shadow="md" radius="md" middlewares={{ shift: { padding: 8 }, flip: true }}>
      <Popover.Target>
        <Button size="compact-sm" variant={isMain ? 'light' : 'subtle'} leftSection={<IconPlus size={15} aria-hidden />} aria-haspopup="dialog" onClick={() => setOpen((was) => !was)}>{t('ui.add')}</Button>
      </Popover.Target>
      <Popover.Dropdown p="sm" maw="calc(100vw - 16px)" aria-label={t('ui.add')} onKeyDown={(event) => event.key === 'Escape' && event.stopPropagation()}>
        {isOpen && <OptionPicker label={t('ui.add')} options={options} onPick={pick} />}
      </Popover.Dropdown>
    </Popover>
  );
}

/** The place between two parts: what joins them is written there, and what is dragged can be put there. */
function Gap({ group, at, join, desk }: { group: string; at: number; join: string | null; desk: Desk }) {
  const may = desk.dragged !== null && desk.mayDrop(group);
  const { setNodeRef, isOver } = useDroppable({ id: `gap:${group}:${at}`, disabled: !may, data: { group, at } });
  return (
    <div ref={setNodeRef} className={css.gap} data-edge={join === null || undefined} data-may={may || undefined} data-over={(may && isOver) || undefined} data-gap={`${group}:${at}`}>
      {join !== null && <span className={css.join}>{join}</span>}
    </div>
  );
}

const RAILS: Record<Join, string> = { all: 'var(--ql-accent)', any: 'var(--ql-odd)', none: 'var(--ql-bad)' };

export function GroupBox({ node, desk, isRoot, depth }: { node: GroupNode; desk: Desk; isRoot?: boolean; depth: number }) {
  const { t } = useTranslation('conditions');
  const { setNodeRef, listeners, attributes, isDragging } = useDraggable({ id: node.id, disabled: desk.isReadOnly || isRoot === true });
  const joins = JOINS.map((join) => ({ value: join, label: t(`join.${join}`), text: t(`join_text.${join}`) }));
  const set = (join: string): void => desk.change((tree) => edit.replace(tree, node.id, (one) => (one.kind === 'group' ? { ...one, join: join as Join } : one)));
  const said = isRoot ? t('ui.whole') : sayNode(node, desk.words) || t('ui.empty_group');
  const between = t(node.join === 'all' ? 'join_word.all' : 'join_word.any');
  const addGroup = (): void => desk.change((tree) => edit.insert(tree, node.id, Number.MAX_SAFE_INTEGER, groupNode(node.join === 'all' ? 'any' : 'all')));
  const isWrong = desk.faults.some((fault) => fault.node === node.id && fault.lack === 'parts') && desk.isStrict;
  const style = { '--rail': RAILS[node.join] } as CSSProperties;
  const render = (part: Node) => (part.kind === 'leaf' ? <LeafRow node={part} desk={desk} /> : <GroupBox node={part} desk={desk} depth={depth + 1} />);
  return (
    <div ref={setNodeRef} className={`${css.group}${isRoot ? '' : ` ${css.nested}`}${isDragging ? ` ${css.dragged}` : ''}`} style={style} role="group" aria-label={said} data-group={node.id} data-node={node.id}>
      <div className={css.head}>
        {!isRoot && !desk.isReadOnly && (
          <button type="button" className={css.grip} {...attributes} {...listeners} aria-label={t('ui.drag', { part: said })} data-grip={node.id}>
            <IconGripVertical size={16} aria-hidden />
          </button>
        )}
        <div className={css.headText}>
          <Text span size="sm" fw={500}>{t(isRoot ? 'ui.head_root' : 'ui.head')} </Text>
          <Slot text={t(`join.${node.join}`)} label={t('slot.join')} isReadOnly={desk.isReadOnly}>
            {(close) => <OptionPicker label={t('slot.join')} options={joins} value={node.join} hideSearch onPick={(join) => { set(join); close(); }} />}
          </Slot>
          {!desk.isReadOnly && <IconChevronDown size={13} aria-hidden style={{ verticalAlign: '-2px', marginLeft: 2 }} color="var(--ql-accent-text)" />}
        </div>
        {!isRoot && !desk.isReadOnly && <PartMenu id={node.id} said={said} desk={desk} isGroup />}
      </div>
      <div className={css.parts}>
        {node.parts.map((part, at) => (
          <Fragment key={part.id}>
            <Gap group={node.id} at={at} join={at === 0 ? null : between} desk={desk} />
            {render(part)}
          </Fragment>
        ))}
        <Gap group={node.id} at={node.parts.length} join={null} desk={desk} />
      </div>
      {isWrong && <Text size="xs" c="var(--ql-bad)" role="alert" mb={4}>{t('fault.parts')}</Text>}
      {!desk.isReadOnly && (
        <Group gap={4}>
          <AddPart group={node.id} desk={desk} isMain={isRoot ?? false} />
          {depth < LIMITS.depth - 1 && (
            <Button size="compact-sm" variant="subtle" color="gray" leftSection={<IconBracketsContain size={15} aria-hidden />} onClick={addGroup}>{t('ui.add_group')}</Button>
          )}
        </Group>
      )}
    </div>
  );
}
