/** What happened to one person, line by line, with a clock; what has happened so far is lit on the canvas. */
import { ActionIcon, Badge, Group, Paper, Slider, Stack, Text } from '@mantine/core';
import {
  IconArrowsSplit2, IconBolt, IconCheck, IconClock, IconFlag, IconLogout, IconMail, IconPlayerSkipBack, IconPlayerSkipForward, IconPoint, IconUser, IconX,
} from '@tabler/icons-react';
import type { TFunction } from 'i18next';
import { type CSSProperties, useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useWords, type Words } from '../editor/describe';
import { type Path, useEditorStore } from '../editor/store';
import { type Definition, lineId, TRIGGER, waysFrom } from '../model';
import classes from './panel.module.css';

export interface Happening {
  at: string;
  node: string | null;
  kind: string;
  code: string | null;
  text: string;
  params: Record<string, unknown>;
  message?: {
    template: string;
    channel: string;
    verdict: string;
    reason?: string | null;
    until?: string | null;
    subject?: string | null;
    text?: string | null;
    missing: string[];
  } | null;
}

function look(line: Happening): { Icon: typeof IconMail; tone: string } {
  const code = line.code ?? '';
  if (line.kind === 'message') return line.message?.verdict === 'sent' ? { Icon: IconMail, tone: 'good' } : line.message?.verdict === 'waits' ? { Icon: IconClock, tone: 'wait' } : { Icon: IconX, tone: 'bad' };
  if (line.kind === 'told') return { Icon: IconUser, tone: 'odd' };
  if (code === 'run.goal_reached') return { Icon: IconFlag, tone: 'good' };
  if (code === 'run.completed') return { Icon: IconCheck, tone: 'good' };
  if (code === 'run.exited' || code === 'exit.come') return { Icon: IconLogout, tone: 'calm' };
  if (code === 'run.failed' || code.startsWith('declined')) return { Icon: IconX, tone: 'bad' };
  if (code === 'run.started') return { Icon: IconBolt, tone: 'accent' };
  if (/^(delay|wait)/.test(code)) return { Icon: IconClock, tone: 'wait' };
  if (/^(branch|split|experiment)/.test(code)) return { Icon: IconArrowsSplit2, tone: 'odd' };
  if (code === 'send.asked') return { Icon: IconMail, tone: 'accent' };
  return { Icon: IconPoint, tone: 'calm' };
}

export function say(t: TFunction<'journeys'>, words: Words, line: Happening): string {
  const told = line.message;
  if (told) return t(`verdict.${told.verdict}`, { reason: told.reason ? t(`reason.${told.reason}`, { defaultValue: told.reason }) : '', until: told.until ? words.formats.dateTime(told.until) : '' });
  if (!line.code) return line.text;
  const params = Object.fromEntries(
    Object.entries(line.params).map(([name, value]) => [name, typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value) ? words.formats.dateTime(value) : words.value(value)]),
  );
  if (typeof line.params.template === 'string') params.template = line.params.template;
  return t(`log.${line.code.replace(/[._]/g, '-')}`, { ...params, defaultValue: line.text });
}

/** The ways that lead through these nodes, in their order. */
function pathOf(definition: Definition, lines: Happening[]): Path {
  const nodes = new Map<string, string>();
  const ways = new Set<string>();
  let before: string = TRIGGER;
  for (const line of lines) {
    if (!line.node) continue;
    if (!nodes.has(line.node)) nodes.set(line.node, line.at);
    if (line.node !== before) {
      const way = waysFrom(definition, before).find((one) => one.to === line.node);
      if (way) ways.add(lineId(way));
      before = line.node;
    }
  }
  return { nodes, lines: ways, now: before === TRIGGER ? null : before };
}

export function Timeline({ lines, definition, start }: { lines: Happening[]; definition: Definition; start: 'first' | 'last' }) {
  const { t } = useTranslation('journeys');
  const editor = useEditorStore();
  const words = useWords();
  const [step, setStep] = useState(start === 'first' ? 1 : lines.length);
  const here = Math.min(step, lines.length);
  const now = lines[here - 1];
  useEffect(() => setStep(start === 'first' ? Math.min(1, lines.length) : lines.length), [lines, start]);
  useEffect(() => {
    const path = pathOf(definition, lines.slice(0, here));
    editor.set({ path });
    if (path.now) editor.show(path.now);
  }, [definition, editor, here, lines]);
  useEffect(() => () => editor.set({ path: null }), [editor]);
  if (lines.length === 0) return <Text size="sm" c="dimmed">{t('timeline.empty')}</Text>;
  return (
    <Stack gap="md">
      <Paper withBorder radius="md" p="sm" style={{ position: 'sticky', top: -18, zIndex: 2, background: 'var(--mantine-color-body)' }}>
        <Group justify="space-between" wrap="nowrap">
          <div aria-live="polite">
            <Text size="xs" c="dimmed">{t('timeline.clock')}</Text>
            <Text fw={600} className="ql-num" data-clock>{now ? words.formats.dateTime(now.at) : ''}</Text>
          </div>
          <Group gap={4} wrap="nowrap">
            <ActionIcon size={34} variant="default" aria-label={t('timeline.back')} disabled={here <= 1} onClick={() => setStep(here - 1)}><IconPlayerSkipBack size={17} aria-hidden /></ActionIcon>
            <ActionIcon size={34} variant="default" aria-label={t('timeline.forward')} disabled={here >= lines.length} onClick={() => setStep(here + 1)}><IconPlayerSkipForward size={17} aria-hidden /></ActionIcon>
          </Group>
        </Group>
        <Slider mt="xs" size="sm" min={1} max={Math.max(2, lines.length)} value={here} onChange={(value) => setStep(Math.min(value, lines.length))} label={null} thumbLabel={t('timeline.step')} />
      </Paper>
      <ol style={{ listStyle: 'none', margin: 0, padding: 0 }} data-timeline>
        {lines.map((line, i) => {
          const { Icon, tone } = look(line);
          const style = { '--tone': `var(--ql-${tone})`, '--tone-tint': `var(--ql-${tone}-tint)` } as CSSProperties;
          return (
            <li key={i} className={classes.line} data-later={i >= here || undefined} style={style}>
              <span className={classes.dot}><Icon size={14} aria-hidden /></span>
              <div style={{ minWidth: 0, flex: 1 }}>
                <Group gap={6} justify="space-between" wrap="nowrap" align="flex-start">
                  <Text size="sm" fw={i === here - 1 ? 600 : 500} style={{ overflowWrap: 'anywhere' }}>
                    {line.node && definition.nodes[line.node] ? `${words.node(definition.nodes[line.node] as never).title}: ` : ''}{say(t, words, line)}
                  </Text>
                </Group>
                <Text size="xs" c="dimmed" className="ql-num">{words.formats.dateTime(line.at)}</Text>
                {line.message?.subject && (
                  <Paper withBorder radius="md" p="xs" mt={6}>
                    <Text size="sm" fw={600}>{line.message.subject}</Text>
                    {line.message.text && <Text size="xs" c="dimmed" lineClamp={3} style={{ whiteSpace: 'pre-line' }}>{line.message.text}</Text>}
                    {line.message.missing.map((name) => <Badge key={name} color="red" mt={4} mr={4}>{t('timeline.missing', { name })}</Badge>)}
                  </Paper>
                )}
              </div>
            </li>
          );
        })}
      </ol>
    </Stack>
  );
}
