/** A campaign from its audience to its last check. It is a draft on the server all the while, and keeps itself. */
import { Button, Group, Stack, Text, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { IconAlertCircle, IconCheck, IconCloudCheck } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, Navigate, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, asProblem, call, type Problem } from '../../api';
import { useMay } from '../../app/session';
import { ErrorNote, told } from '../../parts/ErrorNote';
import { Note } from '../../parts/Note';
import { Page } from '../../parts/Page';
import { PageSkeleton } from '../../parts/PageSkeleton';
import classes from './composer.module.css';
import { type CampaignView, campaignQuery, type Definition, definitionOf, hasAudience } from './model';
import { Reach } from './Reach';
import { CampaignState } from './state';
import { StepAudience } from './StepAudience';
import { StepContent } from './StepContent';
import { StepReview } from './StepReview';
import { StepSchedule } from './StepSchedule';

export const STEPS = ['audience', 'content', 'schedule', 'review'] as const;
export type Step = (typeof STEPS)[number];

export interface StepProps {
  campaign: CampaignView;
  definition: Definition;
  change: (more: Partial<Definition>) => void;
  isLocked: boolean;
}

/** A draft in hand, and whether the server has it. */
function useDraft(view: CampaignView) {
  const client = useQueryClient();
  const [definition, setDefinition] = useState(() => definitionOf(view));
  const [state, setState] = useState<'saved' | 'saving' | 'failed'>('saved');
  const [problem, setProblem] = useState<Problem | null>(null);
  const newest = useRef(definition);
  const running = useRef<Promise<unknown>>(Promise.resolve());
  const isDirty = useRef(false);
  const write = () => {
    running.current = running.current.then(async () => {
      if (!isDirty.current) return;
      isDirty.current = false;
      try {
        const saved = await call(api.PUT('/api/v1/campaigns/{id}', { params: { path: { id: view.id } }, body: newest.current as never }));
        client.setQueryData(campaignQuery(view.id).queryKey, saved);
        void client.invalidateQueries({ queryKey: ['campaigns', 'list'] });
        setProblem(null);
        setState(isDirty.current ? 'saving' : 'saved');
      } catch (error) {
        setProblem(asProblem(error));
        setState('failed');
      }
    });
    return running.current;
  };
  const soon = useDebouncedCallback(() => void write(), { delay: 600, flushOnUnmount: true });
  return {
    definition,
    state,
    problem,
    change(more: Partial<Definition>) {
      newest.current = { ...newest.current, ...more };
      isDirty.current = true;
      setDefinition(newest.current);
      setState('saving');
      soon();
    },
    /** Everything that was written is on the server, or the reason why not is shown. */
    async settle() {
      await write();
      return !isDirty.current;
    },
  };
}

export default function ComposerPage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const query = useQuery(campaignQuery(id));
  if (query.isPending) return <PageSkeleton />;
  if (query.error) return <ErrorNote error={query.error} retry={() => void query.refetch()} />;
  if (!['draft', 'scheduled', 'paused'].includes(query.data.state)) return <Navigate to={`/campaigns/${id}`} replace />;
  return <Composer key={id} campaign={query.data} />;
}

