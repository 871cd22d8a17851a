import { Button } from '@mantine/core';
import { IconAlertTriangle, IconCircleX, IconInfoCircle } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Schema } from '../../api';
import { useFormats } from '../../parts/format';
import classes from './home.module.css';

type Alert = Schema<'Alert'>;

/** `campaign:<id>`, `journey:<id>`, or a budget of the whole shop. */
function budgetWay(scope: string): string {
  const [kind = '', id] = scope.split(/:(.*)/s);
  return id ? `/${kind === 'campaign' ? 'campaigns' : 'journeys'}/${id}` : '/settings/spending';
}

/** `50000/100000` in minor units. */
function spentOf(detail: string | null | undefined): [number, number] | null {
  const found = /^(\d+)\/(\d+)$/.exec(detail ?? '');
  return found ? [Number(found[1]), Number(found[2])] : null;
}

const scopeKind = (scope: string) => (scope.startsWith('campaign:') ? 'campaign' : scope.startsWith('journey:') ? 'journey' : scope === 'day' ? 'day' : 'month');

/** Where somebody sees to it. */
function wayTo(alert: Alert): string {
  switch (alert.kind) {
    case 'channel_not_set_up':
    case 'channel_misconfigured': return `/settings/channels/${alert.channel ?? 'email'}`;
    case 'address_missing': return '/settings/shop';
    case 'returns_unread': return '/settings/domains';
    case 'budget_near':
    case 'budget_spent': return budgetWay(alert.id ?? '');
    case 'set_aside':
    case 'inbox_lags': return '/settings/health';
    case 'queue_lags':
    case 'failures_high': return '/messages';
    case 'bounces_high':
    case 'complaints_high': return '/suppressions';
    case 'requests_overdue':
    case 'requests_due': return '/requests';
    case 'import_failed':
    case 'import_rejected': return alert.id ? `/imports/${alert.id}` : '/imports';
    case 'export_failed': return '/exports';
    case 'register_failed': return '/settings/rules';
    case 'journey_stopped': return `/journeys/${alert.id ?? ''}`;
    case 'campaign_stopped': return `/campaigns/${alert.id ?? ''}`;
    case 'campaigns_draft': return alert.count === 1 && alert.id ? `/campaigns/${alert.id}` : '/campaigns';
    default: return alert.count === 1 && alert.id ? `/journeys/${alert.id}` : '/journeys';
  }
}

const TONES = { error: 'bad', warning: 'wait', info: 'calm' } as const;
const ICONS = { error: IconCircleX, warning: IconAlertTriangle, info: IconInfoCircle } as const;
const SHOWN = 4;

/** What somebody has to see to, the most urgent first. Nothing is shown when nothing is. */
export function Alerts({ attention }: { attention: Schema<'Attention'> | undefined }) {
  const { t } = useTranslation('home');
  const formats = useFormats();
  const [all, setAll] = useState(false);
  const alerts = attention?.alerts ?? [];
  if (alerts.length === 0) return null;
  const shown = all ? alerts : alerts.slice(0, SHOWN);
  const level = (alert: Alert): keyof typeof TONES => (alert.level === 'error' || alert.level === 'warning' ? alert.level : 'info');
  return (
    <section aria-label={t('alerts')}>
      {shown.map((alert, at) => {
        const Icon = ICONS[level(alert)];
        const isBudget = alert.kind.startsWith('budget_');
        const spent = isBudget ? spentOf(alert.detail) : null;
        const more = spent ? t('budgetSpent', { spent: formats.money(spent[0]), amount: formats.money(spent[1]) }) : alert.detail ?? '';
        return (
          <div key={`${alert.kind}-${alert.id ?? ''}-${alert.channel ?? ''}-${at}`} className={classes.alert} data-tone={TONES[level(alert)]}>
            <Icon size={20} role="img" aria-label={t(`level.${level(alert)}`)} style={{ flex: 'none' }} />
            <div className={classes.alertText}>
              <p>
                {t(`alert.${alert.kind}`, {
                  count: alert.count, number: formats.number(alert.count), name: isBudget ? t(`budget.${scopeKind(alert.id ?? '')}`) : alert.name ?? '', at: alert.at ? formats.dateTime(alert.at) : '',
                  channel: alert.channel ? t(`channel.${alert.channel}`) : '',
                })}
              </p>
              {more && <p className={classes.alertMore}>{more}</p>}
            </div>
            <Link to={wayTo(alert)} className={classes.alertGo}>{t(`alertGo.${alert.kind}`)}</Link>
          </div>
        );
      })}
      {alerts.length > SHOWN && (
        <Button variant="subtle" color="gray" size="compact-sm" mt={6} onClick={() => setAll(!all)} aria-expanded={all}>
          {all ? t('alertsLess') : t('alertsMore', { count: alerts.length - SHOWN })}
        </Button>
      )}
    </section>
  );
}
