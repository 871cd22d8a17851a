/** What can be done to a campaign as a whole. */
import { useNavigate } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { api, call, refresh } from '../../api';
import { confirm } from '../../parts/confirm';
import { notify } from '../../parts/notify';
import type { CampaignView } from './model';

export function useDeeds() {
  const { t } = useTranslation('campaigns');
  const navigate = useNavigate();
  const of = (id: string) => ({ params: { path: { id } } });

  async function tried(work: () => Promise<unknown>): Promise<boolean> {
    try {
      await work();
      await refresh('campaigns');
      return true;
    } catch (error) {
      notify.failed(error);
      await refresh('campaigns');
      return false;
    }
  }

  return {
    async pause(one: CampaignView) {
      if (await tried(() => call(api.POST('/api/v1/campaigns/{id}/pause', of(one.id))))) {
        notify.undo(t('done.paused', { name: one.name }), () => tried(() => call(api.POST('/api/v1/campaigns/{id}/resume', of(one.id)))));
      }
    },
    async resume(one: CampaignView) {
      if (await tried(() => call(api.POST('/api/v1/campaigns/{id}/resume', of(one.id))))) notify.done(t('done.resumed', { name: one.name }));
    },
    async cancel(one: CampaignView) {
      const yes = await confirm({ title: t('cancel.title', { name: one.name }), text: t('cancel.text'), deed: t('cancel.deed'), isDangerous: true });
      if (yes && (await tried(() => call(api.POST('/api/v1/campaigns/{id}/cancel', of(one.id)))))) notify.done(t('done.cancelled', { name: one.name }));
    },
    async recall(one: CampaignView) {
      if (await tried(() => call(api.POST('/api/v1/campaigns/{id}/recall', of(one.id))))) {
        notify.done(t('done.recalled', { name: one.name }));
        void navigate({ to: `/campaigns/${one.id}/edit` });
      }
    },
    async duplicate(one: CampaignView) {
      await tried(async () => {
        const made = await call(api.POST('/api/v1/campaigns/{id}/duplicate', of(one.id)));
        notify.done(t('done.duplicated', { name: made.name }));
        void navigate({ to: `/campaigns/${made.id}/edit` });
      });
    },
    async archive(one: CampaignView) {
      if (await tried(() => call(api.POST('/api/v1/campaigns/{id}/archive', of(one.id))))) {
        notify.undo(t('done.archived', { name: one.name }), () => tried(() => call(api.POST('/api/v1/campaigns/{id}/restore', of(one.id)))));
      }
    },
    async restore(one: CampaignView) {
      if (await tried(() => call(api.POST('/api/v1/campaigns/{id}/restore', of(one.id))))) notify.done(t('done.restored', { name: one.name }));
    },
    async remove(one: CampaignView): Promise<boolean> {
      const yes = await confirm({ title: t('remove.title', { name: one.name }), text: t('remove.text'), deed: t('remove.deed'), isDangerous: true });
      if (!yes || !(await tried(() => call(api.DELETE('/api/v1/campaigns/{id}', of(one.id)))))) return false;
      notify.done(t('done.removed', { name: one.name }));
      return true;
    },
  };
}
