/** Short words at the edge of the screen about what was just done. */
import { Button, Group } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import i18next from 'i18next';
import { asProblem } from '../api';
import { told } from './ErrorNote';

const STAY_MS = 5_000;
const UNDO_MS = 10_000;

const named = () => ({ 'aria-label': i18next.t('common:close') });

export const notify = {
  done(message: string) {
    notifications.show({ message, color: 'teal', autoClose: STAY_MS, closeButtonProps: named() });
  },
  failed(error: unknown) {
    notifications.show({ message: told(asProblem(error)), color: 'red', autoClose: 2 * STAY_MS, closeButtonProps: named() });
  },
  /** Something was done that can be taken back for a while. */
  undo(message: string, undo: () => void | Promise<unknown>) {
    const id = notifications.show({
      autoClose: UNDO_MS,
      closeButtonProps: named(),
      message: (
        <Group justify="space-between" wrap="nowrap">
          <span>{message}</span>
          <Button
            size="compact-sm" variant="light"
            onClick={() => {
              notifications.hide(id);
              Promise.resolve(undo()).catch(notify.failed);
            }}
          >
            {i18next.t('common:undo')}
          </Button>
        </Group>
      ),
    });
  },
};
