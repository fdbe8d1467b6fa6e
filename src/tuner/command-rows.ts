// Training rows in the shapes that other trainers read. They know no `weight`: TRL would train a critic on everything that was ever said to
// it. So every trained turn becomes a row of its own that ends with it, and only that end is a target.

interface Message {
  role: string;
  content: string;
  weight?: 0 | 1;
}

const endings = (jsonl: Uint8Array): Message[][] =>
  new TextDecoder()
    .decode(jsonl)
    .split('\n')
    .filter(line => line.trim() !== '')
    .flatMap(line => {
      const { messages } = JSON.parse(line) as { messages: Message[] };
      return messages.flatMap(({ role, weight }, i) => (role === 'assistant' && weight !== 0 ? [messages.slice(0, i + 1)] : []));
    });

const bare = ({ role, content }: Message) => ({ role, content });
const lines = (rows: readonly object[]): string => rows.map(row => `${JSON.stringify(row)}\n`).join('');

/** `{prompt: […], completion: […]}`, whose loss covers the completion alone in TRL. */
export const asCompletions = (jsonl: Uint8Array): string =>
  lines(endings(jsonl).map(turns => ({ prompt: turns.slice(0, -1).map(bare), completion: turns.slice(-1).map(bare) })));

/** `{messages: […]}` with `train` on each: for Axolotl's `message_field_training`, and for LLaMA-Factory's `mask_history`, which trains the last turn. */
export const asLastTurns = (jsonl: Uint8Array): string =>
  lines(endings(jsonl).map(turns => ({ messages: turns.map((turn, i) => ({ ...bare(turn), train: i === turns.length - 1 })) })));

/** LLaMA-Factory finds its datasets by this file beside them. */
export const datasetInfo = (names: readonly string[]): string => {
  const about = {
    formatting: 'sharegpt',
    columns: { messages: 'messages' },
    tags: { role_tag: 'role', content_tag: 'content', user_tag: 'user', assistant_tag: 'assistant', system_tag: 'system' },
  };
  return JSON.stringify(Object.fromEntries(names.map(name => [name, { file_name: `${name}.jsonl`, ...about }])), null, 2);
};