function Composer({ campaign }: { campaign: CampaignView }) {
  const { t } = useTranslation('campaigns');
  const navigate = useNavigate();
  const search = useSearch({ strict: false }) as { step?: Step };
  const mayChange = useMay('setup.change');
  const draft = useDraft(campaign);
  const { definition } = draft;
  const step = STEPS.find((one) => one === search.step) ?? 'audience';
  const heading = useRef<HTMLDivElement>(null);
  const isFirst = useRef(true);
  const go = (to: Step) => void navigate({ to: `/campaigns/${campaign.id}/edit`, search: { step: to } as never });
  useEffect(() => {
    if (isFirst.current) {
      isFirst.current = false;
      return;
    }
    heading.current?.focus();
    window.scrollTo({ top: 0 });
  }, [step]);
  const isDone: Record<Step, boolean> = {
    audience: hasAudience(definition),
    content: definition.template !== '',
    schedule: true,
    review: campaign.state !== 'draft',
  };
  const props: StepProps = { campaign, definition, change: draft.change, isLocked: !mayChange };
  const at = STEPS.indexOf(step);
  const next = STEPS[at + 1];
  const before = STEPS[at - 1];
  return (
    <Page
      title={definition.name || t('new.title')} badge={<CampaignState state={campaign.state} />} above={[{ title: t('list.title'), to: '/campaigns' }]}
      actions={<><Saved state={draft.state} problem={draft.problem} retry={() => void draft.settle()} />{campaign.state !== 'draft' && <Button variant="default" component={Link} to={`/campaigns/${campaign.id}`}>{t('compose.toReport')}</Button>}</>}
    >
      {!mayChange && <Note tone="wait">{t('compose.mayNot')}</Note>}
      {campaign.state === 'scheduled' && <Note tone="calm">{t('compose.isScheduled')}</Note>}
      <nav className={classes.steps} aria-label={t('compose.steps')}>
        {STEPS.map((one, index) => (
          <button key={one} type="button" className={classes.step} aria-current={one === step ? 'step' : undefined} onClick={() => go(one)}>
            <span className={classes.dot} data-tone={isDone[one] && one !== step ? 'good' : undefined} aria-hidden>
              {isDone[one] && one !== step ? <IconCheck size={16} /> : index + 1}
            </span>
            <span className={classes.stepText}>
              <Text span size="sm" fw={600} display="block">{t(`stage.${one}`)}</Text>
              <Text span size="xs" c="dimmed" display="block">{t(`stageText.${one}`)}</Text>
            </span>
          </button>
        ))}
      </nav>
      <div className={classes.layout}>
        <Stack gap="lg" ref={heading} tabIndex={-1} style={{ outline: 'none' }} aria-label={t(`stage.${step}`)} role="group">
          {step === 'audience' && (
            <TextInput
              label={t('new.name')} value={definition.name} disabled={!mayChange} maxLength={200} error={definition.name.trim() ? undefined : t('new.nameless')}
              onChange={(event) => draft.change({ name: event.currentTarget.value })}
            />
          )}
          {step === 'audience' && <StepAudience {...props} />}
          {step === 'content' && <StepContent {...props} settle={draft.settle} />}
          {step === 'schedule' && <StepSchedule {...props} />}
          {step === 'review' && <StepReview {...props} settle={draft.settle} go={go} problem={draft.problem} />}
          <Group justify="space-between">
            {before ? <Button variant="default" onClick={() => go(before)}>{t('compose.before')}</Button> : <span />}
            {next && <Button onClick={() => go(next)}>{t('compose.next', { step: t(`stage.${next}`) })}</Button>}
          </Group>
        </Stack>
        <aside className={classes.side} aria-label={t('reach.title')}>
          <Reach definition={definition} />
        </aside>
      </div>
    </Page>
  );
}

function Saved({ state, problem, retry }: { state: 'saved' | 'saving' | 'failed'; problem: Problem | null; retry: () => void }) {
  const { t } = useTranslation('campaigns');
  if (state === 'failed') {
    return (
      <Group gap="xs" role="alert">
        <IconAlertCircle size={18} color="var(--ql-bad)" aria-hidden />
        <Text size="sm" c="var(--ql-bad)" maw={360}>{problem ? told(problem) : t('compose.notSaved')}</Text>
        <Button size="compact-sm" variant="default" onClick={retry}>{t('compose.saveAgain')}</Button>
      </Group>
    );
  }
  return (
    <Group gap={6} role="status">
      <IconCloudCheck size={18} color="var(--mantine-color-dimmed)" aria-hidden />
      <Text size="sm" c="dimmed">{t(`compose.${state}`)}</Text>
    </Group>
  );
}
