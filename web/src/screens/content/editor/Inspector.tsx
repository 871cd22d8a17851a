/** What the chosen block can be, and how the whole letter looks. */
import { ActionIcon, Button, ColorInput, Group, NumberInput, SegmentedControl, Select, Slider, Stack, Switch, Text, TextInput, Textarea, Tooltip } from '@mantine/core';
import { IconPlus, IconTrash, IconX } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { type Block, changeBlock, type Document, findBlock, type Look, type Picked, type Props, type Style, type Test, type When } from '../model';
import { type Brand, InnerDeeds, useMake } from './Canvas';
import { LiquidInput } from './fields';
import { FONTS, PictureField, SocialFields } from './parts';
import { PlaceField } from './PlaceField';
import { ProductPicker } from './ProductPicker';

interface Given {
  document: Document;
  change: (document: Document, key: string) => void;
  editable: boolean;
}

export function BlockPanel({ document, id, change, select, editable }: Given & { id: string; select: (id: string | null) => void }) {
  const { t } = useTranslation('content');
  const block = findBlock(document.blocks, id);
  if (!block) return <Text size="sm" c="dimmed">{t('chooseFirst')}</Text>;
  const put = (next: Block, key: string) => change({ ...document, blocks: changeBlock(document.blocks, id, () => next) }, `${id}.${key}`);
  const set = (props: Partial<Props>) => put({ ...block, props: { ...block.props, ...props } }, Object.keys(props).join());
  const look = (changes: Partial<Look>) => {
    const next = Object.fromEntries(Object.entries({ ...block.look, ...changes }).filter(([, value]) => value !== undefined && value !== ''));
    put({ ...block, look: Object.keys(next).length ? next : undefined }, `look.${Object.keys(changes).join()}`);
  };
  const isInner = !document.blocks.some((one) => one.id === id);
  return (
    <Stack gap="md">
      <Group justify="space-between" wrap="nowrap">
        <Text fw={600} component="h2" size="md" m={0}>{t(`block.${block.type}`)}</Text>
        <Group gap={2}>
          {isInner && editable && <InnerDeeds document={document} id={id} select={select} change={(blocks, key) => change({ ...document, blocks }, key)} />}
          <Tooltip label={t('letGo')}><ActionIcon aria-label={t('letGo')} onClick={() => select(null)}><IconX size={18} aria-hidden /></ActionIcon></Tooltip>
        </Group>
      </Group>
      <fieldset disabled={!editable} style={{ border: 0, padding: 0, margin: 0, minWidth: 0 }}>
        <Stack gap="sm">
          <Fields block={block} set={set} />
          <LookFields block={block} look={look} />
          {block.type !== 'footer' && block.type !== 'logo' && <WhenFields when={block.when} set={(when) => put({ ...block, when }, 'when')} />}
        </Stack>
      </fieldset>
    </Stack>
  );
}

function Address({ value, set, label }: { value: string; set: (value: string) => void; label?: string }) {
  const { t } = useTranslation('content');
  return <LiquidInput label={label ?? t('prop.url')} value={value} onChange={set} placeholder="https://" />;
}

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => String(from + at));

