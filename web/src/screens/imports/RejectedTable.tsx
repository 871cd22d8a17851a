import { Button, Code, Group, ScrollArea, Table, Text } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { Num } from '../../parts/format';
import { Panel } from '../../parts/Panel';
import type { Rejected } from './job';
import { reasonOf } from './words';

const CELLS_SHOWN = 6;

/** Rows that were not taken: the first of them here, all of them as a file to mend and import again. */
export function RejectedTable({ id, count, rows }: { id: string; count: number; rows: Rejected[] }) {
  const { t, i18n } = useTranslation('imports');
  if (count === 0) return null;
  return (
    <Panel
      title={<Group gap="xs"><span>{t('rejected.title')}</span><Text span c="var(--ql-bad)" fw={600}><Num value={count} /></Text></Group>} text={t('rejected.text')}
      actions={<Button component="a" href={`/api/v1/imports/${id}/rejected.csv`} variant="default" leftSection={<IconDownload size={16} aria-hidden />}>{t('rejected.download')}</Button>}
    >
      <ScrollArea type="auto" viewportProps={{ tabIndex: 0, role: 'region', 'aria-label': t('rejected.title') }}>
        <Table miw={560} verticalSpacing="xs">
          <Table.Thead><Table.Tr><Table.Th w={80}>{t('rejected.line')}</Table.Th><Table.Th>{t('rejected.why')}</Table.Th><Table.Th>{t('rejected.row')}</Table.Th></Table.Tr></Table.Thead>
          <Table.Tbody>
            {rows.map((row) => (
              <Table.Tr key={`${row.line} ${row.code} ${row.column}`}>
                <Table.Td className="ql-num">{row.line}</Table.Td>
                <Table.Td>{row.column && <Code mr={6}>{row.column}</Code>}{reasonOf(row, i18n.language)}</Table.Td>
                <Table.Td><Text size="xs" c="dimmed" style={{ overflowWrap: 'anywhere' }}>{row.cells.slice(0, CELLS_SHOWN).join(' · ')}</Text></Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </ScrollArea>
      {count > rows.length && <Text size="sm" c="dimmed" mt="sm">{t('rejected.first', { count: rows.length })}</Text>}
    </Panel>
  );
}
