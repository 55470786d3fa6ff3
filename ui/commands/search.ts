/** Items that hold every word of `words`, in order of how well: at the beginning, at the beginning of a word, anywhere. */
export function ranked<T>(items: readonly T[], words: string, textOf: (item: T) => string): T[] {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  if (wanted.length === 0) return [...items];
  return items
    .map((item) => ({ item, score: scoreOf(textOf(item).toLowerCase(), wanted) }))
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score)
    .map(({ item }) => item);
}

function scoreOf(text: string, wanted: readonly string[]): number {
  let score = 0;
  for (const word of wanted) {
    const at = text.indexOf(word);
    if (at < 0) return 0;
    score += at === 0 ? 4 : /[\s(-]/.test(text[at - 1] ?? '') ? 2 : 1;
  }
  return score;
}
