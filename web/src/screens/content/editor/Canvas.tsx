/** The letter as it is written: blocks on paper, chosen, moved and filled where they stand. */
import { DndContext, type DragCancelEvent, type DragEndEvent, type DragOverEvent, DragOverlay, type DragStartEvent, KeyboardSensor, PointerSensor, closestCenter, useDraggable, useSensor, useSensors } from '@dnd-kit/core';
import { SortableContext, sortableKeyboardCoordinates, useSortable, verticalListSortingStrategy } from '@dnd-kit/sortable';
import { CSS } from '@dnd-kit/utilities';
import { ActionIcon, Button, Menu, Tooltip } from '@mantine/core';
import {
  IconArrowDown, IconArrowUp, IconColumns, IconCopy, IconDiscount, IconDots, IconFileCode, IconGripVertical, IconHeading, IconLayoutBottombar, IconPhoto,
  IconPlus, IconReceipt, IconRectangle, IconSeparator, IconShare, IconShoppingBag, IconShoppingCart, IconSparkles, IconSpacingVertical, IconStar, IconTextSize,
  IconTrash, IconTypography, IconUserQuestion,
} from '@tabler/icons-react';
import clsx from 'clsx';
import { type ReactNode, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Schema } from '../../../api';
import { StatusBadge } from '../../../parts/StatusBadge';
import { type Block, BLOCK_TYPES, type BlockType, changeBlock, copyOf, type Document, findBlock, IN_COLUMNS, insertAfter, makeBlock, moved, parts, shiftBlock } from '../model';
import classes from '../content.module.css';
import { nameOf } from './names';
import { RichText } from './RichText';

export type Brand = Schema<'BrandView'>;

export const ICONS: Record<BlockType, typeof IconHeading> = {
  heading: IconHeading, text: IconTypography, image: IconPhoto, button: IconRectangle, hero: IconSparkles, columns: IconColumns, products: IconShoppingBag,
  cart: IconShoppingCart, order: IconReceipt, voucher: IconDiscount, recommendations: IconUserQuestion, stars: IconStar, social: IconShare,
  divider: IconSeparator, spacer: IconSpacingVertical, logo: IconTextSize, footer: IconLayoutBottombar, html: IconFileCode,
};

export interface Theme {
  primary: string;
  button: string;
  background: string;
  surface: string;
  text: string;
  muted: string;
  radius: number;
  width: number;
  family: string;
}

const FAMILIES: Record<string, string> = {
  system: "'Be Vietnam Pro', system-ui, sans-serif", arial: 'Arial, sans-serif', georgia: 'Georgia, serif', verdana: 'Verdana, sans-serif',
  tahoma: 'Tahoma, sans-serif', times: "'Times New Roman', serif", trebuchet: "'Trebuchet MS', sans-serif",
};

export function themeOf(document: Document, brand: Brand): Theme {
  const style = document.style ?? {};
  return {
    primary: style.primary ?? brand.primary, button: style.button_text ?? brand.button_text, background: style.background ?? brand.background,
    surface: style.surface ?? brand.surface, text: style.text ?? brand.text, muted: style.muted ?? brand.muted, radius: style.radius ?? brand.radius,
    width: style.width ?? 600, family: FAMILIES[style.font ?? brand.font] ?? FAMILIES.system!,
  };
}

interface Deeds {
  document: Document;
  selected: string | null;
  select: (id: string | null) => void;
  change: (blocks: Block[], key: string) => void;
  editable: boolean;
}

/** Words with their fields as chips. */
function Told({ text }: { text: string }) {
  return <>{parts(text).map((part, at) => (part.liquid ? <span key={at} className={part.text.startsWith('{%') ? classes.tagChip : classes.chip}>{nameOf(part.text)}</span> : part.text))}</>;
}

export function useMake(): (type: BlockType) => Block {
  const { t } = useTranslation('content');
  return (type) => makeBlock(type, (key) => t(`start.${key}`));
}