function Fields({ block, set }: { block: Block; set: (props: Partial<Props>) => void }) {
  const { t } = useTranslation('content');
  const { props } = block;
  const text = (name: 'text' | 'title' | 'label' | 'eyebrow' | 'code' | 'low' | 'high' | 'alt' | 'reason', rows?: number, description?: string) => (
    <LiquidInput key={name} label={t(`prop.${name}`)} value={props[name] ?? ''} onChange={(value) => set({ [name]: value })} rows={rows} description={description} />
  );
  const perRow = (
    <div key="row">
      <Text size="sm" fw={500} mb={4} id={`${block.id}-row`}>{t('prop.perRow')}</Text>
      <SegmentedControl fullWidth aria-labelledby={`${block.id}-row`} data={range(1, 3)} value={String(props.per_row ?? 2)} onChange={(value) => set({ per_row: Number(value) })} />
    </div>
  );
  const limit = (most: number, fallback: number) => <NumberInput key="limit" label={t('prop.limit')} min={1} max={most} value={props.limit ?? fallback} onChange={(value) => set({ limit: Number(value) || 1 })} />;
  const picked = <PickedFields key="picked" picked={props.picked ?? []} set={(list) => set({ picked: list })} />;
  switch (block.type) {
    case 'heading':
      return (
        <>
          {text('text', 2)}
          <div>
            <Text size="sm" fw={500} mb={4} id={`${block.id}-level`}>{t('prop.level')}</Text>
            <SegmentedControl fullWidth aria-labelledby={`${block.id}-level`} data={['1', '2', '3'].map((value) => ({ value, label: t(`level.${value}`) }))} value={String(props.level ?? 2)} onChange={(value) => set({ level: Number(value) })} />
          </div>
        </>
      );
    case 'text':
      return (
        <>
          <Text size="sm" c="dimmed">{t('writeOnPaper')}</Text>
          <NumberInput label={t('prop.size')} min={11} max={40} value={props.size || 16} onChange={(value) => set({ size: Number(value) || 16 })} />
        </>
      );
    case 'image':
      return (
        <>
          <PictureField value={props.src ?? ''} alt={props.alt} set={(src, alt) => set(alt && !props.alt ? { src, alt } : { src })} />
          {text('alt', undefined, t('prop.altText'))}
          <Address value={props.link ?? ''} set={(link) => set({ link })} label={t('prop.link')} />
          <div>
            <Text size="sm" fw={500} mb={4}>{t('prop.width')}</Text>
            <Slider thumbLabel={t('prop.width')} min={10} max={100} step={5} value={props.width ?? 100} onChange={(width) => set({ width })} label={(value) => `${value}%`} />
          </div>
          <Switch label={t('prop.rounded')} checked={props.rounded ?? true} onChange={(event) => set({ rounded: event.currentTarget.checked })} />
        </>
      );
    case 'hero':
      return <><PictureField value={props.image ?? ''} alt={props.alt} set={(image, alt) => set(alt && !props.alt ? { image, alt } : { image })} />{text('alt', undefined, t('prop.altText'))}{text('eyebrow')}{text('title', 2)}{text('text', 2)}{text('label')}<Address value={props.url ?? ''} set={(url) => set({ url })} /></>;
    case 'button':
      return (
        <>
          {text('label')}<Address value={props.url ?? ''} set={(url) => set({ url })} />
          <Switch label={t('prop.outline')} checked={props.outline ?? false} onChange={(event) => set({ outline: event.currentTarget.checked })} />
          <Switch label={t('prop.wide')} checked={props.wide ?? false} onChange={(event) => set({ wide: event.currentTarget.checked })} />
        </>
      );
    case 'columns': return <ColumnFields block={block} set={set} />;
    case 'products': {
      const source = props.source ?? 'picked';
      return (
        <>
          <Select label={t('prop.source')} allowDeselect={false} data={(['picked', 'recommendations', 'event', 'cart', 'order'] as const).map((value) => ({ value, label: t(`source.${value}`) }))} value={source} onChange={(value) => set({ source: value as Props['source'], ...(value === 'recommendations' ? { place: props.place || 'email' } : {}) })} />
          {source === 'recommendations' && <PlaceField value={props.place ?? ''} set={(place) => set({ place })} />}
          {source === 'picked' && picked}
          {perRow}{limit(12, 4)}
          <Switch label={t('prop.showPrice')} checked={props.show_price ?? true} onChange={(event) => set({ show_price: event.currentTarget.checked })} />
          {text('label', undefined, t('prop.labelEmpty'))}
        </>
      );
    }
    case 'recommendations': return <><Text size="sm" c="dimmed">{t('recommendationsText')}</Text><PlaceField value={props.place ?? ''} set={(place) => set({ place })} mayBeNone />{text('title')}{picked}{perRow}{limit(12, 3)}{text('label', undefined, t('prop.labelEmpty'))}</>;
    case 'cart':
      return <>{limit(20, 5)}<Switch label={t('prop.showTotal')} checked={props.show_total ?? true} onChange={(event) => set({ show_total: event.currentTarget.checked })} />{text('label')}</>;
    case 'order':
      return <>{limit(50, 20)}<Switch label={t('prop.showTotals')} checked={props.show_totals ?? true} onChange={(event) => set({ show_totals: event.currentTarget.checked })} /></>;
    case 'voucher': return <>{text('code', undefined, t('prop.codeText'))}{text('title')}{text('text', 2)}{text('label')}<Address value={props.url ?? ''} set={(url) => set({ url })} /></>;
    case 'stars': return <><Address value={props.url ?? ''} set={(url) => set({ url })} /><Text size="xs" c="dimmed">{t('starsText')}</Text>{text('low')}{text('high')}</>;
    case 'social': return <SocialFields links={props.links ?? []} set={(links) => set({ links })} note={t('socialText')} />;
    case 'divider': return <ColorInput label={t('prop.lineColor')} format="hex" value={props.color ?? ''} onChange={(color) => set({ color })} eyeDropperButtonProps={{ 'aria-label': t('eyeDropper') }} />;
    case 'spacer': return <NumberInput label={t('prop.height')} min={1} max={200} value={props.height ?? 24} onChange={(value) => set({ height: Number(value) || 1 })} />;
    case 'html': return <Textarea label={t('prop.code')} autosize minRows={6} maxRows={20} value={props.html ?? ''} onChange={(event) => set({ html: event.currentTarget.value })} styles={{ input: { fontFamily: 'ui-monospace, monospace', fontSize: 13 } }} spellCheck={false} />;
    case 'logo': return <><Address value={props.link ?? ''} set={(link) => set({ link })} label={t('prop.link')} /><Text size="sm" c="dimmed">{t('logoText')}</Text></>;
    case 'footer':
      return (
        <>
          <Text size="sm" c="dimmed">{t('footerText')}</Text>
          {text('text', 2)}{text('reason', 2, t('prop.reasonText'))}
          <Switch label={t('prop.social')} checked={props.social ?? true} onChange={(event) => set({ social: event.currentTarget.checked })} />
          <Switch label={t('prop.viewLink')} checked={props.view_link ?? true} onChange={(event) => set({ view_link: event.currentTarget.checked })} />
          <Switch label={t('prop.preferences')} checked={props.preferences ?? true} onChange={(event) => set({ preferences: event.currentTarget.checked })} />
        </>
      );
    default: return null;
  }
}

