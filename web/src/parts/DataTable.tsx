import 'mantine-datatable/styles.layer.css';
import { Button, Center, Stack } from '@mantine/core';
import { DataTable as Table, type DataTableProps } from 'mantine-datatable';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { ErrorNote } from './ErrorNote';

export type Props<T> = DataTableProps<T> & {
  error?: unknown;
  retry?: () => void;
  /** Shown instead of the table when there is nothing at all. */
  empty?: ReactNode;
  /** There is a next page. */
  more?: { load: () => void; isLoading: boolean } | null;
};

/** A table of what the server pages and sorts. Sorting, selection and columns are as in mantine-datatable. */
export function DataTable<T>({ error, retry, empty, more, ...table }: Props<T>) {
  const { t } = useTranslation('common');
  if (error) return <ErrorNote error={error} retry={retry} />;
  const isEmpty = !table.fetching && table.records?.length === 0;
  if (isEmpty && empty) return <>{empty}</>;
  const given = {
    withTableBorder: true, borderRadius: 'lg', verticalSpacing: 'sm', horizontalSpacing: 'md', highlightOnHover: true,
    minHeight: table.records?.length ? undefined : 180, noRecordsText: t('nothing'), loadingText: t('loading'),
    styles: { header: { background: 'var(--ql-paper)' } },
  };
  return (
    <Stack gap="sm">
      <Table {...(given as object)} {...(table as DataTableProps<T>)} />
      {more && (
        <Center>
          <Button variant="default" onClick={more.load} loading={more.isLoading}>{t('more')}</Button>
        </Center>
      )}
    </Stack>
  );
}