export function Writing({ palette, children, ...deeds }: Deeds & { palette: (add: (type: BlockType) => void) => ReactNode; children: (paper: ReactNode) => ReactNode; brand: Brand }) {
  const { t } = useTranslation('content');
  const { document, change, select, selected } = deeds;
  const named = (id: string | number) => {
    const type = BLOCK_TYPES.find((one) => `new:${one}` === id) ?? document.blocks.find((block) => block.id === id)?.type;
    return type ? t(`block.${type}`) : '';
  };
  const place = (id: string | number) => document.blocks.findIndex((block) => block.id === id) + 1;
  const accessibility = {
    screenReaderInstructions: { draggable: t('dnd.how') },
    announcements: {
      onDragStart: ({ active }: DragStartEvent) => t('dnd.start', { block: named(active.id) }),
      onDragOver: ({ active, over }: DragOverEvent) => (over ? t('dnd.over', { block: named(active.id), place: place(over.id) }) : undefined),
      onDragEnd: ({ active, over }: DragEndEvent) => (over ? t('dnd.end', { block: named(active.id), place: place(over.id) }) : t('dnd.cancel', { block: named(active.id) })),
      onDragCancel: ({ active }: DragCancelEvent) => t('dnd.cancel', { block: named(active.id) }),
    },
  };
  const make = useMake();
  const [dragged, setDragged] = useState<BlockType | null>(null);
  const sensors = useSensors(
    useSensor(PointerSensor, { activationConstraint: { distance: 6 } }),
    useSensor(KeyboardSensor, { coordinateGetter: sortableKeyboardCoordinates }),
  );
  const add = (type: BlockType) => {
    const block = make(type);
    change(insertAfter(document.blocks, selected, block), '');
    select(block.id);
  };
  const end = ({ active, over }: DragEndEvent) => {
    setDragged(null);
    if (!over) return;
    const to = document.blocks.findIndex((block) => block.id === over.id);
    const type = BLOCK_TYPES.find((one) => `new:${one}` === active.id);
    if (type) {
      const block = make(type);
      const at = to < 0 ? document.blocks.length : to;
      change([...document.blocks.slice(0, at), block, ...document.blocks.slice(at)], '');
      select(block.id);
      return;
    }
    const from = document.blocks.findIndex((block) => block.id === active.id);
    if (from >= 0 && to >= 0) change(moved(document.blocks, from, to), '');
  };
  return (
    <DndContext
      accessibility={accessibility} sensors={sensors} collisionDetection={closestCenter} onDragEnd={end} onDragCancel={() => setDragged(null)}
      onDragStart={({ active }) => setDragged(BLOCK_TYPES.find((one) => `new:${one}` === active.id) ?? null)}
    >
      {palette(add)}
      {children(<Paper {...deeds} />)}
      <DragOverlay>{dragged && <PaletteFace type={dragged} />}</DragOverlay>
    </DndContext>
  );
}

function PaletteFace({ type }: { type: BlockType }) {
  const { t } = useTranslation('content');
  const Icon = ICONS[type];
  return <div className={classes.paletteItem}><Icon size={20} stroke={1.6} aria-hidden />{t(`block.${type}`)}</div>;
}

function PaletteItem({ type, add }: { type: BlockType; add: (type: BlockType) => void }) {
  const { t } = useTranslation('content');
  const { setNodeRef, listeners, isDragging } = useDraggable({ id: `new:${type}` });
  const Icon = ICONS[type];
  return (
    <button
      type="button" ref={setNodeRef} className={clsx(classes.paletteItem, isDragging && classes.lifted)} onPointerDown={listeners?.onPointerDown as never} onClick={() => add(type)}
      aria-label={t('addBlock', { block: t(`block.${type}`) })}
    >
      <Icon size={20} stroke={1.6} aria-hidden />{t(`block.${type}`)}
    </button>
  );
}

export function Palette({ add }: { add: (type: BlockType) => void }) {
  return <div className={classes.palette}>{BLOCK_TYPES.map((type) => <PaletteItem key={type} type={type} add={add} />)}</div>;
}

