import { Group, Radio, Stack, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';

export const ROLES = ['owner', 'admin', 'marketer', 'analyst', 'support'];

/** One of the roles, each with what it is for. */
export function RolePicker({ value, onChange, isOwner }: { value: string; onChange: (role: string) => void; isOwner: boolean }) {
  const { t } = useTranslation(['accounts', 'shell']);
  return (
    <Radio.Group value={value} onChange={onChange} label={t('staff.role')}>
      <Stack gap="xs" mt={6}>
        {ROLES.map((role) => (
          <Radio.Card key={role} value={role} p="sm" radius="md" disabled={role === 'owner' && !isOwner} aria-label={t(`role.${role}`, { ns: 'shell' })}>
            <Group wrap="nowrap" align="flex-start" gap="sm">
              <Radio.Indicator mt={2} disabled={role === 'owner' && !isOwner} />
              <div>
                <Text size="sm" fw={600}>{t(`role.${role}`, { ns: 'shell' })}</Text>
                <Text size="xs" c="dimmed">{t(`roleText.${role}`)}{role === 'owner' && !isOwner && ` ${t('staff.ownersOnly')}`}</Text>
              </div>
            </Group>
          </Radio.Card>
        ))}
      </Stack>
    </Radio.Group>
  );
}
