/** The frame of the pages that need nobody to be signed in: a form, and beside it what the product does. */
import { Group, SegmentedControl, Text, ThemeIcon } from '@mantine/core';
import { IconMail, IconReceipt, IconShoppingCart } from '@tabler/icons-react';
import { type ReactNode, useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { language, speak, type Language } from '../../app/i18n';
import { Mark } from '../../app/Mark';
import { useFormats } from '../../parts/format';
import classes from './Door.module.css';

const STORY = [
  { id: 'left', Icon: IconShoppingCart, tone: 'wait' },
  { id: 'mail', Icon: IconMail, tone: 'accent' },
  { id: 'back', Icon: IconReceipt, tone: 'good' },
] as const;
const GAIN = 450_000;

function Picture() {
  const { t } = useTranslation('accounts');
  const formats = useFormats();
  return (
    <aside className={classes.picture} aria-hidden="true">
      <svg className={classes.loop} viewBox="0 0 32 32" fill="none" stroke="currentColor" strokeWidth="3.2" strokeLinecap="round" strokeLinejoin="round">
        <path d="M4 26h14.5a9.5 9.5 0 1 0-9.5-9.5v1" />
        <path d="M4.5 14.5L9 19l4.5-4.5" />
      </svg>
      <p className={classes.slogan}>{t('door.slogan')}</p>
      <div className={classes.story}>
        {STORY.map(({ id, Icon, tone }, at) => (
          <div key={id} style={{ display: 'contents' }}>
            {at > 0 && <span className={classes.thread} style={{ marginLeft: 12 + 28 * at }} />}
            <section className={classes.step} style={{ marginLeft: 28 * at }}>
              <ThemeIcon size={38} radius="xl" style={{ background: `var(--ql-${tone}-tint)`, color: `var(--ql-${tone})` }}><Icon size={20} stroke={1.7} /></ThemeIcon>
              <div className={classes.stepText}>
                <Text size="sm" fw={600}>{t(`door.${id}.title`)}</Text>
                <Text size="xs" c="dimmed">{t(`door.${id}.text`)}</Text>
              </div>
              {id === 'back' && <span className={classes.gain}>+{formats.money(GAIN, 'VND')}</span>}
            </section>
          </div>
        ))}
      </div>
    </aside>
  );
}

export function Door({ title, text, children }: { title: string; text?: ReactNode; children: ReactNode }) {
  const { t } = useTranslation('accounts');
  useEffect(() => {
    document.title = `${title} · Quaylai`;
  }, [title]);
  return (
    <div className={classes.door}>
      <div className={classes.inside}>
        <Group component="header" justify="space-between">
          <div className={classes.brand}><Mark size={30} /><span>Quaylai</span></div>
          <SegmentedControl
            size="xs" aria-label={t('language')} value={language()} onChange={(value) => void speak(value as Language)}
            data={[{ value: 'vi', label: 'Tiếng Việt' }, { value: 'en', label: 'English' }]}
          />
        </Group>
        <main className={classes.middle}>
          <div className={classes.form}>
            <Text component="h1" fz="1.75rem" fw={600} lh={1.25} m={0}>{title}</Text>
            {text && <Text c="dimmed" mt={6} component="div">{text}</Text>}
            {children}
          </div>
        </main>
      </div>
      <Picture />
    </div>
  );
}
