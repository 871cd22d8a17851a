/** Views under a name, as tabs: those that everybody has from the start, one's own and shared ones. */
import { ActionIcon, Button, Checkbox, Group, Menu, Modal, Stack, TextInput } from '@mantine/core';
import { IconDots, IconUsers } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, refresh } from '../../api';
import { useMay } from '../../app/session';
import { confirm } from '../../parts/confirm';
import { notify } from '../../parts/notify';
import classes from './customers.module.css';
import { type SavedView, STARTERS, type View } from './model';

export function useViews() {
  return useQuery({
    queryKey: ['views', 'customers'],
    queryFn: async () => (await call(api.GET('/api/v1/views', { params: { query: { area: 'customers' } } }))).items,
  });
}

function Named({ title, view, close, save }: { title: string; view?: SavedView; close: () => void; save: (name: string, shared: boolean) => Promise<void> }) {
  const { t } = useTranslation('customers');
  const mayShare = useMay('setup.change');
  const [name, setName] = useState(view?.name ?? '');
  const [shared, setShared] = useState(view?.shared ?? false);
  const [isBusy, setBusy] = useState(false);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    save(name.trim(), shared).then(close, notify.failed).finally(() => setBusy(false));
  };
  return (
    <Modal opened onClose={close} title={title}>
      <form onSubmit={submit}>
        <Stack>
          <TextInput data-autofocus label={t('view.name')} placeholder={t('view.example')} maxLength={60} value={name} onChange={(event) => setName(event.currentTarget.value)} />
          {mayShare && <Checkbox label={t('view.shared')} description={t('view.sharedText')} checked={shared} onChange={(event) => setShared(event.currentTarget.checked)} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>{t('common:cancel')}</Button>
            <Button type="submit" loading={isBusy} disabled={!name.trim()}>{t('common:save')}</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

export function Views({ current, view, isChanged, choose }: {
  /** The id of the tab that is open. */
  current: string;
  view: View;
  isChanged: boolean;
  choose: (id: string, saved?: SavedView) => void;
}) {
  const { t } = useTranslation('customers');
  const views = useViews();
  const [asking, setAsking] = useState<'new' | SavedView | null>(null);
  const saved = views.data ?? [];
  const open = saved.find((one) => one.id === current);
  const doc = view as unknown as Record<string, never>;
  const make = async (name: string, shared: boolean) => {
    const made = await call(api.POST('/api/v1/views', { body: { area: 'customers', name, shared, doc } }));
    await refresh('views');
    notify.done(t('view.made', { name }));
    choose(made.id, made);
  };
  const change = async (one: SavedView, body: { name?: string; shared?: boolean; doc?: typeof doc }) => {
    await call(api.PATCH('/api/v1/views/{id}', { params: { path: { id: one.id } }, body }));
    await refresh('views');
  };
  const remove = async (one: SavedView) => {
    if (!(await confirm({ title: t('view.removeTitle', { name: one.name }), text: t('view.removeText'), deed: t('view.remove'), isDangerous: true }))) return;
    try {
      await call(api.DELETE('/api/v1/views/{id}', { params: { path: { id: one.id } } }));
      choose('all');
      await refresh('views');
    } catch (error) {
      notify.failed(error);
    }
  };
  return (
    <nav className={classes.views} aria-label={t('view.all')}>
      {STARTERS.map((one) => (
        <button key={one.id} type="button" className={classes.view} aria-current={current === one.id ? 'page' : undefined} onClick={() => choose(one.id)}>
          {t(`starter.${one.id}`)}
        </button>
      ))}
      {saved.map((one) => (
        <button key={one.id} type="button" className={classes.view} aria-current={current === one.id ? 'page' : undefined} onClick={() => choose(one.id, one)}>
          {one.name}
          {one.shared && <IconUsers size={14} role="img" aria-label={t('view.isShared')} />}
        </button>
      ))}
      {open?.own && (
        <Menu position="bottom-end" withinPortal>
          <Menu.Target>
            <ActionIcon variant="subtle" color="gray" aria-label={t('view.menu', { name: open.name })}><IconDots size={16} aria-hidden /></ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item onClick={() => setAsking(open)}>{t('view.rename')}</Menu.Item>
            <Menu.Item color="red" onClick={() => void remove(open)}>{t('view.remove')}</Menu.Item>
          </Menu.Dropdown>
        </Menu>
      )}
      {isChanged && (
        <Group gap={4} wrap="nowrap" ml="auto">
          {open?.own && <Button variant="light" size="compact-sm" onClick={() => void change(open, { doc }).then(() => notify.done(t('view.changed')), notify.failed)}>{t('view.saveChanges')}</Button>}
          <Button variant="subtle" size="compact-sm" onClick={() => setAsking('new')}>{t('view.saveAs')}</Button>
        </Group>
      )}
      {asking && (
        <Named
          title={asking === 'new' ? t('view.saveAs') : t('view.rename')} view={asking === 'new' ? undefined : asking} close={() => setAsking(null)}
          save={(name, shared) => (asking === 'new' ? make(name, shared) : change(asking, { name, shared }))}
        />
      )}
    </nav>
  );
}
