/**
 * Conditions on customers, as sentences whose words can be changed (docs/segments.md): for segments, audiences,
 * branches, entry and exit rules. Loaded when one is shown.
 *
 *     <ConditionEditor value={when} onChange={(when, { isWhole }) => ...} context="journey" />
 *
 * `ConditionText` reads the same aloud. `FilterEditor` is the list of property filters of an event alone (`where`).
 */
import { Skeleton, Stack } from '@mantine/core';
import { lazy, Suspense } from 'react';
import type { ConditionEditorProps } from '../screens/segments/editor/Editor';
import type { ConditionTextProps } from '../screens/segments/editor/ConditionText';
import type { FilterEditorProps } from '../screens/segments/editor/FilterEditor';

export type { Condition, ConditionEditorProps } from '../screens/segments/editor/Editor';
export type { ConditionTextProps } from '../screens/segments/editor/ConditionText';
export type { FilterEditorProps } from '../screens/segments/editor/FilterEditor';

const Editor = lazy(() => import('../screens/segments/editor/Editor'));
const Text = lazy(() => import('../screens/segments/editor/ConditionText'));
const Filters = lazy(() => import('../screens/segments/editor/FilterEditor'));

function Waiting({ lines }: { lines: number }) {
  return (
    <Stack gap="xs" aria-busy="true">
      {Array.from({ length: lines }, (_, at) => <Skeleton key={at} h={lines > 1 ? 40 : 18} radius="md" />)}
    </Stack>
  );
}

export function ConditionEditor(props: ConditionEditorProps) {
  return <Suspense fallback={<Waiting lines={3} />}><Editor {...props} /></Suspense>;
}

/** A condition to read: indented, or in one line. */
export function ConditionText(props: ConditionTextProps) {
  return <Suspense fallback={<Waiting lines={1} />}><Text {...props} /></Suspense>;
}

export function FilterEditor(props: FilterEditorProps) {
  return <Suspense fallback={<Waiting lines={1} />}><Filters {...props} /></Suspense>;
}
