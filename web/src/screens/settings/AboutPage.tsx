import { Anchor, Stack, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, call } from '../../api';
import { Mark } from '../../app/Mark';
import { ErrorNote } from '../../parts/ErrorNote';
import { useFormats } from '../../parts/format';
import { PageSkeleton } from '../../parts/PageSkeleton';
import { Panel } from '../../parts/Panel';
import { CopyIcon } from './Copy';
import { Frame } from './Frame';

export default function AboutPage() {
  const { t } = useTranslation('settings');
  const formats = useFormats();
  const query = useQuery({ queryKey: ['settings', 'condition'], queryFn: () => call(api.GET('/api/v1/condition')) });
  const told = query.data;
  const rows = told
    ? [
        [t('install.version'), told.version],
        [t('install.commit'), told.commit],
        [t('install.database'), `${told.database} · ${formats.bytes(told.storage_bytes)}`],
        [t('install.address'), told.public_url],
        [t('install.zone'), formats.timeZone],
      ]
    : [];
  return (
    <Frame at="about" text={t('install.text')}>
      {query.error ? <ErrorNote error={query.error} retry={() => void query.refetch()} /> : !told ? <PageSkeleton /> : (
        <Panel title="Quaylai" actions={<CopyIcon text={rows.map((row) => row.join(': ')).join('\n')} label={t('install.copy')} />}>
          <Stack>
            <Mark size={44} />
            <Table>
              <Table.Tbody>{rows.map(([name, value]) => <Table.Tr key={name}><Table.Th w={180}>{name}</Table.Th><Table.Td style={{ overflowWrap: 'anywhere' }}>{value}</Table.Td></Table.Tr>)}</Table.Tbody>
            </Table>
            <Text size="sm">{t('install.licence')}</Text>
            <Anchor href="/api/v1/openapi.json" target="_blank" size="sm" underline="always">{t('install.api')}</Anchor>
          </Stack>
        </Panel>
      )}
    </Frame>
  );
}
