import { ScrollArea, Skeleton, Stack, Table, Text } from '@mantine/core';
import { IconCheck, IconMinus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Fragment } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call } from '../../api';
import { ErrorNote } from '../../parts/ErrorNote';
import { Panel } from '../../parts/Panel';

/** What is allowed, in the order in which a shop thinks of it. Those that no text names are shown under their own word. */
const GROUPS = [
  { id: 'see', permissions: ['setup.read', 'people.read'] },
  { id: 'make', permissions: ['setup.change', 'messages.send'] },
  { id: 'people', permissions: ['people.change', 'people.import', 'people.export', 'person.export', 'requests.handle'] },
  { id: 'shop', permissions: ['workspace.manage', 'keys.manage', 'users.manage', 'audit.read', 'unlisted'] },
];

export function RoleMatrix() {
  const { t } = useTranslation(['accounts', 'shell']);
  const roles = useQuery({ queryKey: ['roles'], queryFn: () => call(api.GET('/api/v1/roles')), staleTime: Infinity });
  if (roles.isError) return <ErrorNote error={roles.error} retry={() => void roles.refetch()} />;
  if (roles.isPending) return <Skeleton h={360} radius="lg" />;
  const all = roles.data.items;
  return (
    <Panel title={t('matrix.title')} text={t('matrix.text')}>
      <ScrollArea type="auto" viewportProps={{ tabIndex: 0, 'aria-label': t('matrix.title'), role: 'region' }}>
        <Table miw={680} verticalSpacing="xs">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t('matrix.may')}</Table.Th>
              {all.map((one) => <Table.Th key={one.role} ta="center">{t(`role.${one.role}`, { ns: 'shell' })}</Table.Th>)}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {GROUPS.map((group) => (
              <Fragment key={group.id}>
                <Table.Tr><Table.Th colSpan={all.length + 1} pt="md" scope="colgroup"><Text size="xs" fw={600} c="dimmed">{t(`matrix.group.${group.id}`)}</Text></Table.Th></Table.Tr>
                {group.permissions.map((permission) => (
                  <Table.Tr key={permission}>
                    <Table.Th scope="row" fw={400}><Text size="sm">{t(`permission.${permission.replace('.', '_')}`)}</Text></Table.Th>
                    {all.map((one) => {
                      const may = one.permissions.includes(permission);
                      return (
                        <Table.Td key={one.role} ta="center">
                          <span role="img" aria-label={t(may ? 'matrix.yes' : 'matrix.no')} style={{ color: may ? 'var(--ql-good)' : 'var(--mantine-color-dimmed)' }}>
                            {may ? <IconCheck size={18} aria-hidden /> : <IconMinus size={16} aria-hidden />}
                          </span>
                        </Table.Td>
                      );
                    })}
                  </Table.Tr>
                ))}
              </Fragment>
            ))}
          </Table.Tbody>
        </Table>
      </ScrollArea>
      <Stack gap={4} mt="md">
        {all.map((one) => <Text key={one.role} size="sm" c="dimmed"><Text span fw={600} c="var(--mantine-color-text)">{t(`role.${one.role}`, { ns: 'shell' })}:</Text> {t(`roleText.${one.role}`)}</Text>)}
      </Stack>
    </Panel>
  );
}
