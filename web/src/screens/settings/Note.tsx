import { Alert, type AlertProps } from '@mantine/core';
import type { CSSProperties } from 'react';
import type { Tone } from '../../theme/theme';

/** A remark in the tone of what it says. */
export function Note({ tone, children, ...more }: { tone: Tone } & AlertProps) {
  const style = { '--alert-bg': `var(--ql-${tone}-tint)`, '--alert-color': `var(--ql-${tone})`, '--alert-bd': '1px solid transparent' } as CSSProperties;
  return <Alert style={style} styles={{ message: { color: 'var(--mantine-color-text)' } }} {...more}>{children}</Alert>;
}
