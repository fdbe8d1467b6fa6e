// Recorded runs that ship with the page, for those who have none of their own yet.

export interface Example {
  path: string;
  title: string;
  about: string;
}

const shipped: readonly Example[] = [
  { path: 'runs/featured.run.json', title: 'A recorded debate', about: 'The one that plays at the start.' },
  { path: 'runs/batch.run.json', title: 'A recorded batch', about: 'Many questions to one society, with accuracy by round.' },
];

/** The ones this copy of the page holds; a site may be published without the larger ones. */
export async function examples(signal: AbortSignal): Promise<Example[]> {
  const there = await Promise.all(
    shipped.map(({ path }) =>
      fetch(new URL(path, document.baseURI), { method: 'HEAD', signal }).then(
        response => response.ok,
        () => false,
      ),
    ),
  );
  return shipped.filter((_, i) => there[i]);
}

export const exampleHref = ({ path }: Example): string => `#run=${encodeURIComponent(path)}`;
