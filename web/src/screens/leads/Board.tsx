/** Leads by how they stand with sales: columns side by side; on a phone one of them. A card is dragged, or moved by its menu. */
import { Anchor, Group, Paper, ScrollArea, Select, Skeleton, Stack, Text } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { DndContext, type DragEndEvent, MouseSensor, useDraggable, useDroppable, useSensor, useSensors } from '@dnd-kit/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call } from '../../api';
import { useMay } from '../../app/session';
import { ErrorNote } from '../../parts/ErrorNote';
import { Num, useFormats } from '../../parts/format';
import { AssigneeOf, Grade, Reasons, StatusOf, useStatusChange } from './parts';
import { isStatus, STATUSES, type Lead } from './model';

/** With nobody of sales yet, and then how sales say it stands. */
const COLUMNS = ['none', ...STATUSES] as const;
type Column = (typeof COLUMNS)[number];
const SHOWN = 30;

export interface BoardFilter {
  grade?: string;
  assignee?: string;
  search?: string;
}

function Card({ lead, mayMove }: { lead: Lead; mayMove: boolean }) {
  const { t } = useTranslation('leads');
  const { setNodeRef, listeners, transform, isDragging } = useDraggable({ id: lead.profile_id, data: { lead }, disabled: !mayMove });
  return (
    <Paper
      ref={setNodeRef} withBorder p="sm" radius="md" component="article" {...listeners}
      style={{ transform: transform ? `translate(${transform.x}px, ${transform.y}px)` : undefined, zIndex: isDragging ? 5 : undefined, position: 'relative', cursor: mayMove ? 'grab' : undefined, opacity: isDragging ? 0.85 : undefined }}
    >
      <Stack gap={6}>
        <Group justify="space-between" wrap="nowrap" gap="xs">
          <Anchor component={Link} to={`/customers/${lead.profile_id}`} search={{ tab: 'lead' } as never} size="sm" fw={600} draggable={false} truncate>{lead.name ?? lead.email ?? lead.phone ?? t('nameless')}</Anchor>
          <Group gap={6} wrap="nowrap"><Text span size="sm" fw={600}><Num value={lead.score} /></Text><Grade name={lead.grade} /></Group>
        </Group>
        <Reasons lead={lead} />
        <Group gap="xs"><StatusOf lead={lead} /><AssigneeOf lead={lead} /></Group>
      </Stack>
    </Paper>
  );
}

function Lane({ column, filter, mayMove, isAlone }: { column: Column; filter: BoardFilter; mayMove: boolean; isAlone: boolean }) {
  const { t } = useTranslation('leads');
  const formats = useFormats();
  const query = { status: column, limit: SHOWN, ...filter };
  const found = useQuery({ queryKey: ['people', 'leads', 'board', query], queryFn: () => call(api.GET('/api/v1/leads', { params: { query } })) });
  // Back to "with nobody" leads no way: it happened.
  const { setNodeRef, isOver } = useDroppable({ id: column, disabled: column === 'none' });
  const name = column === 'none' ? t('noStatus') : t(`status.${column}`);
  const rest = (found.data?.total ?? 0) - (found.data?.items.length ?? 0);
  return (
    <Stack
      ref={setNodeRef} component="section" aria-label={name} gap="xs" p="xs" w={isAlone ? '100%' : 290} data-column={column}
      style={{ flex: '0 0 auto', borderRadius: 8, background: 'var(--mantine-color-default-hover)', outline: isOver ? '2px solid var(--mantine-primary-color-filled)' : undefined }}
    >
      <Group justify="space-between" px={4}>
        <Text size="sm" fw={600} component="h2">{name}</Text>
        <Text size="sm" className="ql-num">{found.data ? formats.number(found.data.total) : ''}</Text>
      </Group>
      {found.error ? <ErrorNote error={found.error} retry={() => void found.refetch()} /> : !found.data ? <Skeleton h={90} /> : (
        <>
          {found.data.items.map((lead) => <Card key={lead.profile_id} lead={lead} mayMove={mayMove && !isAlone} />)}
          {found.data.items.length === 0 && <Text size="sm" px={4}>{t('board.empty')}</Text>}
          {rest > 0 && <Anchor component={Link} to="/leads" search={{ status: column } as never} size="sm" px={4} underline="always">{t('board.more', { count: rest, shown: formats.number(rest) })}</Anchor>}
        </>
      )}
    </Stack>
  );
}

export function Board({ filter, status }: { filter: BoardFilter; status?: string }) {
  const { t } = useTranslation('leads');
  const mayMove = useMay('people.change');
  const isPhone = useMediaQuery('(max-width: 48em)', false, { getInitialValueInEffect: false });
  const [one, setOne] = useState<Column>('none');
  const change = useStatusChange();
  const sensors = useSensors(useSensor(MouseSensor, { activationConstraint: { distance: 6 } }));
  const nameOf = (column: Column) => (column === 'none' ? t('noStatus') : t(`status.${column}`));
  const drop = (event: DragEndEvent) => {
    const lead = event.active.data.current?.lead as Lead | undefined;
    const to = event.over?.id;
    if (lead && typeof to === 'string' && isStatus(to) && to !== lead.status) void change(lead, to);
  };
  if (isPhone) {
    return (
      <Stack gap="sm">
        <Select label={t('board.column')} allowDeselect={false} value={one} data={COLUMNS.map((column) => ({ value: column, label: nameOf(column) }))} onChange={(column) => column && setOne(column)} />
        <Lane column={one} filter={filter} mayMove={mayMove} isAlone />
      </Stack>
    );
  }
  const columns = COLUMNS.filter((column) => !status || column === status);
  return (
    <DndContext sensors={sensors} onDragEnd={drop}>
      <ScrollArea type="auto" offsetScrollbars viewportProps={{ tabIndex: 0, 'aria-label': t('board.title') }}>
        <Group align="stretch" gap="sm" wrap="nowrap" pb="xs">{columns.map((column) => <Lane key={column} column={column} filter={filter} mayMove={mayMove} isAlone={false} />)}</Group>
      </ScrollArea>
    </DndContext>
  );
}
