/** Small looks at messages, rendered by the server when they come into view. */
import { useIntersection } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useEffect, useState } from 'react';
import { api, call } from '../../api';
import { useMay } from '../../app/session';
import classes from './content.module.css';
import { MailFrame } from '../../parts/MailFrame';

/** Its content from the moment on when it is nearly in view. */
export function Seen({ children }: { children: ReactNode }) {
  const { ref, entry } = useIntersection({ rootMargin: '300px' });
  const [seen, setSeen] = useState(false);
  useEffect(() => {
    if (entry?.isIntersecting) setSeen(true);
  }, [entry?.isIntersecting]);
  return <div ref={ref} style={{ width: '100%', minHeight: 200, display: 'flex', justifyContent: 'center' }} aria-hidden>{seen && children}</div>;
}

export function Bubble({ text }: { text: string }) {
  return <div className={classes.bubble}>{text}</div>;
}

export function TemplateThumb({ id, version, subject }: { id: string; version: number; subject: string }) {
  return <Seen><Thumb id={id} version={version} subject={subject} /></Seen>;
}

function Thumb({ id, version, subject }: { id: string; version: number; subject: string }) {
  const may = useMay('people.read');
  const { data } = useQuery({
    queryKey: ['preview', 'thumb', id, version], enabled: may, staleTime: 5 * 60_000, retry: false,
    queryFn: () => call(api.POST('/api/v1/templates/{id}/preview', { params: { path: { id } }, body: { sample: 'full' } })),
  });
  if (!data) return <Bubble text={subject} />;
  if (data.html) return <MailFrame html={data.html} title={data.subject} width={640} scale={0.42} fixedHeight={240} />;
  return <Bubble text={[data.subject, data.sms?.written.text ?? data.text].filter(Boolean).join('\n')} />;
}