function Paper({ brand, ...deeds }: Deeds & { brand: Brand }) {
  const { document, select } = deeds;
  const theme = themeOf(document, brand);
  const outer = (block: Block) => block.type === 'logo' || block.type === 'footer';
  return (
    // A click beside the blocks lets go of the chosen one; whoever uses keys has Esc.
    // eslint-disable-next-line
    <div className={classes.paper} style={{ width: theme.width, background: theme.background, color: theme.text, fontFamily: theme.family, fontSize: 16, lineHeight: 1.6, padding: '4px 0 20px' }} onKeyDown={(event) => event.key === 'Escape' && select(null)}>
      <SortableContext items={document.blocks.map((block) => block.id)} strategy={verticalListSortingStrategy}>
        {document.blocks.map((block, at) => {
          const isFirst = !outer(block) && !document.blocks.slice(0, at).some((one) => !outer(one));
          const isLast = !outer(block) && !document.blocks.slice(at + 1).some((one) => !outer(one));
          const round = theme.radius;
          const corners = `${isFirst ? round : 0}px ${isFirst ? round : 0}px ${isLast ? round : 0}px ${isLast ? round : 0}px`;
          return (
            <SortableBlock key={block.id} block={block} {...deeds}>
              <div style={{ background: outer(block) ? undefined : (block.look?.background && block.type !== 'hero' ? block.look.background : theme.surface), borderRadius: corners, overflow: 'hidden', padding: paddingOf(block, isFirst, isLast) }}>
                <Face block={block} theme={theme} brand={brand} deeds={deeds} />
              </div>
            </SortableBlock>
          );
        })}
      </SortableContext>
    </div>
  );
}

const PADS: Partial<Record<BlockType, [number, number]>> = {
  heading: [14, 8], button: [8, 24], image: [8, 16], divider: [8, 16], spacer: [0, 0], logo: [24, 18], footer: [24, 8], hero: [0, 20], columns: [8, 12], voucher: [8, 24],
};

function paddingOf(block: Block, isFirst: boolean, isLast: boolean): string {
  const [top, bottom] = PADS[block.type] ?? [4, 16];
  const side = block.type === 'hero' ? 0 : 32;
  const ownTop = block.type === 'hero' ? 0 : (block.look?.top ?? top);
  const ownBottom = block.type === 'hero' ? bottom : (block.look?.bottom ?? bottom);
  return `${ownTop + (isFirst && side ? 16 : 0)}px ${side}px ${ownBottom + (isLast ? 16 : 0)}px`;
}

function SortableBlock({ block, children, document, selected, select, change, editable }: Deeds & { block: Block; children: ReactNode }) {
  const { t } = useTranslation('content');
  const { attributes, listeners, setNodeRef, setActivatorNodeRef, transform, transition, isDragging, isOver } = useSortable({ id: block.id, disabled: !editable });
  const isSelected = selected === block.id;
  const name = t(`block.${block.type}`);
  const at = document.blocks.findIndex((one) => one.id === block.id);
  return (
    <div
      ref={setNodeRef} data-block={block.type} className={clsx(classes.block, isSelected && classes.selected, isDragging && classes.lifted, isOver && !isDragging && classes.drop)}
      style={{ transform: CSS.Translate.toString(transform), transition }}
    >
      {block.when && <StatusBadge tone="odd" className={classes.conditional} size="sm">{t('conditional')}</StatusBadge>}
      {editable && (
        <div className={classes.deeds} role="toolbar" aria-label={t('blockDeeds', { block: name })}>
          <ActionIcon ref={setActivatorNodeRef} {...attributes} {...listeners} aria-label={t('drag', { block: name })} style={{ cursor: 'grab', touchAction: 'none' }}><IconGripVertical size={16} aria-hidden /></ActionIcon>
          <ActionIcon aria-label={t('up', { block: name })} disabled={at <= 0} onClick={() => change(shiftBlock(document.blocks, block.id, -1), '')}><IconArrowUp size={16} aria-hidden /></ActionIcon>
          <ActionIcon aria-label={t('down', { block: name })} disabled={at >= document.blocks.length - 1} onClick={() => change(shiftBlock(document.blocks, block.id, 1), '')}><IconArrowDown size={16} aria-hidden /></ActionIcon>
          <ActionIcon aria-label={t('duplicate', { block: name })} onClick={() => { const copy = copyOf(block); change(changeBlock(document.blocks, block.id, (one) => [one, copy]), ''); select(copy.id); }}><IconCopy size={16} aria-hidden /></ActionIcon>
          <ActionIcon color="red" aria-label={t('remove', { block: name })} onClick={() => { change(changeBlock(document.blocks, block.id, () => null), ''); select(null); }}><IconTrash size={16} aria-hidden /></ActionIcon>
        </div>
      )}
      {!(isSelected && (block.type === 'text' || block.type === 'columns')) && (
        <button type="button" className={classes.pick} aria-label={t('chooseBlock', { block: name })} aria-pressed={isSelected} onClick={() => select(block.id)} />
      )}
      {children}
    </div>
  );
}

