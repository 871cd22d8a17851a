/** How the customers divide: a bar a class, each with the way to a segment of them. */
import { Anchor, Text, Tooltip } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { CSSProperties } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormats } from '../../parts/format';
import type { Tone } from '../../theme/theme';
import css from './Chart.module.css';
import { segmentOf } from './use';

export interface Part {
  key: string;
  name: string;
  help: string;
  count: number;
  tone?: Tone;
  /** What a segment of them says. */
  definition: Record<string, unknown>;
}

export function Shares({ parts, label }: { parts: Part[]; label: string }) {
  const { t } = useTranslation('predictions');
  const formats = useFormats();
  const all = parts.reduce((sum, part) => sum + part.count, 0);
  const most = Math.max(1, ...parts.map((part) => part.count));
  return (
    <ul className={css.share} aria-label={label}>
      {parts.map((part) => (
        <li key={part.key} data-part={part.key}>
          <Tooltip label={part.help} multiline maw={300} position="top-start">
            <Anchor component={Link} {...segmentOf(part.definition)} size="sm" fw={500} py={2} aria-label={t('shop.segmentOf', { name: part.name })}>{part.name}</Anchor>
          </Tooltip>
          <Text size="sm" className="ql-num"><strong>{formats.number(part.count)}</strong> <Text span c="dimmed" size="sm">{all > 0 ? formats.percent(part.count / all, 0) : ''}</Text></Text>
          <div className={css.bar} aria-hidden style={part.tone ? ({ '--bar': `var(--ql-${part.tone})` } as CSSProperties) : undefined}><i style={{ width: `${(100 * part.count) / most}%` }} /></div>
        </li>
      ))}
    </ul>
  );
}
