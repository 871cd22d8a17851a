/** Which columns the list shows, and in which order. */
import { closestCenter, DndContext, type DragEndEvent, KeyboardSensor, PointerSensor, useSensor, useSensors } from '@dnd-kit/core';
import { arrayMove, SortableContext, sortableKeyboardCoordinates, useSortable, verticalListSortingStrategy } from '@dnd-kit/sortable';
import { CSS } from '@dnd-kit/utilities';
import { ActionIcon, Button, CloseButton, Popover, ScrollArea, Select, Stack, Text, Tooltip } from '@mantine/core';
import { IconColumns3, IconGripVertical } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call } from '../../api';
import classes from './customers.module.css';
import { ATTRIBUTE, COLUMNS, DEFAULT_COLUMNS } from './model';

function Item({ id, label, remove }: { id: string; label: string; remove: (() => void) | null }) {
  const { t } = useTranslation('customers');
  const { attributes, listeners, setNodeRef, transform, transition, isDragging } = useSortable({ id });
  return (
    <div ref={setNodeRef} className={classes.columnItem} style={{ transform: CSS.Transform.toString(transform), transition, opacity: isDragging ? 0.6 : 1 }}>
      <button type="button" className={classes.drag} {...attributes} {...listeners} aria-label={t('moveColumn', { column: label })}><IconGripVertical size={16} aria-hidden /></button>
      <Text size="sm" style={{ flex: 1 }} truncate>{label}</Text>
      {remove && <CloseButton size="sm" onClick={remove} aria-label={t('removeColumn', { column: label })} />}
    </div>
  );
}

export function Columns({ columns, set }: { columns: string[]; set: (columns: string[]) => void }) {
  const { t } = useTranslation('customers');
  const [opened, setOpened] = useState(false);
  const attributes = useQuery({
    queryKey: ['people', 'attribute-names'], enabled: opened, staleTime: 5 * 60_000,
    queryFn: async () => (await call(api.GET('/api/v1/catalog/attributes'))).items,
  });
  const sensors = useSensors(useSensor(PointerSensor, { activationConstraint: { distance: 4 } }), useSensor(KeyboardSensor, { coordinateGetter: sortableKeyboardCoordinates }));
  const label = (id: string) => (id.startsWith(ATTRIBUTE) ? id.slice(ATTRIBUTE.length) : t(`column.${id}`));
  const moved = ({ active, over }: DragEndEvent) => {
    if (over && active.id !== over.id) set(arrayMove(columns, columns.indexOf(String(active.id)), columns.indexOf(String(over.id))));
  };
  const rest = [
    { group: t('columnGroup.own'), items: COLUMNS.filter((one) => !columns.includes(one.id)).map((one) => ({ value: one.id, label: label(one.id) })) },
    { group: t('columnGroup.attributes'), items: (attributes.data ?? []).map((one) => ATTRIBUTE + one.name).filter((id) => !columns.includes(id)).map((value) => ({ value, label: label(value) })) },
  ].filter((one) => one.items.length > 0);
  return (
    <Popover opened={opened} onChange={setOpened} position="bottom-end" width={300} withinPortal trapFocus returnFocus shadow="md" radius="md">
      <Popover.Target>
        <Tooltip label={t('columns')}>
          <ActionIcon variant="default" size={36} onClick={() => setOpened(!opened)} aria-label={t('columns')} aria-expanded={opened}><IconColumns3 size={18} aria-hidden /></ActionIcon>
        </Tooltip>
      </Popover.Target>
      <Popover.Dropdown aria-label={t('columns')}>
        <Stack gap="xs">
          <Select
            searchable data={rest} value={null} placeholder={t('addColumn')} aria-label={t('addColumn')} comboboxProps={{ withinPortal: false }} maxDropdownHeight={240}
            onChange={(id) => id && set([...columns, id])} nothingFoundMessage={t('nothingToChoose')}
          />
          <ScrollArea.Autosize mah={340} viewportProps={{ tabIndex: 0 }}>
            <DndContext sensors={sensors} collisionDetection={closestCenter} onDragEnd={moved}>
              <SortableContext items={columns} strategy={verticalListSortingStrategy}>
                {columns.map((id) => <Item key={id} id={id} label={label(id)} remove={columns.length > 1 ? () => set(columns.filter((one) => one !== id)) : null} />)}
              </SortableContext>
            </DndContext>
          </ScrollArea.Autosize>
          <Button variant="subtle" size="xs" onClick={() => set(DEFAULT_COLUMNS)}>{t('usualColumns')}</Button>
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}
