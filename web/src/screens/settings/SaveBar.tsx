import { Button, Card, Group, Text } from '@mantine/core';
import { useBlocker } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { confirm } from '../../parts/confirm';

/** At the foot of a form that was changed: keep it or drop it. Leaving asks first. */
export function SaveBar({ isDirty, isSaving, drop }: { isDirty: boolean; isSaving: boolean; drop: () => void }) {
  const { t } = useTranslation(['settings', 'common']);
  useBlocker({
    disabled: !isDirty,
    enableBeforeUnload: isDirty,
    shouldBlockFn: async () => !(await confirm({ title: t('leave.title'), text: t('leave.text'), deed: t('leave.deed'), isDangerous: true })),
  });
  if (!isDirty) return null;
  return (
    <Card padding="sm" role="region" aria-label={t('unsaved')} style={{ position: 'sticky', bottom: 12, zIndex: 5, boxShadow: 'var(--ql-shadow)' }}>
      <Group justify="space-between" gap="sm">
        <Text size="sm" fw={500}>{t('unsaved')}</Text>
        <Group gap="xs">
          <Button variant="default" onClick={drop} disabled={isSaving}>{t('drop')}</Button>
          <Button type="submit" loading={isSaving}>{t('common:save')}</Button>
        </Group>
      </Group>
    </Card>
  );
}