function ButtonFace({ label, theme, outline, wide }: { label: string; theme: Theme; outline?: boolean; wide?: boolean }) {
  return (
    <span style={{ display: wide ? 'block' : 'inline-block', textAlign: 'center', padding: outline ? '12px 26px' : '14px 28px', borderRadius: Math.min(theme.radius, 14), background: outline ? theme.surface : theme.primary, color: outline ? theme.primary : theme.button, border: outline ? `2px solid ${theme.primary}` : undefined, fontWeight: 600, lineHeight: 1.2 }}>
      <Told text={label} />
    </span>
  );
}

function Face({ block, theme, brand, deeds }: { block: Block; theme: Theme; brand: Brand; deeds: Deeds }) {
  const { t } = useTranslation('content');
  const { props, look } = block;
  const color = look?.color ?? theme.text;
  const align = look?.align;
  switch (block.type) {
    case 'heading': {
      const size = { 1: 30, 2: 22, 3: 18 }[props.level ?? 2] ?? 22;
      return <div style={{ fontSize: size, fontWeight: 700, lineHeight: 1.3, color, textAlign: align }}><Told text={props.text ?? ''} /></div>;
    }
    case 'text': {
      const style = { color, textAlign: align, fontSize: props.size || 16 };
      if (deeds.selected === block.id && deeds.editable) {
        return (
          <div style={style}>
            <RichText
              html={props.html ?? ''} label={t('prop.html')}
              onChange={(html) => deeds.change(changeBlock(deeds.document.blocks, block.id, (one) => ({ ...one, props: { ...one.props, html } })), `${block.id}.html`)}
            />
          </div>
        );
      }
      return <RichView html={props.html ?? ''} style={style} />;
    }
    case 'image':
      return <ImageFace src={props.src ?? ''} alt={props.alt ?? ''} style={{ width: `${props.width ?? 100}%`, borderRadius: (props.rounded ?? true) ? Math.min(theme.radius, 14) : 0, margin: align === 'left' ? 0 : align === 'right' ? '0 0 0 auto' : '0 auto' }} />;
    case 'button':
      return <div style={{ textAlign: align ?? 'left' }}><ButtonFace label={props.label ?? ''} theme={theme} outline={props.outline} wide={props.wide} /></div>;
    case 'hero': {
      const fill = look?.background ?? theme.primary;
      const ink = look?.color ?? theme.button;
      return (
        <div style={{ background: fill, color: ink, textAlign: align ?? 'center', borderRadius: `${theme.radius}px ${theme.radius}px 0 0`, overflow: 'hidden', paddingBottom: 44 }}>
          {props.image && <ImageFace src={props.image} alt={props.alt ?? ''} style={{ width: '100%' }} />}
          <div style={{ padding: `${props.image ? 30 : 44}px 32px 0` }}>
            {props.eyebrow && <div style={{ fontSize: 14, fontWeight: 600, marginBottom: 8 }}><Told text={props.eyebrow} /></div>}
            {props.title && <div style={{ fontSize: 36, fontWeight: 800, lineHeight: 1.2, marginBottom: 12 }}><Told text={props.title} /></div>}
            {props.text && <div style={{ fontSize: 17, marginBottom: 22 }}><Told text={props.text} /></div>}
            {props.label && <ButtonFace label={props.label} theme={{ ...theme, primary: ink, button: fill }} />}
          </div>
        </div>
      );
    }
    case 'columns': return <ColumnsFace block={block} theme={theme} brand={brand} deeds={deeds} />;
    case 'products':
    case 'recommendations': {
      const perRow = props.per_row ?? 2;
      const isPicked = block.type === 'products' && (props.source ?? 'picked') === 'picked';
      const rows = isPicked ? (props.picked ?? []).slice(0, props.limit ?? 4) : [];
      return (
        <div>
          {props.title && <div style={{ fontSize: 20, fontWeight: 700, marginBottom: 12 }}><Told text={props.title} /></div>}
          <div style={{ display: 'grid', gridTemplateColumns: `repeat(${perRow}, minmax(0, 1fr))`, gap: 12 }}>
            {isPicked && rows.map((one, at) => (
              <div key={at}>
                <ImageFace src={one.image} alt={one.name} style={{ width: '100%', borderRadius: Math.min(theme.radius, 14) }} />
                <div style={{ fontSize: 15, fontWeight: 600, marginTop: 8 }}><Told text={one.name} /></div>
                {(props.show_price ?? true) && <div style={{ fontSize: 15, fontWeight: 700 }}>{one.price} {one.before && <s style={{ fontWeight: 400, color: theme.muted }}>{one.before}</s>}</div>}
              </div>
            ))}
            {!isPicked && Array.from({ length: Math.min(props.limit ?? 4, perRow === 1 ? 2 : perRow) }, (_, at) => <Shade key={at} theme={theme} line={perRow === 1} />)}
          </div>
          {isPicked && rows.length === 0 && <Placeholder theme={theme} text={t('noPicked')} />}
          {!isPicked && <div style={{ fontSize: 13, color: theme.muted, marginTop: 8 }}>{t(block.type === 'recommendations' ? (props.place ? 'filled.place' : 'filled.recommendations') : props.source === 'recommendations' ? 'filled.place' : `filled.${props.source ?? 'picked'}`)}</div>}
        </div>
      );
    }
    case 'cart':
    case 'order':
      return (
        <div>
          <Shade theme={theme} line /><div style={{ height: 10 }} /><Shade theme={theme} line />
          <div style={{ borderTop: `1px solid ${theme.muted}44`, marginTop: 12, paddingTop: 8, display: 'flex', justifyContent: 'space-between', fontWeight: 700 }}><span>{t('total')}</span><span>…</span></div>
          {block.type === 'cart' && props.label && <div style={{ marginTop: 14, textAlign: align }}><ButtonFace label={props.label} theme={theme} /></div>}
          <div style={{ fontSize: 13, color: theme.muted, marginTop: 8 }}>{t(`filled.${block.type}`)}</div>
        </div>
      );
    case 'voucher': {
      const ink = look?.color ?? theme.primary;
      return (
        <div style={{ border: `2px dashed ${ink}`, borderRadius: theme.radius, background: `${theme.primary}14`, textAlign: 'center', padding: 22 }}>
          {props.title && <div style={{ fontWeight: 600 }}><Told text={props.title} /></div>}
          <div style={{ fontSize: 28, fontWeight: 800, letterSpacing: 3, color: ink }}><Told text={props.code ?? ''} /></div>
          {props.text && <div style={{ fontSize: 14, color: theme.muted }}><Told text={props.text} /></div>}
          {props.label && <div style={{ marginTop: 14 }}><ButtonFace label={props.label} theme={theme} /></div>}
        </div>
      );
    }
    case 'stars':
      return (
        <div style={{ textAlign: 'center' }}>
          <div style={{ fontSize: 36, lineHeight: 1, color: '#a86a12', letterSpacing: 12 }} aria-hidden>★★★★★</div>
          {(props.low || props.high) && <div style={{ fontSize: 13, color: theme.muted, marginTop: 6 }}>1 = <Told text={props.low ?? ''} /> · 5 = <Told text={props.high ?? ''} /></div>}
        </div>
      );
    case 'social': {
      const links = props.links?.length ? props.links : brand.social;
      return links.length ? <Links links={links} theme={theme} align={align} /> : <Placeholder theme={theme} text={t('noSocial')} />;
    }
    case 'divider': return <div style={{ borderTop: `1px solid ${props.color || `${theme.text}22`}` }} />;
    case 'spacer': return <div style={{ height: props.height ?? 24 }} />;
    case 'html': return <pre className={classes.code} style={{ margin: 0, whiteSpace: 'pre-wrap', color: theme.muted, maxHeight: 160, overflow: 'hidden' }}>{props.html}</pre>;
    case 'logo':
      return (
        <div style={{ textAlign: align ?? 'center' }}>
          {brand.logo ? <img src={brand.logo} alt={t('block.logo')} style={{ width: brand.logo_width, maxWidth: '100%', display: 'inline-block' }} /> : <span className={classes.chip} style={{ fontSize: 18, fontWeight: 700 }}>{t('field.shopName')}</span>}
        </div>
      );
    case 'footer':
      return (
        <div style={{ fontSize: 13, color: look?.color ?? theme.muted, textAlign: align ?? 'center' }}>
          {(props.social ?? true) && brand.social.length > 0 && <Links links={brand.social} theme={theme} align={align} />}
          {props.text && <div style={{ marginBottom: 8, whiteSpace: 'pre-wrap' }}><Told text={props.text} /></div>}
          {brand.footer_note && <div style={{ marginBottom: 8, whiteSpace: 'pre-wrap' }}>{brand.footer_note}</div>}
          <strong>{brand.legal_name || <span className={classes.chip}>{t('field.shopName')}</span>}</strong>{brand.tax_code && ` · ${brand.tax_code}`}
          <div><span className={classes.chip}>{t('field.shopAddress')}</span></div>
          <div style={{ marginTop: 6 }}>{props.reason ? <Told text={props.reason} /> : t('footerReason')}</div>
          <div style={{ textDecoration: 'underline' }}>{t('footerLinks')}</div>
        </div>
      );
    default: return null;
  }
}

