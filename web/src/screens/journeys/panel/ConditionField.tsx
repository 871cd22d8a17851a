/** A condition of a step, an entry or an exit. */
import { Stack, Text } from '@mantine/core';
import { ConditionEditor } from '../../../parts/ConditionEditor';
import { useEditor } from '../editor/store';
import { useProblemBelow } from './fields';

interface Props {
  path: string;
  label: string;
  value: unknown;
  onChange: (value: unknown) => void;
  /** Where it stands: at the entry there is an event and no run yet. */
  context: 'event' | 'journey';
}

export function ConditionField({ path, label, value, onChange, context }: Props) {
  const problem = useProblemBelow(path);
  const isReadOnly = useEditor((state) => state.isReadOnly);
  return (
    <Stack gap={6} role="group" aria-label={label}>
      <Text size="sm" fw={500}>{label}</Text>
      <ConditionEditor value={value} context={context} isReadOnly={isReadOnly} onChange={(made) => onChange(made ?? { all: [] })} />
      {problem && <Text size="xs" c="var(--mantine-color-error)" role="alert">{problem}</Text>}
    </Stack>
  );
}
