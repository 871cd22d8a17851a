import { Anchor, Button, Code, CopyButton, Group, Stack, Text } from '@mantine/core';
import { IconCode, IconFileImport, IconPlugConnected } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call } from '../../api';
import { useMay } from '../../app/session';
import { useFormats } from '../../parts/format';
import { notify } from '../../parts/notify';
import { StatusBadge } from '../../parts/StatusBadge';
import type { StepProps } from './WelcomePage';
import classes from './welcome.module.css';

/** Customers come by a file, or from the shop's own pages and programs. */
export function PeopleStep({ setup, next }: StepProps) {
  const { t } = useTranslation('welcome');
  const formats = useFormats();
  const mayMakeKeys = useMay('keys.manage');
  const [key, setKey] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const make = async () => {
    setBusy(true);
    try {
      const made = (await call(api.POST('/api/v1/keys', { body: { kind: 'write', name: t('people.keyName') } as never }))) as { key?: string };
      setKey(made.key ?? null);
    } catch (error) {
      notify.failed(error);
    } finally {
      setBusy(false);
    }
  };
  const sample = `curl ${window.location.origin}/v1/track -u ${key ?? 'qw_…'}: -H 'content-type: application/json' -d '{
  "userId": "KH001", "event": "Product Added",
  "context": { "traits": { "email": "an@example.com", "name": "Nguyễn Văn An" } },
  "properties": { "product_id": "SP01", "name": "Áo dài lụa", "price": 450000, "quantity": 1 }
}'`;
  return (
    <Stack>
      <Group gap="xs" role="status">
        {setup.people > 0
          ? <StatusBadge tone="good">{t('people.have', { count: setup.people, number: formats.number(setup.people) })}</StatusBadge>
          : <StatusBadge tone="calm">{t('people.none')}</StatusBadge>}
        {setup.has_events && <StatusBadge tone="good">{t('people.events')}</StatusBadge>}
      </Group>
      <div className={classes.pick}>
        <IconFileImport size={24} aria-hidden />
        <span>
          <Text component="span" fw={600}>{t('people.file')}</Text>
          <p>{t('people.fileText')}</p>
          <Button component={Link} to="/imports/new" mt="sm" size="sm">{t('people.fileGo')}</Button>
        </span>
      </div>
      <div className={classes.pick}>
        <IconPlugConnected size={24} aria-hidden />
        <span style={{ minWidth: 0, flex: 1 }}>
          <Text component="span" fw={600}>{t('people.connect')}</Text>
          <p>{t('people.connectText')}</p>
          {key === null ? (
            <Button mt="sm" size="sm" variant="light" leftSection={<IconCode size={16} />} loading={isBusy} disabled={!mayMakeKeys} onClick={() => void make()}>{t('people.makeKey')}</Button>
          ) : (
            <Stack gap="xs" mt="sm">
              <Text size="sm">{t('people.keyOnce')}</Text>
              <Code block tabIndex={0} aria-label={t('people.sample')}>{sample}</Code>
              <Group gap="sm">
                <CopyButton value={sample}>
                  {({ copied, copy }) => <Button size="compact-sm" variant="default" onClick={copy}>{t(copied ? 'people.copied' : 'people.copy')}</Button>}
                </CopyButton>
                <Anchor component={Link} to="/settings/tracking" size="sm">{t('people.tracking')}</Anchor>
              </Group>
            </Stack>
          )}
        </span>
      </div>
      {setup.people > 0 && <div><Button onClick={next}>{t('next')}</Button></div>}
    </Stack>
  );
}
