// How many tokens each part of a prompt takes, read off the tokens of the whole rendered prompt.

/**
 * Parts are found in the rendered text in order; a token belongs to the part in which it begins.
 * @returns tokens by part (null where the chat template changed the text so that it is not found), and those of the template itself
 */
export function tokensByPart(
  tokens: readonly { text: string }[],
  parts: readonly string[],
): { parts: (number | null)[]; template: number } {
  const text = tokens.map(token => token.text).join('');
  const starts: number[] = [];
  let offset = 0;
  for (const token of tokens) {
    starts.push(offset);
    offset += token.text.length;
  }
  let from = 0;
  let counted = 0;
  const counts = parts.map(part => {
    // Chat templates may trim what they are given.
    const wanted = text.includes(part, from) ? part : part.trim();
    const at = wanted ? text.indexOf(wanted, from) : -1;
    if (at < 0) return null;
    from = at + wanted.length;
    const count = starts.filter(start => start >= at && start < from).length;
    counted += count;
    return count;
  });
  return { parts: counts, template: tokens.length - counted };
}
