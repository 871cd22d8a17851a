import { Alert, Button, Group, NumberInput, PasswordInput, Radio, Select, SimpleGrid, Stack, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { IconCircleCheck, IconPlugConnectedX } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, asProblem, call, refresh } from '../../api';
import { ErrorNote } from '../../parts/ErrorNote';
import type { StepProps } from './WelcomePage';
import classes from './welcome.module.css';

/** Who speaks, and by which mail server; or later, with mail that stays at home. */
export function SenderStep({ setup, next }: StepProps) {
  const { t } = useTranslation('welcome');
  const [way, setWay] = useState<'smtp' | 'later'>(setup.sender.is_set_up && !setup.sender.delivers ? 'later' : 'smtp');
  const [problem, setProblem] = useState<unknown>(null);
  const [isBusy, setBusy] = useState(false);
  const [tested, setTested] = useState<{ ok: boolean; detail: string } | null>(null);
  const form = useForm({
    initialValues: {
      fromName: setup.sender.from_name ?? setup.shop.name, fromAddress: setup.sender.from_address ?? '', host: '', port: 587 as number | string,
      security: 'starttls', username: '', password: '',
    },
    validate: {
      fromAddress: (value) => (/^\S+@\S+\.\S+$/.test(value.trim()) ? null : t('sender.addressWrong')),
      host: (value) => (way === 'later' || value.trim() ? null : t('sender.hostMissing')),
    },
  });
  const save = form.onSubmit(async (values) => {
    setBusy(true);
    setProblem(null);
    setTested(null);
    const from = { name: values.fromName.trim(), address: values.fromAddress.trim() };
    const smtp = {
      provider: 'smtp', host: values.host.trim(), port: Number(values.port), security: values.security,
      ...(values.username.trim() ? { username: values.username.trim(), password: values.password } : {}),
    };
    const body = { ...(way === 'smtp' ? smtp : { provider: 'blackhole' }), from, enabled: true };
    const params = { path: { channel: 'email' } };
    try {
      await call(api.PUT('/api/v1/channels/{channel}', { params, body: body as never }));
      if (way === 'smtp') {
        setTested(await call(api.POST('/api/v1/channels/{channel}/check', { params })));
      }
      await refresh('settings');
      if (way === 'later') next();
    } catch (error) {
      const told = asProblem(error).errors;
      form.setErrors({ ...told, fromAddress: told['from.address'] ?? told['from'], fromName: told['from.name'] });
      setProblem(error);
    } finally {
      setBusy(false);
    }
  });
  return (
    <form onSubmit={save}>
      <Stack>
        <Radio.Group value={way} onChange={(value) => setWay(value as 'smtp' | 'later')} aria-label={t('sender.way')}>
          {(['smtp', 'later'] as const).map((one) => (
            <label key={one} className={classes.pick} data-on={way === one}>
              <Radio value={one} aria-label={t(`sender.${one}`)} />
              <span><Text component="span" fw={600}>{t(`sender.${one}`)}</Text><p>{t(`sender.${one}Text`)}</p></span>
            </label>
          ))}
        </Radio.Group>
        <SimpleGrid cols={{ base: 1, xs: 2 }}>
          <TextInput label={t('sender.fromName')} description={t('sender.fromNameText')} maxLength={120} {...form.getInputProps('fromName')} />
          <TextInput label={t('sender.fromAddress')} description={t('sender.fromAddressText')} placeholder="xinchao@shop.vn" type="email" required {...form.getInputProps('fromAddress')} />
        </SimpleGrid>
        {way === 'smtp' && (
          <>
            <SimpleGrid cols={{ base: 1, xs: 3 }}>
              <TextInput label={t('sender.host')} placeholder="smtp.shop.vn" required {...form.getInputProps('host')} />
              <NumberInput label={t('sender.port')} min={1} max={65_535} allowDecimal={false} allowNegative={false} {...form.getInputProps('port')} />
              <Select
                label={t('sender.security')} allowDeselect={false} {...form.getInputProps('security')}
                data={[{ value: 'starttls', label: 'STARTTLS' }, { value: 'tls', label: 'TLS' }, { value: 'none', label: t('sender.securityNone') }]}
              />
            </SimpleGrid>
            <SimpleGrid cols={{ base: 1, xs: 2 }}>
              <TextInput label={t('sender.username')} autoComplete="off" {...form.getInputProps('username')} />
              <PasswordInput label={t('sender.password')} autoComplete="new-password" visibilityToggleButtonProps={{ 'aria-label': t('sender.showPassword') }} {...form.getInputProps('password')} />
            </SimpleGrid>
          </>
        )}
        {problem !== null && <ErrorNote error={problem} />}
        {tested && (
          <Alert
            color={tested.ok ? undefined : 'red'} className={tested.ok ? classes.good : undefined} icon={tested.ok ? <IconCircleCheck aria-hidden /> : <IconPlugConnectedX aria-hidden />} role="status"
            title={t(tested.ok ? 'sender.works' : 'sender.fails')}
          >
            <Text size="sm">{tested.ok ? t('sender.worksText') : t('sender.failsText', { detail: tested.detail })}</Text>
          </Alert>
        )}
        <Group>
          <Button type="submit" loading={isBusy} variant={tested?.ok ? 'default' : 'filled'}>{t(way === 'smtp' ? 'sender.test' : 'saveAndNext')}</Button>
          {tested?.ok && <Button onClick={next}>{t('next')}</Button>}
        </Group>
      </Stack>
    </form>
  );
}
