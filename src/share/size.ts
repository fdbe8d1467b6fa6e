// How long a link may be before places where people paste it start to cut it.

export type LinkFit = 'everywhere' | 'most' | 'may-be-cut' | 'refused';

/** Characters of the whole link. @see https://nuqs.dev/docs/limits */
export const linkLimits = { everywhere: 2000, most: 8000, refused: 32_000 } as const;

export interface LinkSize {
  characters: number;
  fit: LinkFit;
  message: string;
}

export function measureLink(characters: number): LinkSize {
  const said = `${characters.toLocaleString('en')} characters`;
  if (characters <= linkLimits.everywhere) return { characters, fit: 'everywhere', message: `${said}: works everywhere.` };
  if (characters <= linkLimits.most) return { characters, fit: 'most', message: `${said}: works in browsers and most chats.` };
  if (characters <= linkLimits.refused) {
    return { characters, fit: 'may-be-cut', message: `${said}: chat apps may cut this. Leave something out, or share the file.` };
  }
  return { characters, fit: 'refused', message: `${said}: too long for a link. Leave something out, or share the file.` };
}
