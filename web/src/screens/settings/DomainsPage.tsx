import { Accordion, Button, Modal, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useDisclosure } from '@mantine/hooks';
import { IconMailCheck, IconPlus } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { api, asProblem, call, refresh, type Schema } from '../../api';
import { useMay } from '../../app/session';
import { DataTable } from '../../parts/DataTable';
import { EmptyState } from '../../parts/EmptyState';
import { When } from '../../parts/format';
import { notify } from '../../parts/notify';
import { StatusBadge } from '../../parts/StatusBadge';
import { ReturnsState } from './channel/ReturnsState';
import { DeliverabilityPanel } from './DeliverabilityPanel';
import { Frame } from './Frame';

type Domain = Schema<'DomainView'>;

export function DomainState({ domain }: { domain: Domain }) {
  const { t } = useTranslation('settings');
  const tone = domain.state === 'verified' ? 'good' : domain.state === 'incomplete' ? 'bad' : 'calm';
  return <StatusBadge tone={tone}>{t(`domains.state.${domain.state}`)}</StatusBadge>;
}

export default function DomainsPage() {
  const { t } = useTranslation('settings');
  const may = useMay('workspace.manage');
  const go = useNavigate();
  const [isOpen, { open, close }] = useDisclosure();
  const query = useQuery({ queryKey: ['settings', 'domains'], queryFn: () => call(api.GET('/api/v1/domains')) });
  const add = may && <Button leftSection={<IconPlus size={16} />} onClick={open}>{t('domains.add')}</Button>;
  return (
    <Frame at="domains" text={t('domains.text')} actions={(query.data?.items.length ?? 0) > 0 && add}>
      <ReturnsState away />
      <DataTable<Domain>
        fetching={query.isPending} records={query.data?.items} error={query.error} retry={() => void query.refetch()} idAccessor="domain"
        onRowClick={({ record }) => void go({ to: `/settings/domains/${record.domain}` })}
        columns={[
          { accessor: 'domain', title: t('domains.domain'), render: (row) => <Text component={Link} to={`/settings/domains/${row.domain}`} fw={600} c="inherit" td="none">{row.domain}</Text> },
          { accessor: 'state', title: t('domains.stateLabel'), render: (row) => <DomainState domain={row} /> },
          { accessor: 'is_used', title: t('domains.used'), render: (row) => (row.is_used ? t('domains.usedYes') : t('domains.usedNo')), visibleMediaQuery: '(min-width: 700px)' },
          { accessor: 'checked_at', title: t('domains.checked'), textAlign: 'right', render: (row) => <When at={row.checked_at} />, visibleMediaQuery: '(min-width: 700px)' },
        ]}
        empty={<EmptyState Icon={IconMailCheck} title={t('domains.empty')} text={t('domains.emptyText')} action={add} />}
      />
      <DeliverabilityPanel />
      <Modal opened={isOpen} onClose={close} closeButtonProps={{ 'aria-label': t('common:close') }} title={t('domains.add')}><AddForm done={(domain) => void go({ to: `/settings/domains/${domain}` })} /></Modal>
    </Frame>
  );
}

function AddForm({ done }: { done: (domain: string) => void }) {
  const { t } = useTranslation('settings');
  const form = useForm({
    initialValues: { domain: '', spf: '', selector: '', pem: '' },
    validate: { domain: (told) => (/^[a-z0-9-]+(\.[a-z0-9-]+)+$/i.test(told.trim()) ? null : t('domains.wrong.domain')) },
  });
  const add = useMutation({
    mutationFn: (told: typeof form.values) =>
      call(api.POST('/api/v1/domains', {
        body: {
          domain: told.domain.trim(),
          ...(told.spf.trim() ? { spf: told.spf.trim() } : {}),
          ...(told.selector.trim() ? { selector: told.selector.trim() } : {}),
          ...(told.pem.trim() ? { private_key_pem: told.pem } : {}),
        },
      })),
    onSuccess: async (made) => {
      await refresh('settings');
      done(made.domain);
    },
    onError: (failed) => {
      const problem = asProblem(failed);
      if (problem.code === 'domain_exists') return form.setErrors({ domain: t('domains.wrong.exists') });
      form.setErrors(Object.fromEntries(Object.keys(problem.errors).map((field) => [field === 'private_key_pem' ? 'pem' : field, t(`domains.wrong.${field}`)])));
      notify.failed(failed);
    },
  });
  return (
    <form onSubmit={form.onSubmit((told) => add.mutate(told))}>
      <Stack>
        <TextInput label={t('domains.domain')} description={t('domains.domainText')} placeholder="shop.vn" required data-autofocus {...form.getInputProps('domain')} />
        <TextInput label={t('domains.spf')} description={t('domains.spfText')} placeholder="include:_spf.example.com" {...form.getInputProps('spf')} />
        <Accordion variant="contained" radius="md">
          <Accordion.Item value="more">
            <Accordion.Control>{t('domains.own')}</Accordion.Control>
            <Accordion.Panel>
              <Stack>
                <TextInput label={t('domains.selector')} placeholder="quaylai" {...form.getInputProps('selector')} />
                <Textarea label={t('domains.pem')} description={t('domains.pemText')} autosize minRows={3} maxRows={8} ff="monospace" placeholder="-----BEGIN PRIVATE KEY-----" {...form.getInputProps('pem')} />
              </Stack>
            </Accordion.Panel>
          </Accordion.Item>
        </Accordion>
        <Button type="submit" loading={add.isPending}>{t('domains.add')}</Button>
      </Stack>
    </form>
  );
}
