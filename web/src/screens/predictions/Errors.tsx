/** What was tried on the shop's own past, model beside rule, with the measures explained in one sentence each. */
import { Group, Table, Text, Tooltip } from '@mantine/core';
import { IconInfoCircle } from '@tabler/icons-react';
import i18next from 'i18next';
import { useTranslation } from 'react-i18next';
import { useFormats } from '../../parts/format';
import { StatusBadge } from '../../parts/StatusBadge';
import css from './Chart.module.css';
import { bestAt, MEASURES, type Tried } from './report';

/** The name of a forecast; what nobody named stands for itself. */
export function useTriedName(): (name: string) => string {
  const { t } = useTranslation('predictions');
  return (name) => (/^\w+$/.test(name) && i18next.exists(`predictions:tried.${name}`) ? t(`tried.${name}`) : name);
}

export function Errors({ tried }: { tried: Tried[] }) {
  const { t } = useTranslation('predictions');
  const formats = useFormats();
  const named = useTriedName();
  const order = [...tried].sort((a, b) => Number(b.serves) - Number(a.serves) || Number(a.isRule) - Number(b.isRule));
  const best = Object.fromEntries(MEASURES.map((measure) => [measure, bestAt(tried, measure)]));
  return (
    <Table.ScrollContainer minWidth={560} scrollAreaProps={{ viewportProps: { tabIndex: 0, role: 'region', 'aria-label': t('errors.title') } }}>
      <Table verticalSpacing="xs">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t('errors.what')}</Table.Th>
            {MEASURES.map((measure) => (
              <Table.Th key={measure} ta="right">
                <Tooltip label={t(`measure.${measure}.text`)} multiline maw={300}>
                  <Group gap={4} wrap="nowrap" justify="flex-end" tabIndex={0} component="span" style={{ display: 'inline-flex' }}>
                    {t(`measure.${measure}.name`)}<IconInfoCircle size={14} role="img" aria-label={t(`measure.${measure}.text`)} color="var(--mantine-color-dimmed)" />
                  </Group>
                </Tooltip>
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {order.map((one) => (
            <Table.Tr key={one.name} bg={one.serves ? 'var(--ql-accent-tint)' : undefined} data-tried={one.name}>
              <Table.Td>
                <Group gap={8} wrap="nowrap">
                  <Text size="sm" fw={one.serves ? 600 : 400}>{named(one.name)}</Text>
                  {one.serves && <StatusBadge tone="good">{t('errors.serves')}</StatusBadge>}
                  {one.isRule && !one.serves && <Text span size="xs" c="dimmed" style={{ whiteSpace: 'nowrap' }}>{t('errors.rule')}</Text>}
                </Group>
              </Table.Td>
              {MEASURES.map((measure) => {
                const value = one.scores[measure];
                const isBest = value !== null && value === best[measure];
                return (
                  <Table.Td key={measure} ta="right" className={isBest ? css.best : undefined}>
                    <span className="ql-num">{value === null ? '–' : formats.number(value, 3)}</span>
                    {isBest && <Text span size="xs" c="var(--ql-good)" ml={4} aria-label={t('errors.best')}>✓</Text>}
                  </Table.Td>
                );
              })}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
