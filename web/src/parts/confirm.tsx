/** Asked before what cannot be taken back. What can be taken back is done at once, with `notify.undo`. */
import { Button, Group, Stack, Text, TextInput } from '@mantine/core';
import { modals } from '@mantine/modals';
import i18next from 'i18next';
import { type ReactNode, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { overlaid } from './overlaid';

interface Asked {
  title: string;
  text: ReactNode;
  /** The deed in its own words: "Xóa 12 khách hàng", never "OK". */
  deed: string;
  isDangerous?: boolean;
  /** A word that must be typed first. */
  typed?: string;
}

function Body({ text, deed, isDangerous, typed, answer }: Asked & { answer: (yes: boolean) => void }) {
  const { t } = useTranslation('common');
  const [word, setWord] = useState('');
  const isReady = !typed || word.trim().toLocaleLowerCase('vi') === typed.toLocaleLowerCase('vi');
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (isReady) answer(true);
      }}
    >
      <Stack>
        <Text size="sm" component="div">{text}</Text>
        {typed && (
          <TextInput label={t('typeToConfirm', { word: typed })} value={word} onChange={(event) => setWord(event.currentTarget.value)} data-autofocus autoComplete="off" />
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={() => answer(false)} data-autofocus={typed ? undefined : true}>{t('cancel')}</Button>
          <Button type="submit" color={isDangerous ? 'red' : undefined} disabled={!isReady}>{deed}</Button>
        </Group>
      </Stack>
    </form>
  );
}

export async function confirm(asked: Asked): Promise<boolean> {
  await overlaid;
  return new Promise((resolve) => {
    const id = modals.open({
      title: asked.title,
      closeButtonProps: { 'aria-label': i18next.t('common:close') },
      onClose: () => resolve(false),
      children: (
        <Body
          {...asked}
          answer={(yes) => {
            resolve(yes);
            modals.close(id);
          }}
        />
      ),
    });
  });
}
