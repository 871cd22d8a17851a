/** A condition to read. */
import { Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { GrammarError, filterPieces, filtersOf, followedPieces, leafPieces, parse, sentence, type LeafNode, type Node, type Piece, type Words } from '../grammar';
import css from './editor.module.css';
import { useWords } from './words';

export interface ConditionTextProps {
  value: unknown;
  /** In one line, for lists. */
  isInline?: boolean;
  lineClamp?: number;
}

function Pieces({ pieces }: { pieces: Piece[] }) {
  return <>{pieces.map((piece, at) => (piece.kind === 'text' ? <span key={at}>{piece.text}</span> : <span key={at} className={css.value}>{piece.text}</span>))}</>;
}

/** A leaf with its filters, its values in bold. */
export function LeafText({ node, words }: { node: LeafNode; words: Words }) {
  const { t } = useTranslation('conditions');
  const { leaf } = node;
  return (
    <span>
      <Pieces pieces={leafPieces(node, words)} />
      {filtersOf(leaf).map(({ of, key, filters }) => filters.map((filter, at) => (
        <span key={filter.id} data-filter={key}>{at === 0 ? `, ${t(`filter_lead.${of}`)} ` : ` ${t('filter_lead.and')} `}<Pieces pieces={filterPieces(filter, of, words)} /></span>
      )))}
      {leaf.type === 'did' && leaf.notFollowedBy && (
        <span>
          {', '}<Pieces pieces={followedPieces(leaf, words)} />
          {leaf.notFollowedBy.where.map((filter, at) => <span key={filter.id}>{at === 0 ? `, ${t('filter_lead.event')} ` : ` ${t('filter_lead.and')} `}<Pieces pieces={filterPieces(filter, 'event', words)} /></span>)}
        </span>
      )}
    </span>
  );
}

function Part({ node, words, isRoot }: { node: Node; words: Words; isRoot?: boolean }) {
  const { t } = useTranslation('conditions');
  if (node.kind === 'leaf') return <div><LeafText node={node} words={words} /></div>;
  const [only] = node.parts;
  if (node.join === 'all' && node.parts.length === 1 && only) return <Part node={only} words={words} isRoot={isRoot ?? false} />;
  return (
    <div>
      <Text span size="sm" c="dimmed">{t(isRoot ? 'ui.head_root' : 'ui.head')} <b>{t(`join.${node.join}`)}</b></Text>
      <div className={css.readGroup}>{node.parts.map((part) => <Part key={part.id} node={part} words={words} />)}</div>
    </div>
  );
}

export default function ConditionText({ value, isInline, lineClamp }: ConditionTextProps) {
  const { t } = useTranslation('conditions');
  const words = useWords(value);
  try {
    const tree = parse(value);
    if (isInline) return <Text size="sm" c="dimmed" lineClamp={lineClamp ?? 2}>{sentence(tree, words)}</Text>;
    return <div className={css.read}><Part node={tree.root} words={words} isRoot /></div>;
  } catch (error) {
    if (!(error instanceof GrammarError)) throw error;
    return <Text size="sm" c="dimmed">{t('ui.unreadable')}</Text>;
  }
}
