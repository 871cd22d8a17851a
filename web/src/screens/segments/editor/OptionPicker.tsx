/** A list with a field to search it: by mouse, and by arrows and Enter. */
import { Highlight, Loader, Text, TextInput } from '@mantine/core';
import { IconCheck, IconSearch } from '@tabler/icons-react';
import { type KeyboardEvent, type ReactNode, useEffect, useId, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import css from './editor.module.css';

export interface Option {
  value: string;
  label: string;
  /** Behind the label: how often, what kind. */
  note?: ReactNode;
  /** Below the label. */
  text?: string | undefined;
  group?: string;
  icon?: ReactNode;
  /** What is searched beside the label. */
  also?: string;
}

export interface OptionPickerProps {
  label: string;
  options: Option[];
  value?: string | undefined;
  onPick: (value: string) => void;
  isLoading?: boolean;
  /** What is typed may be taken as it is. */
  create?: { text: (typed: string) => string; pick: (typed: string) => void } | undefined;
  /** The server searches. */
  onSearch?: ((typed: string) => void) | undefined;
  /** Below the list. */
  footer?: ReactNode;
  hideSearch?: boolean;
}

const folded = (text: string): string =>
  text.normalize('NFD').replace(/\p{M}/gu, '').replace(/đ/g, 'd').replace(/Đ/g, 'D').toLowerCase();

export function OptionPicker({ label, options, value, onPick, isLoading, create, onSearch, footer, hideSearch }: OptionPickerProps) {
  const { t } = useTranslation('conditions');
  const [typed, setTyped] = useState('');
  const [active, setActive] = useState<number | null>(null);
  const list = useRef<HTMLDivElement>(null);
  const id = useId();
  const found = useMemo(() => {
    const words = folded(typed.trim()).split(/\s+/).filter(Boolean);
    const fits = (option: Option): boolean => {
      const text = folded(`${option.label} ${option.value} ${option.also ?? ''} ${option.text ?? ''}`);
      return words.every((word) => text.includes(word));
    };
    return options.filter(fits);
  }, [options, typed]);
  const wanted = typed.trim();
  const isNew = create !== undefined && wanted !== '' && !options.some((option) => option.label === wanted || option.value === wanted);
  const count = found.length + (isNew ? 1 : 0);
  const chosen = found.findIndex((option) => option.value === value);
  // What is typed counts from the top; before, the choice in force is marked.
  const at = Math.min(active ?? (wanted === '' && chosen >= 0 ? chosen : 0), count - 1);

  useEffect(() => {
    list.current?.querySelector('[data-active]')?.scrollIntoView({ block: 'nearest' });
  }, [at]);

  const take = (index: number): void => {
    const option = found[index];
    if (option) onPick(option.value);
    else if (isNew) create.pick(wanted);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const move = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 }[event.key];
    if (move !== undefined) {
      event.preventDefault();
      setActive(Math.max(0, Math.min(count - 1, at + move)));
    } else if (event.key === 'Home' && event.ctrlKey) setActive(0);
    else if (event.key === 'End' && event.ctrlKey) setActive(count - 1);
    else if (event.key === 'Enter') {
      event.preventDefault();
      event.stopPropagation();
      take(at);
    }
  };
  let group: string | undefined;
  const isListed = { 'aria-controls': `${id}-list`, 'aria-activedescendant': count > 0 ? `${id}-${at}` : undefined, 'aria-label': label };
  return (
    <div className={css.picker} onKeyDown={hideSearch ? onKeyDown : undefined}>
      {!hideSearch && (
        <TextInput
          size="sm" value={typed} placeholder={t('ui.search')} role="combobox" aria-expanded aria-autocomplete="list" {...isListed} data-autofocus autoComplete="off"
          leftSection={isLoading ? <Loader size={14} /> : <IconSearch size={15} aria-hidden />} onKeyDown={onKeyDown}
          onChange={(event) => {
            setTyped(event.currentTarget.value);
            setActive(0);
            onSearch?.(event.currentTarget.value);
          }}
        />
      )}
      <div ref={list} id={`${id}-list`} role="listbox" aria-label={label} className={css.options} tabIndex={hideSearch ? 0 : -1} data-autofocus={hideSearch || undefined} aria-activedescendant={hideSearch && count > 0 ? `${id}-${at}` : undefined}>
        {found.map((option, index) => {
          const head = option.group !== undefined && option.group !== group ? option.group : undefined;
          group = option.group;
          return (
            <div key={option.value} role="presentation">
              {head && <Text role="presentation" className={css.optionGroup}>{head}</Text>}
              <div
                id={`${id}-${index}`} role="option" aria-selected={option.value === value} data-active={index === at || undefined} className={css.option}
                onMouseMove={() => setActive(index)} onClick={() => onPick(option.value)}
              >
                {option.icon}
                <div className={css.optionText}>
                  <Highlight highlight={wanted} component="div" size="sm" color="yellow">{option.label}</Highlight>
                  {option.text && <Text size="xs" c="dimmed" lineClamp={1}>{option.text}</Text>}
                </div>
                {option.note !== undefined && <Text size="xs" c="dimmed" className="ql-num" component="div">{option.note}</Text>}
                {option.value === value && <IconCheck size={15} aria-hidden />}
              </div>
            </div>
          );
        })}
        {isNew && (
          <div
            id={`${id}-${found.length}`} role="option" aria-selected={false} data-active={at === found.length || undefined} className={css.option}
            onMouseMove={() => setActive(found.length)} onClick={() => create.pick(wanted)}
          >
            <Text size="sm">{create.text(wanted)}</Text>
          </div>
        )}
        {count === 0 && <div role="option" aria-selected={false} aria-disabled className={css.noOption}>{t(isLoading ? 'ui.loading' : 'ui.no_option')}</div>}
      </div>
      {footer}
    </div>
  );
}
