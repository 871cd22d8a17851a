import { Group, Stack, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { Schema } from '../../api';
import { Panel } from '../../parts/Panel';
import { StatusBadge } from '../../parts/StatusBadge';
import { CopyLine } from './Copy';

const TONES = { passed: 'good', failed: 'bad', warning: 'wait', unchecked: 'calm' } as const;

/** What receivers ask of a domain's mail beyond its records. The records that mend it stand in their own cards too. */
export function DomainChecks({ checks }: { checks: Schema<'DomainCheck'>[] }) {
  const { t, i18n } = useTranslation('settings');
  return (
    <Panel title={t('checks.title')} text={t('checks.text')}>
      <Stack gap="md">
        {checks.map((check) => (
          <div key={check.code}>
            <Group gap="xs">
              <Text fw={600} size="sm">{t(`checks.code.${check.code}`)}</Text>
              <StatusBadge tone={TONES[check.state as keyof typeof TONES] ?? 'calm'}>{t(`checks.state.${check.state}`)}</StatusBadge>
            </Group>
            <Text size="sm">{i18n.language === 'en' ? check.message : check.message_vi}</Text>
            {check.record?.value && check.state !== 'passed' && (
              <Stack gap={4} mt={4}>
                <CopyLine text={check.record.name} label={t('domains.copyName')} />
                <CopyLine text={check.record.value} label={t('domains.copyValue')} />
              </Stack>
            )}
          </div>
        ))}
      </Stack>
    </Panel>
  );
}
