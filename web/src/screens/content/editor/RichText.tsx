/** A text that is written where it stands: bold, lists, links, and fields as chips. */
import { ActionIcon, Button, Group, Popover, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconBold, IconItalic, IconLink, IconList, IconListNumbers, IconUnderline } from '@tabler/icons-react';
import { mergeAttributes, Node } from '@tiptap/core';
import { type Editor, EditorContent, useEditor, useEditorState } from '@tiptap/react';
import StarterKit from '@tiptap/starter-kit';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { fromChips, toChips } from '../model';
import classes from '../content.module.css';
import { FieldMenu } from './fields';
import { nameOf } from './names';

/** A field of Liquid as one thing that cannot be torn apart. */
const LiquidChip = Node.create({
  name: 'liquid',
  group: 'inline',
  inline: true,
  atom: true,
  selectable: true,
  addAttributes: () => ({ code: { default: '', parseHTML: (element: HTMLElement) => element.getAttribute('data-liquid') ?? '' } }),
  parseHTML: () => [{ tag: 'span[data-liquid]' }],
  renderHTML: ({ node, HTMLAttributes }) => {
    const code = String(node.attrs.code);
    const { code: _, ...rest } = HTMLAttributes;
    return ['span', mergeAttributes(rest, { 'data-liquid': code, class: code.startsWith('{%') ? classes.tagChip : classes.chip, title: code }), nameOf(code)];
  },
});

function marked(html: string): string {
  return toChips(html);
}

export function RichText({ html, onChange, label, editable = true }: { html: string; onChange: (html: string) => void; label: string; editable?: boolean }) {
  const kept = useRef(html);
  const tell = useRef(onChange);
  tell.current = onChange;
  const editor = useEditor({
    editable,
    extensions: [
      StarterKit.configure({
        blockquote: false, code: false, codeBlock: false, heading: false, horizontalRule: false, strike: false, dropcursor: false, gapcursor: false,
        trailingNode: false, undoRedo: false, link: { openOnClick: false, HTMLAttributes: { target: null, rel: null } },
      }),
      LiquidChip,
    ],
    content: marked(html),
    editorProps: { attributes: { 'aria-label': label, role: 'textbox', 'aria-multiline': 'true', class: classes.rich! } },
    onUpdate: ({ editor: now }) => {
      const told = fromChips(now.getHTML());
      kept.current = told;
      tell.current(told);
    },
  });
  useEffect(() => {
    // Undone, restored, or changed by somebody else: never while it is only our own echo.
    if (!editor || html === kept.current) return;
    kept.current = html;
    editor.commands.setContent(marked(html), { emitUpdate: false });
  }, [editor, html]);
  if (!editor) return null;
  return (
    <div>
      {editable && <Toolbar editor={editor} />}
      <EditorContent editor={editor} />
    </div>
  );
}

function Toolbar({ editor }: { editor: Editor }) {
  const { t } = useTranslation('content');
  const on = useEditorState({
    editor,
    selector: ({ editor: now }) => ({
      bold: now.isActive('bold'), italic: now.isActive('italic'), underline: now.isActive('underline'), bulletList: now.isActive('bulletList'),
      orderedList: now.isActive('orderedList'), link: now.isActive('link'),
    }),
  });
  const deeds = [
    { name: 'bold', Icon: IconBold, act: () => editor.chain().focus().toggleBold().run() },
    { name: 'italic', Icon: IconItalic, act: () => editor.chain().focus().toggleItalic().run() },
    { name: 'underline', Icon: IconUnderline, act: () => editor.chain().focus().toggleUnderline().run() },
    { name: 'bulletList', Icon: IconList, act: () => editor.chain().focus().toggleBulletList().run() },
    { name: 'orderedList', Icon: IconListNumbers, act: () => editor.chain().focus().toggleOrderedList().run() },
  ] as const;
  return (
    <Group gap={2} className={classes.textBar} role="toolbar" aria-label={t('textBar')}>
      {deeds.map(({ name, Icon, act }) => (
        <ActionIcon
          key={name} size="md" aria-label={t(`rich.${name}`)} aria-pressed={on[name]} variant={on[name] ? 'light' : 'subtle'} color={on[name] ? 'clay' : 'gray'}
          onMouseDown={(event) => event.preventDefault()} onClick={act}
        >
          <Icon size={16} aria-hidden />
        </ActionIcon>
      ))}
      <LinkButton editor={editor} active={on.link} />
      <FieldMenu pick={(field) => editor.chain().focus().insertContent({ type: 'liquid', attrs: { code: field.liquid } }).run()} />
    </Group>
  );
}

function LinkButton({ editor, active }: { editor: Editor; active: boolean }) {
  const { t } = useTranslation('content');
  const [opened, { open, close }] = useDisclosure();
  const [url, setUrl] = useState('');
  const set = () => {
    const chain = editor.chain().focus().extendMarkRange('link');
    if (url.trim()) chain.setLink({ href: url.trim() }).run();
    else chain.unsetLink().run();
    close();
  };
  return (
    <Popover opened={opened} onChange={(now) => !now && close()} trapFocus withinPortal width={300} shadow="md">
      <Popover.Target>
        <ActionIcon
          size="md" aria-label={t('rich.link')} aria-pressed={active} variant={active ? 'light' : 'subtle'} color={active ? 'clay' : 'gray'}
          onMouseDown={(event) => event.preventDefault()}
          onClick={() => {
            setUrl(String(editor.getAttributes('link').href ?? ''));
            open();
          }}
        >
          <IconLink size={16} aria-hidden />
        </ActionIcon>
      </Popover.Target>
      <Popover.Dropdown>
        <form onSubmit={(event) => { event.preventDefault(); set(); }}>
          <TextInput data-autofocus label={t('prop.url')} placeholder="https://" value={url} onChange={(event) => setUrl(event.currentTarget.value)} />
          <Group justify="flex-end" mt="xs"><Button type="submit" size="compact-sm">{t('apply')}</Button></Group>
        </form>
      </Popover.Dropdown>
    </Popover>
  );
}
