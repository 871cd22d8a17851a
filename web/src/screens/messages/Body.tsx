/** The words of a message: as it looks, as plain text, as source. */
import { Group, SegmentedControl, Stack, Tabs, Text } from '@mantine/core';
import { IconDeviceDesktop, IconDeviceMobile } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { MailFrame } from '../../parts/MailFrame';
import type { Whole } from './model';

export function Body({ message }: { message: Whole }) {
  const { t } = useTranslation('messages');
  const [device, setDevice] = useState('desktop');
  const { body } = message;
  if (!body || (!body.html && !body.text)) return <Text size="sm" c="dimmed">{body ? t('mail.forgotten') : t('mail.never')}</Text>;
  return (
    <Tabs defaultValue={body.html ? 'look' : 'text'} keepMounted={false}>
      <Group justify="space-between" align="flex-end" gap="sm" mb="sm">
        <Tabs.List style={{ flex: 1 }}>
          {body.html && <Tabs.Tab value="look">{t('mail.look')}</Tabs.Tab>}
          {body.text && <Tabs.Tab value="text">{t('mail.text')}</Tabs.Tab>}
          {body.html && <Tabs.Tab value="source">{t('mail.source')}</Tabs.Tab>}
        </Tabs.List>
        {body.html && (
          <SegmentedControl
            size="xs" aria-label={t('mail.device')} value={device} onChange={setDevice}
            data={[
              { value: 'desktop', label: <IconDeviceDesktop size={16} role="img" aria-label={t('mail.desktop')} /> },
              { value: 'phone', label: <IconDeviceMobile size={16} role="img" aria-label={t('mail.phone')} /> },
            ]}
          />
        )}
      </Group>
      {body.html && (
        <Tabs.Panel value="look">
          <div style={{ border: '1px solid var(--ql-line)', borderRadius: 12, overflow: 'hidden', maxWidth: device === 'phone' ? 390 : undefined, marginInline: 'auto' }}>
            <MailFrame html={body.html} title={t('mail.frame')} minHeight={420} />
          </div>
        </Tabs.Panel>
      )}
      {body.text && <Tabs.Panel value="text"><Text component="pre" size="sm" style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere', margin: 0, fontFamily: 'inherit' }}>{body.text}</Text></Tabs.Panel>}
      {body.html && (
        <Tabs.Panel value="source">
          <Stack style={{ maxHeight: 560, overflow: 'auto', background: 'var(--ql-paper)', borderRadius: 9, padding: 12 }} tabIndex={0} role="region" aria-label={t('mail.source')}>
            <Text component="pre" size="xs" style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere', margin: 0, fontFamily: 'ui-monospace, monospace' }}>{body.html}</Text>
          </Stack>
        </Tabs.Panel>
      )}
    </Tabs>
  );
}
