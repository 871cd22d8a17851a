import { ActionIcon, Button, Code, CopyButton, Group, Stack, Text, Tooltip } from '@mantine/core';
import { Note } from '../../parts/Note';
import { IconCheck, IconCopy, IconKey } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';

export function CopyIcon({ text, label }: { text: string; label: string }) {
  const { t } = useTranslation('common');
  return (
    <CopyButton value={text} timeout={2_000}>
      {({ copied, copy }) => (
        <Tooltip label={copied ? t('copied') : label}>
          <ActionIcon onClick={copy} aria-label={copied ? t('copied') : label} size="lg">
            {copied ? <IconCheck size={18} color="var(--ql-good)" /> : <IconCopy size={18} />}
          </ActionIcon>
        </Tooltip>
      )}
    </CopyButton>
  );
}

/** A line of text made for another place: a record, an address. */
export function CopyLine({ text, label }: { text: string; label: string }) {
  const { t } = useTranslation('common');
  return (
    <Group gap="xs" wrap="nowrap" align="flex-start">
      <Code block style={{ flex: '1 1 auto', minWidth: 0, whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }} tabIndex={0} aria-label={label}>{text}</Code>
      <CopyIcon text={text} label={`${t('copy')}: ${label}`} />
    </Group>
  );
}

/** Lines of code to be put somewhere else. */
export function CopyBlock({ text, label }: { text: string; label: string }) {
  const { t } = useTranslation('common');
  return (
    <Stack gap="xs">
      <Code block tabIndex={0} role="region" aria-label={label} style={{ maxHeight: 360, overflow: 'auto' }}>{text}</Code>
      <CopyButton value={text} timeout={2_000}>
        {({ copied, copy }) => (
          <Button variant="default" size="compact-md" onClick={copy} leftSection={copied ? <IconCheck size={16} /> : <IconCopy size={16} />} style={{ alignSelf: 'flex-start' }}>
            {copied ? t('copied') : t('copy')}
          </Button>
        )}
      </CopyButton>
    </Stack>
  );
}

/** A secret that is shown this once. */
export function ShownOnce({ secret, title, text }: { secret: string; title: string; text: string }) {
  return (
    <Note tone="wait" icon={<IconKey aria-hidden />} title={title}>
      <Stack gap="xs">
        <Text size="sm">{text}</Text>
        <CopyLine text={secret} label={title} />
      </Stack>
    </Note>
  );
}