function RichView({ html, style }: { html: string; style: React.CSSProperties }) {
  // What stands here was written in this editor or taken in by the server; scripts and handlers are cut out all the same.
  const chips = parts(html.replace(/<(script|style|iframe)[\s\S]*?<\/\1>/gi, '').replace(/\son\w+=("[^"]*"|'[^']*')/gi, ''))
    .map((part) => (part.liquid ? `<span class="${part.text.startsWith('{%') ? classes.tagChip : classes.chip}">${nameOf(part.text).replace(/[<>&"]/g, '')}</span>` : part.text))
    .join('').replace(/<a\b[^>]*>/gi, '<a style="text-decoration:underline">');
  return <div className={classes.richBlock} style={style} dangerouslySetInnerHTML={{ __html: chips }} />;
}

function ImageFace({ src, alt, style }: { src: string; alt: string; style: React.CSSProperties }) {
  const { t } = useTranslation('content');
  const isKnown = src && !src.includes('{{');
  if (isKnown) return <img src={src} alt={alt} style={{ display: 'block', maxWidth: '100%', ...style }} />;
  return (
    <div style={{ ...style, background: '#00000010', minHeight: 120, display: 'grid', placeItems: 'center', gap: 4, fontSize: 13, color: '#5d544b', padding: 12, maxWidth: '100%' }}>
      <IconPhoto size={28} stroke={1.4} aria-hidden />{src ? <Told text={src} /> : t('noImage')}
    </div>
  );
}

function Shade({ theme, line }: { theme: Theme; line?: boolean }) {
  const tint = `${theme.text}1a`;
  return (
    <div style={{ display: line ? 'flex' : 'block', gap: 16, alignItems: 'center' }} aria-hidden>
      <div style={{ width: line ? 88 : '100%', aspectRatio: '1', background: tint, borderRadius: Math.min(theme.radius, 14), flex: 'none' }} />
      <div style={{ flex: 1, marginTop: line ? 0 : 10 }}><div style={{ height: 12, background: tint, borderRadius: 6, width: '70%' }} /><div style={{ height: 10, background: tint, borderRadius: 6, width: '40%', marginTop: 8 }} /></div>
    </div>
  );
}

function Placeholder({ theme, text }: { theme: Theme; text: string }) {
  return <div style={{ border: `1px dashed ${theme.muted}`, borderRadius: 10, padding: 16, fontSize: 14, color: theme.muted, textAlign: 'center' }}>{text}</div>;
}

function Links({ links, theme, align }: { links: { name: string }[]; theme: Theme; align?: 'left' | 'center' | 'right' }) {
  return <div style={{ textAlign: align ?? 'center', fontWeight: 600, color: theme.muted, fontSize: 14, marginBottom: 10 }}>{links.map((link) => link.name).join('  ·  ')}</div>;
}

function ColumnsFace({ block, theme, brand, deeds }: { block: Block; theme: Theme; brand: Brand; deeds: Deeds }) {
  const { t } = useTranslation('content');
  const make = useMake();
  const { document, selected, select, change, editable } = deeds;
  const columns = block.props.columns ?? [];
  const isOpen = selected === block.id || columns.some((column) => findBlock(column.blocks, selected ?? '') !== undefined);
  const template = columns.map((column) => (column.width ? `${column.width}fr` : `${Math.round(100 / Math.max(1, columns.length))}fr`)).join(' ');
  return (
    <div style={{ display: 'grid', gridTemplateColumns: template, gap: 16, alignItems: block.props.middle ? 'center' : 'start' }}>
      {columns.map((column, number) => (
        <div key={number}>
          {column.blocks.map((inner) => (
            <div key={inner.id} className={clsx(classes.inner, selected === inner.id && classes.innerSelected)} style={{ marginBottom: inner.look?.bottom ?? 10, paddingTop: isOpen && editable && selected === inner.id ? 2 : 0 }}>
              <Face block={inner} theme={theme} brand={brand} deeds={deeds} />
              {editable && !(selected === inner.id && inner.type === 'text') && <button type="button" className={classes.pick} style={{ zIndex: 2 }} aria-label={t('chooseBlock', { block: t(`block.${inner.type}`) })} aria-pressed={selected === inner.id} onClick={() => select(inner.id)} />}
            </div>
          ))}
          {editable && isOpen && (
            <Menu>
              <Menu.Target><Button size="compact-xs" variant="default" leftSection={<IconPlus size={14} aria-hidden />} className={classes.add} style={{ position: 'relative', zIndex: 3 }}>{t('add')}</Button></Menu.Target>
              <Menu.Dropdown>
                {IN_COLUMNS.map((type) => (
                  <Menu.Item
                    key={type}
                    onClick={() => {
                      const made = make(type);
                      change(changeBlock(document.blocks, block.id, (one) => ({
                        ...one, props: { ...one.props, columns: (one.props.columns ?? []).map((old, at) => (at === number ? { ...old, blocks: [...old.blocks, made] } : old)) },
                      })), '');
                      select(made.id);
                    }}
                  >
                    {t(`block.${type}`)}
                  </Menu.Item>
                ))}
              </Menu.Dropdown>
            </Menu>
          )}
        </div>
      ))}
    </div>
  );
}

/** Beside the chosen block where its own toolbar has no room: in columns. */
export function InnerDeeds({ document, id, change, select }: { document: Document; id: string; change: Deeds['change']; select: Deeds['select'] }) {
  const { t } = useTranslation('content');
  const name = t(`block.${findBlock(document.blocks, id)?.type ?? 'text'}`);
  return (
    <Menu>
      <Menu.Target><Tooltip label={t('blockDeeds', { block: name })}><ActionIcon aria-label={t('blockDeeds', { block: name })}><IconDots size={18} aria-hidden /></ActionIcon></Tooltip></Menu.Target>
      <Menu.Dropdown>
        <Menu.Item leftSection={<IconArrowUp size={16} aria-hidden />} onClick={() => change(shiftBlock(document.blocks, id, -1), '')}>{t('up', { block: name })}</Menu.Item>
        <Menu.Item leftSection={<IconArrowDown size={16} aria-hidden />} onClick={() => change(shiftBlock(document.blocks, id, 1), '')}>{t('down', { block: name })}</Menu.Item>
        <Menu.Item leftSection={<IconCopy size={16} aria-hidden />} onClick={() => change(changeBlock(document.blocks, id, (one) => [one, copyOf(one)]), '')}>{t('duplicate', { block: name })}</Menu.Item>
        <Menu.Item color="red" leftSection={<IconTrash size={16} aria-hidden />} onClick={() => { change(changeBlock(document.blocks, id, () => null), ''); select(null); }}>{t('remove', { block: name })}</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
