/** The message as somebody would get it, in the inbox and open, and what is worth another look. */
import { Alert, Badge, Group, Loader, SegmentedControl, Select, Stack, Switch, Text } from '@mantine/core';
import { useDebouncedValue, useElementSize } from '@mantine/hooks';
import { IconAlertTriangle, IconBulb, IconCircleCheck, IconDeviceDesktop, IconDeviceMobile, IconExclamationCircle } from '@tabler/icons-react';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, asProblem, call, type Schema } from '../../../api';
import { useMay } from '../../../app/session';
import { ErrorNote } from '../../../parts/ErrorNote';
import { useFormats } from '../../../parts/format';
import { ProfilePicker } from '../../../parts/pickers';
import classes from '../content.module.css';
import { MailFrame } from '../../../parts/MailFrame';
import type { Work } from '../model';

export type Shown = Schema<'Preview'>;
export interface As {
  kind: 'full' | 'empty' | 'profile';
  profile: string | null;
}

const WAIT_MS = 450;

/** Renders what is being written, a moment after it was changed. Only one who may see customers gets it. */
export function usePreview(work: Work, as: As) {
  const [settled] = useDebouncedValue(work, WAIT_MS);
  const may = useMay('people.read');
  const isReady = may && (as.kind !== 'profile' || as.profile !== null);
  const whom = as.kind === 'profile' ? { profile_id: as.profile } : { sample: as.kind };
  const query = useQuery({
    queryKey: ['preview', JSON.stringify(settled), whom],
    queryFn: () => call(api.POST('/api/v1/templates/preview', { body: { template: { ...settled, body: settled.body as never }, ...whom } })),
    enabled: isReady, placeholderData: keepPreviousData, retry: false, staleTime: 60_000, gcTime: 60_000,
  });
  return { ...query, may };
}

export function AsPicker({ as, setAs }: { as: As; setAs: (as: As) => void }) {
  const { t } = useTranslation('content');
  return (
    <Group gap="xs" align="flex-end" wrap="wrap">
      <Select
        size="xs" w={170} label={t('as.label')} allowDeselect={false} value={as.kind} onChange={(kind) => setAs({ ...as, kind: (kind ?? 'full') as As['kind'] })}
        data={(['full', 'empty', 'profile'] as const).map((value) => ({ value, label: t(`as.${value}`) }))}
      />
      {as.kind === 'profile' && <ProfilePicker size="xs" w={220} label={t('as.who')} value={as.profile} onChange={(profile) => setAs({ ...as, profile })} />}
    </Group>
  );
}

export function PreviewPane({ work, as, setAs }: { work: Work; as: As; setAs: (as: As) => void }) {
  const { t } = useTranslation('content');
  const [device, setDevice] = useState<'desktop' | 'phone'>('desktop');
  const [dark, setDark] = useState(false);
  const shown = usePreview(work, as);
  const { ref, width: room } = useElementSize();
  const width = device === 'desktop' ? 680 : 375;
  const scale = room > 0 ? Math.min(1, (room - 2) / width) : 1;
  return (
    <Stack gap="md" maw={760} mx="auto" w="100%" ref={ref}>
      <Group justify="space-between" align="flex-end">
        <AsPicker as={as} setAs={setAs} />
        <Group gap="sm">
          <SegmentedControl
            size="xs" aria-label={t('device')} value={device} onChange={(value) => setDevice(value as 'desktop' | 'phone')}
            data={[
              { value: 'desktop', label: <Group gap={6} wrap="nowrap"><IconDeviceDesktop size={16} aria-hidden />{t('desktop')}</Group> },
              { value: 'phone', label: <Group gap={6} wrap="nowrap"><IconDeviceMobile size={16} aria-hidden />{t('phone')}</Group> },
            ]}
          />
          <Switch size="sm" label={t('dark')} checked={dark} onChange={(event) => setDark(event.currentTarget.checked)} />
        </Group>
      </Group>
      {!shown.may && <Alert color="clay">{t('previewNotAllowed')}</Alert>}
      {shown.error && <ErrorNote error={shown.error} retry={() => void shown.refetch()} />}
      {as.kind === 'profile' && as.profile === null && <Text size="sm" c="dimmed">{t('as.choose')}</Text>}
      {shown.data && <Missing missing={shown.data.missing} />}
      {shown.data && (
        <div className={classes.previewFrame} style={{ width: width * scale + 2, opacity: shown.isFetching ? 0.75 : 1, transition: 'opacity 120ms' }}>
          <div className={classes.inbox}>
            <Text fw={600} size="sm">{shown.data.subject || t('noSubject')}</Text>
            <Text size="xs" c="dimmed" truncate>{shown.data.preheader || t('noPreheader')}</Text>
          </div>
          <div style={{ overflowX: 'auto' }}>
            {shown.data.html ? <MailFrame html={shown.data.html} title={t('previewOf', { subject: shown.data.subject })} width={width} scale={scale} dark={dark} /> : <pre style={{ whiteSpace: 'pre-wrap', padding: 16, margin: 0 }}>{shown.data.text}</pre>}
          </div>
        </div>
      )}
      {shown.isPending && shown.may && !(as.kind === 'profile' && !as.profile) && <Group justify="center" py="xl"><Loader /></Group>}
    </Stack>
  );
}

