/** Finds a tag by a few letters of its id or name. */
import { useId, useMemo, useState } from 'react';
import { ranked } from '../commands/search.ts';
import { useRange } from '../store/range.ts';

const MOST = 40;

export function TagPicker({
  label,
  onPick,
  disabled = false,
}: {
  label: string;
  onPick: (tag: string) => void;
  disabled?: boolean;
}) {
  const tags = useRange((state) => state.tags);
  const [words, setWords] = useState('');
  const id = useId();
  const found = useMemo(() => ranked(tags, words, (tag) => `${tag.id} ${tag.name}`).slice(0, MOST), [tags, words]);
  const take = (text: string) => {
    const named = text.trim().split(/\s+/)[0]?.replace('-', '').toUpperCase();
    const tag = tags.find((one) => one.id === named);
    if (!tag) return false;
    onPick(tag.id);
    setWords('');
    return true;
  };
  return (
    <>
      <input
        className="field"
        type="search"
        list={id}
        aria-label={label}
        placeholder={label}
        disabled={disabled}
        value={words}
        onChange={(event) => {
          const text = event.target.value;
          // A choice from the list comes as a whole line.
          if (!(text.includes(' – ') && take(text))) setWords(text);
        }}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && !take(words) && found[0]) take(found[0].id);
        }}
      />
      <datalist id={id}>
        {found.map((tag) => (
          <option key={tag.id} value={`${tag.id} – ${tag.name}`} />
        ))}
      </datalist>
    </>
  );
}
