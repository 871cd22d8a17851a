/** What two versions differ in, in words. */
import { Stack, Text } from '@mantine/core';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { StatusBadge } from '../../parts/StatusBadge';
import { useWords } from './editor/describe';
import { type Definition, diff, type FieldChange } from './model';
import classes from './diff.module.css';

const TONES = { added: 'good', removed: 'bad', changed: 'wait', same: 'calm' } as const;

function Change({ change }: { change: FieldChange }) {
  const { t } = useTranslation('journeys');
  const words = useWords();
  const told = (value: unknown): string => {
    if (value === undefined || value === '') return t('diff.empty');
    return /(^|\.)when$/.test(change.path) ? words.condition(value) : words.value(value);
  };
  return (
    <div className={classes.change}>
      <code>{change.path}</code>
      <span><del>{told(change.before)}</del> <span aria-hidden>→</span> <ins>{told(change.after)}</ins></span>
    </div>
  );
}

export function DiffList({ before, after }: { before: Definition; after: Definition }) {
  const { t } = useTranslation('journeys');
  const words = useWords();
  const found = useMemo(() => diff(before, after), [before, after]);
  const nodes = [...found.nodes].filter(([, one]) => one.state !== 'same');
  if (found.count === 0) return <Text size="sm" c="dimmed">{t('diff.none')}</Text>;
  const isOnlyWays = nodes.length === 0 && found.settings.length === 0;
  return (
    <Stack gap="sm" data-diff-list>
      {nodes.map(([id, one]) => (
        <div key={id} className={classes.item}>
          <StatusBadge tone={TONES[one.state]}>{t(`diff.${one.state}`)}</StatusBadge>
          <div style={{ minWidth: 0, flex: 1 }}>
            <Text size="sm" fw={600}>{words.name(one.state === 'removed' ? before : after, id)}</Text>
            {one.changes.map((change) => <Change key={change.path} change={change} />)}
          </div>
        </div>
      ))}
      {found.settings.map((change) => (
        <div key={change.path} className={classes.item}>
          <StatusBadge tone="wait">{t('diff.settings')}</StatusBadge>
          <div style={{ minWidth: 0, flex: 1 }}><Change change={change} /></div>
        </div>
      ))}
      {isOnlyWays && <Text size="sm">{t('diff.ways', { count: found.linesAdded.size + found.linesRemoved.size })}</Text>}
    </Stack>
  );
}