function ColumnFields({ block, set }: { block: Block; set: (props: Partial<Props>) => void }) {
  const { t } = useTranslation('content');
  const make = useMake();
  const columns = block.props.columns ?? [];
  const count = (wanted: number) => {
    const next = columns.slice(0, wanted).map((column) => ({ ...column, width: 0 }));
    while (next.length < wanted) next.push({ width: 0, blocks: [make('text')] });
    set({ columns: next });
  };
  return (
    <>
      <div>
        <Text size="sm" fw={500} mb={4} id={`${block.id}-columns`}>{t('prop.columns')}</Text>
        <SegmentedControl fullWidth aria-labelledby={`${block.id}-columns`} data={range(1, 4)} value={String(columns.length)} onChange={(value) => count(Number(value))} />
      </div>
      {columns.length === 2 && (
        <Select
          label={t('prop.shares')} allowDeselect={false} value={`${columns[0]?.width ?? 0}`}
          data={[{ value: '0', label: '50 / 50' }, { value: '33', label: '33 / 67' }, { value: '67', label: '67 / 33' }, { value: '25', label: '25 / 75' }, { value: '75', label: '75 / 25' }]}
          onChange={(value) => set({ columns: columns.map((column, at) => ({ ...column, width: value === '0' ? 0 : at === 0 ? Number(value) : 100 - Number(value) })) })}
        />
      )}
      <Switch label={t('prop.stack')} checked={block.props.stack ?? true} onChange={(event) => set({ stack: event.currentTarget.checked })} />
      <Switch label={t('prop.middle')} checked={block.props.middle ?? false} onChange={(event) => set({ middle: event.currentTarget.checked })} />
      <Text size="xs" c="dimmed">{t('columnsText')}</Text>
    </>
  );
}

