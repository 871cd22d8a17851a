/**
 * What the server's codes say in words: states and reasons of messages, turns of their logs, steps of journeys,
 * stages of life, names of events. A code that nobody translated stands for itself, so that it is at least seen.
 */
import { Text } from '@mantine/core';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import type { Tone } from '../theme/theme';
import { useEventWords } from './events';
import { StatusBadge } from './StatusBadge';

export interface Words {
  /** Of a message: `sent`, `refused`. */
  state: (code: string) => string;
  /** Why a message waits or did not go: `no_consent`. */
  reason: (code: string) => string;
  /** A line of a message's log: a sentence, and what it was about, which may be empty. */
  turn: (what: string, detail?: string) => { text: string; detail: string };
  channel: (code: string) => string;
  /** A channel inside a sentence. */
  channelWithin: (code: string) => string;
  purpose: (code: string) => string;
  stage: (code: string) => string;
  orderStatus: (code: string) => string;
  consentState: (code: string) => string;
  /** `email`, `buyer:shopee`. */
  identifierKind: (kind: string) => string;
  /** The name of an event: `Product Viewed`. */
  event: (name: string) => string;
  /** A step of a run through a journey, with its parameters. */
  step: (code: string, params?: Record<string, unknown>) => string;
}

/** `21/11/2026 09:00` of the `2026-11-21 09:00` that journeys write. */
export function dayFirst(written: string): string {
  const found = /^(\d{4})-(\d{2})-(\d{2})(.*)$/.exec(written);
  return found ? `${found[3]}/${found[2]}/${found[1]}${found[4]}`.trim() : written;
}

export function useWords(): Words {
  const { t, i18n } = useTranslation('reasons');
  const { name: event } = useEventWords();
  return useMemo(() => {
    const say = (key: string, code: string, values: Record<string, string> = {}) =>
      // A name that somebody made up may hold anything, also what a key may not.
      code !== '' && i18n.exists(`reasons:${key}`) ? t(key, values) : code;
    const state = (code: string) => say(`state.${code}`, code);
    const reason = (code: string) => say(`reason.${code}`, code);
    const channelWithin = (code: string) => say(`channelWithin.${code}`, code);
    return {
      state,
      reason,
      channelWithin,
      event,
      turn(what, detail = '') {
        const known = i18n.exists(`reasons:turn.${what}`);
        const turned = known ? t(`turn.${what}`) : reason(what);
        if (what === 'refused') {
          const [code = '', ...rest] = detail.split(' ');
          return { text: code ? t('refusedBecause', { turn: turned, reason: reason(code) }) : turned, detail: rest.join(' ') };
        }
        if (what === 'way_chosen') {
          const [first = ''] = detail.split(' ');
          return { text: first ? t('turn.way_chosen_first', { channel: say(`channel.${first}`, first) }) : turned, detail: '' };
        }
        if (what === 'fell_back') {
          const late = /^(\w+) was not delivered; (\w+) is tried$/.exec(detail);
          if (late) return { text: t('turn.fell_back_late', { channel: say(`channel.${late[1]}`, late[1]!), next: say(`channel.${late[2]}`, late[2]!) }), detail: '' };
          // `email: no_address ...`: which way was given up, and why.
          const given = /^(\w+): (\w+)\s*(.*)$/s.exec(detail);
          if (given) return { text: t('refusedBecause', { turn: turned, reason: `${say(`channel.${given[1]}`, given[1]!)}, ${reason(given[2]!)}` }), detail: given[3] ?? '' };
        }
        if (what === 'machine_opened' || what === 'machine_clicked') {
          return { text: t('refusedBecause', { turn: turned, reason: say(`machine.${detail}`, detail) }), detail: '' };
        }
        return { text: turned, detail };
      },
      channel: (code) => say(`channel.${code}`, code),
      purpose: (code) => say(`purpose.${code}`, code),
      stage: (code) => say(`stage.${code}`, code),
      orderStatus: (code) => say(`orderStatus.${code}`, code),
      consentState: (code) => say(`consentState.${code}`, code),
      identifierKind(kind) {
        const [word = kind, source = ''] = kind.split(':');
        return say(`identifierKind.${word}`, kind, { source });
      },
      step(code, params = {}) {
        const shown = Object.entries(params).map(([key, value]): [string, string] => {
          if (value === null || value === undefined) return [key, '–'];
          const text = typeof value === 'string' ? value : JSON.stringify(value);
          if (key === 'channel') return [key, channelWithin(text)];
          if (key === 'event') return [key, event(text)];
          if (key === 'until') return [key, dayFirst(text)];
          if (key === 'path' && text === 'otherwise') return [key, t('otherwise')];
          return [key, text];
        });
        return say(`step.${code.replace('too_many', 'tooMany')}`, code, Object.fromEntries(shown));
      },
    };
  }, [t, i18n, event]);
}

/** Why a message waits or did not go, in words. */
export function Reason({ code, detail }: { code: string; detail?: string }) {
  const words = useWords();
  if (!code) return null;
  return (
    <Text component="span" size="sm" title={detail || undefined}>{words.reason(code)}</Text>
  );
}

const STATE_TONES: Record<string, Tone> = {
  queued: 'wait', held: 'wait', sending: 'wait', sent: 'good', accepted: 'good', refused: 'calm', failed: 'bad', unknown: 'odd', cancelled: 'calm',
};

/** What became of a message. */
export function MessageState({ state }: { state: string }) {
  const words = useWords();
  return <StatusBadge tone={STATE_TONES[state] ?? 'calm'}>{words.state(state)}</StatusBadge>;
}

const STAGE_TONES: Record<string, Tone> = {
  visitor: 'calm', subscriber: 'accent', shopper: 'accent', customer: 'good', repeat_customer: 'good', lapsing: 'wait', lost: 'bad',
};

/** Where in its life with the shop a person stands. */
export function StageBadge({ stage }: { stage: string }) {
  const words = useWords();
  return <StatusBadge tone={STAGE_TONES[stage] ?? 'calm'}>{words.stage(stage)}</StatusBadge>;
}
