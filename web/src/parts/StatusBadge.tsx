import { Badge, type BadgeProps } from '@mantine/core';
import type { CSSProperties, ReactNode } from 'react';
import type { Tone } from '../theme/theme';

/** A word about a state, in a tone that means the same everywhere. Never the colour alone: the word says it. */
export function StatusBadge({ tone, children, ...more }: { tone: Tone; children: ReactNode } & BadgeProps) {
  const style = { '--badge-color': `var(--ql-${tone})`, '--badge-bg': `var(--ql-${tone}-tint)` } as CSSProperties;
  return <Badge variant="light" style={style} {...more}>{children}</Badge>;
}