function PickedFields({ picked, set }: { picked: Picked[]; set: (picked: Picked[]) => void }) {
  const { t } = useTranslation('content');
  const [isOpen, setOpen] = useState(false);
  return (
    <div>
      <Text size="sm" fw={500} mb={4}>{t('prop.picked')}</Text>
      <Stack gap={6}>
        {picked.map((one, at) => (
          <Group key={at} gap={8} wrap="nowrap">
            {one.image && <img src={one.image} alt="" width={36} height={36} style={{ objectFit: 'cover', borderRadius: 6 }} />}
            <div style={{ minWidth: 0, flex: 1 }}><Text size="sm" truncate>{one.name}</Text><Text size="xs" c="dimmed">{one.price}</Text></div>
            <ActionIcon aria-label={t('removeOne', { name: one.name })} onClick={() => set(picked.filter((_, number) => number !== at))}><IconTrash size={16} aria-hidden /></ActionIcon>
          </Group>
        ))}
        <Button size="compact-sm" variant="light" leftSection={<IconPlus size={14} aria-hidden />} disabled={picked.length >= 12} onClick={() => setOpen(true)} style={{ alignSelf: 'flex-start' }}>{t('pickProducts')}</Button>
      </Stack>
      <ProductPicker opened={isOpen} close={() => setOpen(false)} pick={(product) => set([...picked, product].slice(0, 12))} />
    </div>
  );
}

