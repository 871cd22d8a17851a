/** Writing an e-mail of blocks. */
import { Group, Loader, SegmentedControl, Stack, Tabs, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call } from '../../../api';
import { ErrorNote } from '../../../parts/ErrorNote';
import type { Document, Work } from '../model';
import classes from '../content.module.css';
import { Palette, Writing } from './Canvas';
import { LiquidInput } from './fields';
import { BlockPanel, StylePanel } from './Inspector';
import { type As, Findings, PreviewPane } from './Preview';

export interface EditorProps {
  work: Work;
  change: (work: Work, key: string) => void;
  editable: boolean;
}

export function useDesign() {
  return useQuery({ queryKey: ['settings', 'brand'], queryFn: () => call(api.GET('/api/v1/brand')), staleTime: 60_000 });
}

export function Heads({ work, change, editable }: EditorProps) {
  const { t } = useTranslation('content');
  return (
    <Stack gap="xs">
      <LiquidInput label={t('subject')} value={work.subject} disabled={!editable} onChange={(subject) => change({ ...work, subject }, 'subject')} placeholder={t('subjectHint')} />
      <LiquidInput label={t('preheader')} value={work.preheader} disabled={!editable} onChange={(preheader) => change({ ...work, preheader }, 'preheader')} placeholder={t('preheaderHint')} />
    </Stack>
  );
}

export function BlockEditor({ work, change, editable }: EditorProps) {
  const { t } = useTranslation('content');
  const design = useDesign();
  const document = work.body.source as Document;
  const [selected, select] = useState<string | null>(null);
  const [view, setView] = useState<'write' | 'preview'>('write');
  const [tab, setTab] = useState<string | null>('block');
  const [as, setAs] = useState<As>({ kind: 'full', profile: null });
  const set = (next: Document, key: string) => change({ ...work, body: { kind: 'blocks', source: next } }, key);
  useEffect(() => {
    if (selected) setTab('block');
  }, [selected]);
  if (design.error) return <ErrorNote error={design.error} retry={() => void design.refetch()} m="lg" />;
  if (!design.data) return <Group justify="center" p="xl"><Loader /></Group>;
  const brand = design.data.brand;
  return (
    <Writing
      document={document} brand={brand} selected={selected} select={select} editable={editable}
      change={(blocks, key) => set({ ...document, blocks }, key)}
      palette={(add) => (
        <aside className={classes.side} aria-label={t('palette')}>
          <Text size="xs" fw={600} c="dimmed" mb={8}>{t('paletteText')}</Text>
          <fieldset disabled={!editable} style={{ border: 0, padding: 0, margin: 0, minWidth: 0 }}><Palette add={(type) => { setView('write'); add(type); }} /></fieldset>
        </aside>
      )}
    >
      {(paper) => (
        <>
          <section className={classes.middle} aria-label={t('paper')} tabIndex={0}>
            <Stack gap="md">
              <Group justify="center">
                <SegmentedControl aria-label={t('view')} value={view} onChange={(value) => setView(value as 'write' | 'preview')} data={[{ value: 'write', label: t('write') }, { value: 'preview', label: t('preview') }]} />
              </Group>
              {view === 'preview' ? <PreviewPane work={work} as={as} setAs={setAs} /> : (
                <>
                  <div style={{ maxWidth: 600, margin: '0 auto', width: '100%' }}><Heads work={work} change={change} editable={editable} /></div>
                  {paper}
                </>
              )}
            </Stack>
          </section>
          <aside className={classes.right} aria-label={t('panel')}>
            <Tabs value={tab} onChange={setTab} keepMounted={false}>
              <Tabs.List grow mb="md">
                <Tabs.Tab value="block">{t('tab.block')}</Tabs.Tab>
                <Tabs.Tab value="style">{t('tab.style')}</Tabs.Tab>
                <Tabs.Tab value="check">{t('tab.check')}</Tabs.Tab>
              </Tabs.List>
              <Tabs.Panel value="block">
                {selected
                  ? <BlockPanel key={selected} document={document} id={selected} change={set} select={select} editable={editable} />
                  : <Text size="sm" c="dimmed">{t('chooseFirst')}</Text>}
              </Tabs.Panel>
              <Tabs.Panel value="style"><StylePanel document={document} change={set} brand={brand} editable={editable} /></Tabs.Panel>
              <Tabs.Panel value="check"><Findings work={work} as={as} /></Tabs.Panel>
            </Tabs>
          </aside>
        </>
      )}
    </Writing>
  );
}
