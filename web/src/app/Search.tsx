/** Global search and the command palette: the button here, the palette itself when it is first opened. */
import { UnstyledButton } from '@mantine/core';
import { useHotkeys } from '@mantine/hooks';
import { IconSearch } from '@tabler/icons-react';
import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import classes from './Search.module.css';

const Palette = lazy(() => import('./Palette'));
const isMac = /mac|iphone|ipad/i.test(navigator.platform);

export function SearchButton() {
  const { t } = useTranslation('shell');
  const [isOpen, setOpen] = useState(false);
  const [wasOpen, setWasOpen] = useState(false);
  const open = () => {
    setWasOpen(true);
    setOpen(true);
  };
  useHotkeys([['mod+K', () => (isOpen ? setOpen(false) : open()), { preventDefault: true }]], [], true);
  return (
    <>
      <UnstyledButton className={classes.button} onClick={open} aria-haspopup="dialog" aria-keyshortcuts="Control+K Meta+K">
        <IconSearch size={17} aria-hidden />
        <span className={classes.hint}>{t('search.hint')}</span>
        <kbd className={classes.keys} aria-hidden>{isMac ? '⌘K' : 'Ctrl K'}</kbd>
      </UnstyledButton>
      {wasOpen && <Suspense fallback={null}><Palette isOpen={isOpen} close={() => setOpen(false)} /></Suspense>}
    </>
  );
}
