/** A template of the API as it is worked on. */
import type { Schema } from '../../api';
import type { Body, Work } from './model';

export function workOf(template: Schema<'TemplateView'>): Work {
  return {
    name: template.name, channel: template.channel, purpose: template.purpose === 'transactional' ? 'transactional' : 'marketing',
    subject: template.subject ?? '', preheader: template.preheader ?? '', body: template.body as unknown as Body, ...(template.text ? { text: template.text } : {}),
  };
}
