/** MJML or HTML by hand, with the look beside it. */
import { Stack, Textarea } from '@mantine/core';
import { useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import classes from '../content.module.css';
import type { EditorProps } from './BlockEditor';
import { Heads } from './BlockEditor';
import { FieldMenu } from './fields';
import { type As, Findings, PreviewPane } from './Preview';

export function CodeEditor({ work, change, editable }: EditorProps) {
  const { t } = useTranslation('content');
  const ref = useRef<HTMLTextAreaElement>(null);
  const [as, setAs] = useState<As>({ kind: 'full', profile: null });
  const source = work.body.source as string;
  const set = (text: string) => change({ ...work, body: { ...work.body, source: text } as typeof work.body }, 'source');
  return (
    <div style={{ display: 'grid', gridTemplateColumns: 'repeat(auto-fit, minmax(min(100%, 460px), 1fr))', minHeight: 0 }}>
      <section className={classes.middle} aria-label={t('code')} tabIndex={0}>
        <Stack gap="md">
          <Heads work={work} change={change} editable={editable} />
          <Textarea
            ref={ref} label={t(`codeOf.${work.body.kind}`)} value={source} onChange={(event) => set(event.currentTarget.value)} autosize minRows={24} maxRows={60} spellCheck={false} readOnly={!editable}
            classNames={{ input: classes.code }}
            rightSection={editable ? <FieldMenu pick={(field) => {
              const at = ref.current?.selectionStart ?? source.length;
              set(source.slice(0, at) + field.liquid + source.slice(at));
            }} /> : undefined}
            rightSectionProps={{ style: { alignItems: 'flex-start', paddingTop: 4 } }}
          />
        </Stack>
      </section>
      <section className={classes.middle} aria-label={t('preview')} tabIndex={0}>
        <Stack gap="lg"><PreviewPane work={work} as={as} setAs={setAs} /><Findings work={work} as={as} /></Stack>
      </section>
    </div>
  );
}
