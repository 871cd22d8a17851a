/** What a provider wants to know, as inputs, and where it calls back. */
import { Button, Collapse, NumberInput, PasswordInput, Select, SimpleGrid, Stack, Switch, TagsInput, TextInput } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import { useDisclosure } from '@mantine/hooks';
import { IconChevronDown, IconChevronUp } from '@tabler/icons-react';
import type { TFunction } from 'i18next';
import { useTranslation } from 'react-i18next';
import { Note } from '../../../parts/Note';
import { Panel } from '../../../parts/Panel';
import type { Channel } from '../channels';
import { CopyLine } from '../Copy';
import { type Field, isKept, type Provider, type Values } from '../providers';

/** A form that holds values by provider. */
export interface Held {
  values: Record<string, Values>;
}

const SHARED = new Set(['base_url', 'timeout_ms', 'per_second']);
/** Inputs that need a line of their own. */
const isWide = (field: Field) => field.kind === 'switch' || field.kind === 'tags' || field.kind === 'choice';

export function ProviderFields<T extends Held>({ provider, channel, form, disabled }: { provider: Provider; channel: Channel; form: UseFormReturnType<T>; disabled: boolean }) {
  const { t } = useTranslation('providers');
  const [isOpen, { toggle }] = useDisclosure();
  const first = provider.fields.filter((field) => !field.isMore);
  const more = provider.fields.filter((field) => field.isMore);
  const one = (field: Field) => {
    const of = SHARED.has(field.name) ? 'any' : provider.id;
    const same = { label: t(`field.${of}.${field.name}`), description: t(`help.${of}.${field.name}`), disabled };
    const below = { inputWrapperOrder: ['label', 'input', 'description', 'error'] as ('label' | 'input' | 'description' | 'error')[] };
    const props = form.getInputProps(`values.${provider.id}.${field.name}` as never, { type: field.kind === 'switch' ? 'checkbox' : 'input' });
    switch (field.kind) {
      case 'secret':
        return (
          <PasswordInput
            {...same} {...below} required={field.isRequired && !isKept(channel, provider, field.name)} autoComplete="new-password"
            placeholder={isKept(channel, provider, field.name) ? t('kept') : undefined} visibilityToggleButtonProps={{ 'aria-label': t('show', { name: same.label }) }} {...props}
          />
        );
      case 'number':
        return <NumberInput {...same} {...below} required={field.isRequired} min={field.min} max={field.max} allowDecimal={false} {...props} />;
      case 'switch':
        return <Switch {...same} {...props} />;
      case 'choice':
        return <Select {...same} {...below} allowDeselect={false} data={(field.options ?? []).map((option) => ({ value: option, label: t(`option.${provider.id}.${field.name}.${option}`) }))} {...props} />;
      case 'tags':
        return <TagsInput {...same} {...below} {...props} />;
      default:
        return <TextInput {...same} {...below} required={field.isRequired} placeholder={field.example} autoComplete="off" spellCheck={false} {...props} />;
    }
  };
  const laid = (fields: Field[]) => (
    <Stack>
      <SimpleGrid cols={{ base: 1, sm: 2 }}>{fields.filter((field) => !isWide(field)).map((field) => <div key={field.name}>{one(field)}</div>)}</SimpleGrid>
      {fields.filter(isWide).map((field) => <div key={field.name}>{one(field)}</div>)}
    </Stack>
  );
  return (
    <Stack>
      {laid(first)}
      {more.length > 0 && (
        <div>
          <Button variant="subtle" size="compact-sm" onClick={toggle} aria-expanded={isOpen} leftSection={isOpen ? <IconChevronUp size={16} /> : <IconChevronDown size={16} />}>{t('more')}</Button>
          <Collapse expanded={isOpen}><div style={{ paddingTop: 12 }}>{laid(more)}</div></Collapse>
        </div>
      )}
    </Stack>
  );
}

/** Where the provider tells what became of messages. */
export function CallbackPanel({ channel, provider }: { channel: Channel; provider: Provider }) {
  const { t } = useTranslation('providers');
  if (provider.callback === 'none') return provider.id === 'smtp' || provider.id === 'onsite' ? null : <Note tone="calm">{t(`where.${provider.id}`)}</Note>;
  return (
    <Panel title={t('callback')} text={t('callbackText')}>
      <Stack gap="sm">
        <CopyLine text={channel.callback_url} label={t('callbackAddress')} />
        <Note tone={provider.callback === 'sent' ? 'calm' : 'wait'}>{t(`where.${provider.id}`)}</Note>
      </Stack>
    </Panel>
  );
}

/** Our words for what the server says of the fields of a provider, by the paths of the form. */
export function wrongOf(errors: Record<string, string>, provider: Provider, t: TFunction<'providers'>): Record<string, string> {
  const found: Record<string, string> = {};
  for (const field of provider.fields) {
    if (!(field.name in errors)) continue;
    const word = field.kind === 'secret' ? 'secret' : field.name.endsWith('base_url') ? 'address' : field.kind === 'number' ? 'number' : field.isRequired ? 'text' : 'other';
    found[`values.${provider.id}.${field.name}`] = t(`wrong.${word}`, { min: field.min, max: field.max });
  }
  return found;
}
