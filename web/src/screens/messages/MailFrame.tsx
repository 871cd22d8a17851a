/** A message as its reader sees it: its HTML alone in a frame that runs nothing and reaches nobody but pictures. */
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

const MOST = 4_000;

export function MailFrame({ html, title, minHeight = 320 }: { html: string; title?: string; minHeight?: number }) {
  const { t } = useTranslation('messages');
  const [height, setHeight] = useState(minHeight);
  return (
    <iframe
      title={title ?? t('mail.frame')} srcDoc={quiet(html)} sandbox="allow-same-origin" referrerPolicy="no-referrer"
      style={{ display: 'block', width: '100%', height, border: 0, background: '#fff' }}
      onLoad={(event) => {
        const inside = event.currentTarget.contentDocument;
        if (!inside) return;
        const measure = () => setHeight(Math.min(MOST, Math.max(minHeight, inside.documentElement.scrollHeight)));
        measure();
        for (const image of inside.images) image.addEventListener('load', measure, { once: true });
      }}
    />
  );
}

/** Links show where they lead and lead nowhere; what counts opens is left out, or our own look would count. */
export function quiet(html: string): string {
  const parsed = new DOMParser().parseFromString(html, 'text/html');
  for (const one of parsed.querySelectorAll('script, link, meta[http-equiv], iframe, object, embed, form')) one.remove();
  for (const style of parsed.querySelectorAll('style')) style.textContent = (style.textContent ?? '').replace(/@import[^;]*;?/gi, '');
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
