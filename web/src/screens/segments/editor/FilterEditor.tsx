/** Property filters of an event alone: `[{ "property": ..., "op": ..., "value": ... }]`. */
import { ActionIcon, Button, Text } from '@mantine/core';
import { IconPlus, IconX } from '@tabler/icons-react';
import { Fragment, useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { GrammarError, LIMITS, blankFilter, faults, filterPieces, leafNode, groupNode, parseFilters, plain, writeFilters, type ConditionContext, type Filter } from '../grammar';
import { FilterControl } from './controls';
import css from './editor.module.css';
import { Slot } from './Slot';
import { useWords } from './words';

export interface FilterEditorProps {
  /** The JSON of a `where`. */
  value: unknown;
  onChange: (value: Record<string, unknown>[], state: { isWhole: boolean }) => void;
  /** The event that properties are suggested of. */
  event: string;
  context: ConditionContext;
  isReadOnly?: boolean;
}

function read(value: unknown): Filter[] {
  try {
    return parseFilters(value ?? undefined, '');
  } catch (error) {
    if (error instanceof GrammarError) return [];
    throw error;
  }
}

const isWhole = (filters: Filter[], context: ConditionContext): boolean =>
  faults({ root: groupNode('all', [leafNode({ type: 'did', event: '-', where: filters, check: { measure: { kind: 'count' }, op: 'gte', value: 1 } })]), bare: true }, context).length === 0;

export default function FilterEditor({ value, onChange, event, context, isReadOnly = false }: FilterEditorProps) {
  const { t } = useTranslation('conditions');
  const words = useWords(value);
  const [filters, setFilters] = useState(() => read(value));
  const [fresh, setFresh] = useState<string | null>(null);
  const known = useRef(JSON.stringify(value ?? []));
  useEffect(() => {
    const text = JSON.stringify(value ?? []);
    if (text === known.current) return;
    known.current = text;
    setFilters(read(value));
  }, [value]);
  const set = (next: Filter[]): void => {
    const json = writeFilters(next);
    known.current = JSON.stringify(json);
    setFilters(next);
    onChange(json, { isWhole: isWhole(next, context) });
  };
  return (
    <div>
      {filters.length > 0 && (
        <div className={css.filters}>
          {filters.map((filter, at) => {
            const pieces = filterPieces(filter, 'event', words);
            const first = pieces.findIndex((piece) => piece.kind === 'slot' && piece.missing);
            return (
              <div key={filter.id} className={css.filter}>
                <div className={css.sentence}>
                  <Text span size="sm" c="dimmed">{at === 0 ? t('filter_lead.event') : t('filter_lead.and')} </Text>
                  {pieces.map((piece, index) => (
                    <Fragment key={index}>
                      {piece.kind === 'text' ? piece.text : (
                        <Slot text={piece.text} label={t(`slot.${piece.slot}`)} isMissing={piece.missing} isReadOnly={isReadOnly} opensFirst={fresh === filter.id && index === first}>
                          {(close) => (
                            <FilterControl
                              filter={filter} slot={piece.slot} of="event" event={event} words={words} context={context} close={close}
                              onChange={(next) => set(filters.map((one) => (one.id === next.id ? next : one)))}
                            />
                          )}
                        </Slot>
                      )}
                    </Fragment>
                  ))}
                </div>
                {!isReadOnly && (
                  <ActionIcon size="md" aria-label={t('ui.remove_filter', { filter: plain(pieces) })} onClick={() => set(filters.filter((one) => one.id !== filter.id))}><IconX size={14} aria-hidden /></ActionIcon>
                )}
              </div>
            );
          })}
        </div>
      )}
      {!isReadOnly && filters.length < LIMITS.filters && (
        <Button
          size="compact-xs" variant="subtle" color="gray" leftSection={<IconPlus size={12} aria-hidden />}
          onClick={() => {
            const made = blankFilter();
            setFresh(made.id);
            set([...filters, made]);
          }}
        >
          {t('ui.add_filter_event')}
        </Button>
      )}
    </div>
  );
}