export function Missing({ missing }: { missing: string[] }) {
  const { t } = useTranslation('content');
  if (missing.length === 0) return null;
  return (
    <Alert color="clay" icon={<IconAlertTriangle aria-hidden />} title={t('missing.title')}>
      {t('missing.text')} <strong>{missing.join(', ')}</strong>
    </Alert>
  );
}

const FACES = {
  error: { Icon: IconExclamationCircle, color: 'var(--ql-bad)' },
  warning: { Icon: IconAlertTriangle, color: 'var(--ql-wait)' },
  hint: { Icon: IconBulb, color: 'var(--ql-odd)' },
};

/** What filters, mail programs and people would stumble over. */
export function Findings({ work, as }: { work: Work; as: As }) {
  const { t, i18n } = useTranslation('content');
  const formats = useFormats();
  const shown = usePreview(work, as);
  if (!shown.may) return <Alert color="clay">{t('previewNotAllowed')}</Alert>;
  if (shown.error) {
    const problem = asProblem(shown.error);
    return (
      <Stack gap="xs">
        <ErrorNote error={shown.error} retry={() => void shown.refetch()} />
        {problem.fields.map((one, at) => <Text key={at} size="sm" c="red">{[(one as { block?: string }).block, one.field, one.message].filter(Boolean).join(' · ')}</Text>)}
      </Stack>
    );
  }
  if (!shown.data) return <Loader />;
  const { findings, bytes, missing } = shown.data;
  const share = bytes / (102 * 1024);
  return (
    <Stack gap="xs">
      <Group justify="space-between">
        <Text fw={600} component="h2" size="md" m={0}>{t('findings')}</Text>
        <Badge color={share > 1 ? 'red' : share > 0.8 ? 'yellow' : 'teal'} c="var(--mantine-color-text)">{t('weight', { size: formats.bytes(bytes) })}</Badge>
      </Group>
      <Missing missing={missing} />
      {findings.length === 0 && missing.length === 0 && (
        <Group gap="xs" wrap="nowrap" py="xs"><IconCircleCheck color="var(--ql-good)" aria-hidden /><Text size="sm">{t('allGood')}</Text></Group>
      )}
      {findings.map((finding, at) => {
        const face = FACES[finding.severity as keyof typeof FACES] ?? FACES.hint;
        const key = `content:finding.${finding.code}`;
        return (
          <div key={at} className={classes.finding}>
            <face.Icon size={20} color={face.color} style={{ flex: 'none' }} role="img" aria-label={t(`severity.${finding.severity}`)} />
            <div style={{ minWidth: 0 }}>
              <Text size="sm">{i18n.exists(key) ? t(`finding.${finding.code}`) : finding.message}</Text>
              {finding.detail && <Text size="xs" c="dimmed" style={{ overflowWrap: 'anywhere' }}>{finding.detail}</Text>}
            </div>
          </div>
        );
      })}
    </Stack>
  );
}
