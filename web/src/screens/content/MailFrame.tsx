/** A message in a frame of its own: nothing in it runs, and links lead nowhere. */
import { useEffect, useMemo, useRef, useState } from 'react';

/** For a look: pictures of the library come from the server that is asked, links do not act, and the dark scheme is put on or taken off. */
export function forLook(html: string, dark: boolean): string {
  const local = html.replace(/https?:\/\/[^"'\s/]+\/media\//g, '/media/');
  const schemed = dark
    ? local.replace(/@media\s*\(prefers-color-scheme:\s*dark\)/g, '@media all')
    : local.replace(/@media\s*\(prefers-color-scheme:\s*dark\)/g, '@media not all');
  const quiet = schemed.replace(/<a\b([^>]*?)\bhref=("[^"]*"|'[^']*')/gi, '<a$1title=$2');
  // Nothing is fetched from elsewhere for a look but pictures.
  return quiet.replace(/<(script|iframe|object|embed)\b[\s\S]*?<\/\1>/gi, '').replace(/<link\b[^>]*>/gi, '').replace(/@import[^;<]*;?/gi, '');
}

export function MailFrame({ html, title, width, scale = 1, dark = false, fixedHeight }: {
  html: string;
  title: string;
  /** Pixels that the message thinks it has. */
  width: number;
  scale?: number;
  dark?: boolean;
  /** Pixels on the screen; as high as the message when not given. */
  fixedHeight?: number;
}) {
  const frame = useRef<HTMLIFrameElement>(null);
  const [height, setHeight] = useState(600);
  const source = useMemo(() => forLook(html, dark), [html, dark]);
  const measure = () => {
    const inside = frame.current?.contentDocument?.body;
    if (inside) setHeight(Math.max(200, inside.scrollHeight));
  };
  useEffect(() => {
    const again = setTimeout(measure, 400);
    return () => clearTimeout(again);
  }, [source, width]);
  return (
    <div style={{ width: width * scale, height: fixedHeight ?? height * scale, overflow: 'hidden', position: 'relative', background: dark ? '#121312' : '#fff' }}>
      <iframe
        ref={frame} title={title} srcDoc={source} sandbox="allow-same-origin" referrerPolicy="no-referrer" tabIndex={-1} loading="lazy" onLoad={measure}
        style={{ width, height: fixedHeight ? fixedHeight / scale : height, border: 0, display: 'block', transform: scale === 1 ? undefined : `scale(${scale})`, transformOrigin: '0 0' }}
      />
    </div>
  );
}