function LookFields({ block, look }: { block: Block; look: (changes: Partial<Look>) => void }) {
  const { t } = useTranslation('content');
  const aligned = ['heading', 'text', 'image', 'button', 'hero', 'cart', 'social', 'logo', 'footer'].includes(block.type);
  const dropper = { 'aria-label': t('eyeDropper') };
  const none = ['spacer', 'divider'].includes(block.type);
  return (
    <Stack gap="sm">
      {aligned && (
        <div>
          <Text size="sm" fw={500} mb={4} id={`${block.id}-align`}>{t('prop.align')}</Text>
          <SegmentedControl
            fullWidth aria-labelledby={`${block.id}-align`} value={block.look?.align ?? (['hero', 'social', 'logo', 'footer', 'image'].includes(block.type) ? 'center' : 'left')}
            data={(['left', 'center', 'right'] as const).map((value) => ({ value, label: t(`align.${value}`) }))} onChange={(value) => look({ align: value as Look['align'] })}
          />
        </div>
      )}
      {!none && (
        <Group grow>
          <ColorInput label={t('prop.background')} format="hex" value={block.look?.background ?? ''} onChange={(background) => look({ background: /^#[0-9a-f]{6}$/i.test(background) ? background : undefined })} eyeDropperButtonProps={dropper} />
          <ColorInput label={t('prop.color')} format="hex" value={block.look?.color ?? ''} onChange={(color) => look({ color: /^#[0-9a-f]{6}$/i.test(color) ? color : undefined })} eyeDropperButtonProps={dropper} />
        </Group>
      )}
      <Group grow>
        <NumberInput label={t('prop.top')} min={0} max={200} value={block.look?.top ?? ''} placeholder={t('auto')} onChange={(value) => look({ top: value === '' ? undefined : Number(value) })} />
        <NumberInput label={t('prop.bottom')} min={0} max={200} value={block.look?.bottom ?? ''} placeholder={t('auto')} onChange={(value) => look({ bottom: value === '' ? undefined : Number(value) })} />
      </Group>
    </Stack>
  );
}

const OPS = ['exists', 'missing', 'eq', 'ne', 'gt', 'lt', 'contains'] as const;

function WhenFields({ when, set }: { when: When | undefined; set: (when: When | undefined) => void }) {
  const { t } = useTranslation('content');
  const tests = when?.tests ?? [];
  const change = (at: number, more: Partial<Test>) => set({ ...when, tests: tests.map((test, number) => (number === at ? { ...test, ...more } : test)) });
  return (
    <div>
      <Switch
        label={t('when.title')} description={t('when.text')} checked={when !== undefined}
        onChange={(event) => set(event.currentTarget.checked ? { match: 'all', tests: [{ field: 'customer.orders.count', op: 'gt', value: '0' }] } : undefined)}
      />
      {when && (
        <Stack gap="xs" mt="xs">
          {tests.length > 1 && <SegmentedControl size="xs" aria-label={t('when.join')} data={[{ value: 'all', label: t('when.all') }, { value: 'any', label: t('when.any') }]} value={when.match ?? 'all'} onChange={(value) => set({ ...when, match: value as When['match'] })} />}
          {tests.map((test, at) => (
            <Stack key={at} gap={6} p="xs" style={{ border: '1px solid var(--ql-line)', borderRadius: 8 }}>
              <TextInput label={t('when.field')} value={test.field} onChange={(event) => change(at, { field: event.currentTarget.value })} list="content-when-fields" spellCheck={false} />
              <Group gap={6} wrap="nowrap" align="flex-end">
                <Select label={t('when.op')} allowDeselect={false} data={OPS.map((value) => ({ value, label: t(`op.${value}`) }))} value={test.op} onChange={(value) => change(at, { op: value as Test['op'] })} style={{ flex: 1 }} />
                {!['exists', 'missing'].includes(test.op) && <TextInput label={t('when.value')} value={test.value ?? ''} onChange={(event) => change(at, { value: event.currentTarget.value })} style={{ flex: 1 }} />}
                <ActionIcon size="lg" aria-label={t('removeOne', { name: test.field })} onClick={() => set(tests.length > 1 ? { ...when, tests: tests.filter((_, number) => number !== at) } : undefined)}><IconTrash size={16} aria-hidden /></ActionIcon>
              </Group>
            </Stack>
          ))}
          <datalist id="content-when-fields">
            {['customer.orders.count', 'customer.orders.revenue', 'customer.lifecycle', 'customer.tags', 'customer.given_name', 'customer.gender', 'customer.city', 'customer.predicted.churn', 'customer.predicted.clv', 'customer.rfm.group', 'customer.favourite.category', 'customer.favourite.price_level', 'cart.items', 'cart.total', 'order.total', 'products'].map((path) => <option key={path} value={path} />)}
          </datalist>
          <Button size="compact-sm" variant="default" leftSection={<IconPlus size={14} aria-hidden />} disabled={tests.length >= 10} onClick={() => set({ ...when, tests: [...tests, { field: 'customer.tags', op: 'contains', value: '' }] })} style={{ alignSelf: 'flex-start' }}>{t('when.add')}</Button>
        </Stack>
      )}
    </div>
  );
}

const COLOURS = ['primary', 'button_text', 'background', 'surface', 'text', 'muted'] as const;

export function StylePanel({ document, change, brand, editable }: Given & { brand: Brand }) {
  const { t } = useTranslation('content');
  const style = document.style ?? {};
  const set = (more: Partial<Style>) => {
    const next = Object.fromEntries(Object.entries({ ...style, ...more }).filter(([, value]) => value !== undefined && value !== ''));
    change({ ...document, style: Object.keys(next).length ? next : undefined }, `style.${Object.keys(more).join()}`);
  };
  return (
    <fieldset disabled={!editable} style={{ border: 0, padding: 0, margin: 0, minWidth: 0 }}>
      <Stack gap="sm">
        <Text size="sm" c="dimmed">{t('styleText')}</Text>
        <Select label={t('prop.language')} allowDeselect={false} data={[{ value: 'vi', label: t('vi') }, { value: 'en', label: t('en') }]} value={document.language} onChange={(value) => change({ ...document, language: value === 'en' ? 'en' : 'vi' }, 'language')} />
        {COLOURS.map((name) => (
          <ColorInput
            key={name} label={t(`colour.${name}`)} format="hex" value={style[name] ?? ''} placeholder={brand[name]} eyeDropperButtonProps={{ 'aria-label': t('eyeDropper') }}
            onChange={(value) => set({ [name]: /^#[0-9a-f]{6}$/i.test(value) ? value : undefined })}
          />
        ))}
        <Select label={t('prop.font')} clearable data={FONTS.map((value) => ({ value, label: t(`font.${value}`) }))} value={style.font ?? null} placeholder={t('ofBrand')} onChange={(value) => set({ font: value ?? undefined })} />
        <Group grow>
          <NumberInput label={t('prop.radius')} min={0} max={40} value={style.radius ?? ''} placeholder={String(brand.radius)} onChange={(value) => set({ radius: value === '' ? undefined : Number(value) })} />
          <NumberInput label={t('prop.letterWidth')} min={320} max={800} value={style.width ?? ''} placeholder="600" onChange={(value) => set({ width: value === '' || Number(value) < 320 ? undefined : Math.min(800, Number(value)) })} />
        </Group>
        {document.style && <Button variant="default" size="compact-sm" onClick={() => change({ ...document, style: undefined }, '')} style={{ alignSelf: 'flex-start' }}>{t('resetStyle')}</Button>}
      </Stack>
    </fieldset>
  );
}
