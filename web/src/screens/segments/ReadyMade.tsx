/** Ready-made segments: a name, why it is useful, and what it says. */
import { Button, SimpleGrid, Text, Title } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { ConditionText } from '../../parts/ConditionEditor';
import { READY, READY_GROUPS, type Ready } from './ready';
import css from './segments.module.css';

export function ReadyMade({ onPick }: { onPick: (ready: Ready) => void }) {
  const { t } = useTranslation('segments');
  return (
    <div>
      {READY_GROUPS.map((group) => (
        <section key={group} aria-labelledby={`ready-${group}`}>
          <Title order={3} size="sm" c="dimmed" id={`ready-${group}`} mt="md" mb="xs">{t(`ready_group.${group}`)}</Title>
          <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }} spacing="sm">
            {READY.filter((one) => one.group === group).map((one) => (
              <article key={one.key} className={css.ready}>
                <Text fw={600} size="sm">{t(`ready.${one.key}.name`)}</Text>
                <Text size="sm" c="dimmed" mt={2} mb={8}>{t(`ready.${one.key}.text`)}</Text>
                <ConditionText value={one.definition} isInline lineClamp={3} />
                <Button size="compact-sm" variant="light" mt="sm" aria-label={t('ready_use_named', { name: t(`ready.${one.key}.name`) })} onClick={() => onPick(one)} data-ready={one.key}>{t('ready_use')}</Button>
              </article>
            ))}
          </SimpleGrid>
        </section>
      ))}
    </div>
  );
}
