import { Alert, type AlertProps } from '@mantine/core';
import { IconAlertTriangle, IconCircleCheck, IconInfoCircle } from '@tabler/icons-react';
import type { CSSProperties } from 'react';
import type { Tone } from '../theme/theme';

const ICONS: Record<Tone, typeof IconInfoCircle> = {
  good: IconCircleCheck, wait: IconAlertTriangle, bad: IconAlertTriangle, odd: IconInfoCircle, calm: IconInfoCircle, accent: IconInfoCircle,
};

/** Something to know about what is below: in a tone, never by the colour alone. What went wrong is an `ErrorNote`. */
export function Note({ tone, children, ...more }: { tone: Tone } & AlertProps) {
  const Icon = ICONS[tone];
  const style = { '--alert-bg': `var(--ql-${tone}-tint)`, '--alert-color': `var(--ql-${tone})`, '--alert-bd': '1px solid transparent' } as CSSProperties;
  return <Alert variant="light" icon={<Icon aria-hidden />} style={style} {...more}>{children}</Alert>;
}
