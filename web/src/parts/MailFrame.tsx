/** A message as its reader sees it: its HTML alone in a frame that runs nothing and reaches nobody but pictures. */
import { type CSSProperties, useEffect, useMemo, useRef, useState } from 'react';

const LEAST = 200;
const MOST = 8_000;
/** Styles that come late change the height once more. */
const LATE_MS = 400;

/**
 * Links show where they lead and lead nowhere; what counts opens is left out, or our own look would count; pictures of
 * the library come from the server that is asked. The dark scheme is put on or taken off where that is told.
 */
export function forLook(html: string, dark?: boolean): string {
  const parsed = new DOMParser().parseFromString(html.replace(/https?:\/\/[^"'\s/]+\/media\//g, '/media/'), 'text/html');
  for (const one of parsed.querySelectorAll('script, link, meta[http-equiv], iframe, object, embed, form')) one.remove();
  for (const style of parsed.querySelectorAll('style')) {
    const told = (style.textContent ?? '').replace(/@import[^;]*;?/gi, '');
    style.textContent = dark === undefined ? told : told.replace(/@media\s*\(prefers-color-scheme:\s*dark\)/g, dark ? '@media all' : '@media not all');
  }
  for (const image of parsed.querySelectorAll('img')) if (/\/e\/o\//.test(image.src)) image.remove();
  for (const link of parsed.querySelectorAll('a')) {
    const href = link.getAttribute('href');
    if (href) link.title = href;
    link.removeAttribute('href');
    link.style.cursor = 'default';
  }
  for (const one of parsed.querySelectorAll('*')) {
    for (const name of one.getAttributeNames()) if (name.startsWith('on')) one.removeAttribute(name);
  }
  return `<!doctype html>${parsed.documentElement.outerHTML}`;
}

export interface MailFrameProps {
  html: string;
  title: string;
  /** Pixels that the message thinks it has; as wide as its place when not given. */
  width?: number;
  scale?: number;
  /** The scheme of the reader; that of the window when not told. */
  dark?: boolean;
  /** Pixels on the screen; as high as the message when not given. */
  fixedHeight?: number;
  minHeight?: number;
}

export function MailFrame({ html, title, width, scale = 1, dark, fixedHeight, minHeight = LEAST }: MailFrameProps) {
  const frame = useRef<HTMLIFrameElement>(null);
  const [height, setHeight] = useState(Math.max(600, minHeight));
  const source = useMemo(() => forLook(html, dark), [html, dark]);
  const measure = (): void => {
    const inside = frame.current?.contentDocument?.body;
    if (inside) setHeight(Math.min(MOST, Math.max(minHeight, inside.scrollHeight)));
  };
  const loaded = (): void => {
    measure();
    for (const image of frame.current?.contentDocument?.images ?? []) image.addEventListener('load', measure, { once: true });
  };
  useEffect(() => {
    const again = setTimeout(measure, LATE_MS);
    return () => clearTimeout(again);
  }, [source, width]);
  const inside: CSSProperties = { width: width ?? '100%', height: fixedHeight ? fixedHeight / scale : height, border: 0, display: 'block' };
  if (scale !== 1) Object.assign(inside, { transform: `scale(${scale})`, transformOrigin: '0 0' });
  return (
    <div style={{ width: width === undefined ? '100%' : width * scale, height: fixedHeight ?? height * scale, overflow: 'hidden', position: 'relative', background: dark ? '#121312' : '#fff' }}>
      <iframe
        ref={frame} title={title} srcDoc={source} sandbox="allow-same-origin" referrerPolicy="no-referrer" loading="lazy" onLoad={loaded} style={inside}
        {...(scale === 1 ? {} : { tabIndex: -1 })}
      />
    </div>
  );
}
