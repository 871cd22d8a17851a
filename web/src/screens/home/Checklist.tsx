import { ActionIcon, Button, Group, RingProgress, Text, Title } from '@mantine/core';
import { IconCircleCheckFilled, IconCircleDashed, IconX } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { api, call, queries, type Schema } from '../../api';
import { useMay } from '../../app/session';
import { notify } from '../../parts/notify';
import { Panel } from '../../parts/Panel';
import classes from './home.module.css';

/** What a new shop still lacks for its first automatic message. */
export function Checklist({ setup }: { setup: Schema<'SetupView'> }) {
  const { t } = useTranslation('home');
  const mayManage = useMay('workspace.manage');
  const done = setup.steps.filter((step) => step.state === 'done').length;
  const set = (closed: boolean) =>
    call(api.PATCH('/api/v1/setup', { body: { closed } })).then((data) => queries.setQueryData(['home', 'setup'], data));
  const close = () => set(true).then(() => notify.undo(t('checklist.closed'), () => set(false)), notify.failed);
  return (
    <Panel>
      <Group justify="space-between" wrap="nowrap" align="flex-start">
        <Group gap="md" wrap="nowrap" align="center">
          <RingProgress
            size={72} thickness={7} roundCaps sections={[{ value: (100 * done) / setup.steps.length, color: 'clay' }]}
            label={<Text ta="center" size="sm" fw={600} className="ql-num">{done}/{setup.steps.length}</Text>} rootColor="var(--ql-calm-tint)"
          />
          <div>
            <Title order={2} size="h3">{t('checklist.title')}</Title>
            <Text size="sm" c="dimmed">{t('checklist.text')}</Text>
          </div>
        </Group>
        {mayManage && <ActionIcon aria-label={t('checklist.close')} onClick={() => void close()}><IconX size={18} /></ActionIcon>}
      </Group>
      <ul className={classes.steps} style={{ marginTop: 12 }}>
        {setup.steps.map((step) => (
          <li key={step.id} className={classes.step}>
            {step.state === 'done'
              ? <IconCircleCheckFilled size={20} color="var(--ql-good)" role="img" aria-label={t('checklist.done')} />
              : <IconCircleDashed size={20} color="var(--mantine-color-dimmed)" role="img" aria-label={t('checklist.todo')} />}
            <Text size="sm" c={step.state === 'done' ? 'dimmed' : undefined} fw={step.id === setup.current ? 600 : undefined}>{t(`step.${step.id}`)}</Text>
          </li>
        ))}
      </ul>
      {mayManage && <Button component={Link} to="/welcome" mt="md" style={{ alignSelf: 'flex-start' }}>{t('checklist.go')}</Button>}
    </Panel>
  );
}
