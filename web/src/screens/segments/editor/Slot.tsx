import { Popover } from '@mantine/core';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import css from './editor.module.css';

export interface SlotProps {
  text: string;
  /** What can be changed here, for screen readers. */
  label: string;
  isMissing?: boolean;
  isWrong?: boolean;
  isReadOnly?: boolean;
  /** Opens by itself once, when the part it is in is new. */
  opensFirst?: boolean;
  width?: number;
  children: (close: () => void) => ReactNode;
}

const AFTER_MS = 60;

/** Underlined words that open what they can be changed to. */
export function Slot({ text, label, isMissing, isWrong, isReadOnly, opensFirst, width = 320, children }: SlotProps) {
  const [isOpen, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (opensFirst) setOpen(true);
  }, [opensFirst]);
  if (isReadOnly) return <span className={css.value}>{text}</span>;
  const close = (): void => {
    setOpen(false);
    // What opened by itself has nowhere to give the focus back to, unless the next gap has taken it already.
    setTimeout(() => {
      if (document.activeElement === document.body) button.current?.focus();
    }, AFTER_MS);
  };
  return (
    <Popover opened={isOpen} onChange={(next) => (next ? setOpen(true) : close())} trapFocus returnFocus width={width} position="bottom-start" shadow="md" radius="md" withinPortal middlewares={{ shift: { padding: 8 }, flip: true, size: false }}>
      <Popover.Target>
        <button
          ref={button} type="button" className={css.slot} aria-label={`${label}: ${text}`} aria-haspopup="dialog" data-slot={label} data-open={isOpen || undefined} data-missing={isMissing || undefined} data-wrong={isWrong || undefined}
          onClick={() => setOpen((was) => !was)}
        >
          {text}
        </button>
      </Popover.Target>
      <Popover.Dropdown p="sm" maw="calc(100vw - 16px)" aria-label={label} onKeyDown={(event) => event.key === 'Escape' && event.stopPropagation()}>
        {isOpen && children(close)}
      </Popover.Dropdown>
    </Popover>
  );
}
