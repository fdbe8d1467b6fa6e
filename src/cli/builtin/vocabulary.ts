// The built-in model's tokenizer: whole words of its small world, single digits, single characters for everything else.

export const special = ['<pad>', '<|user|>', '<|assistant|>', '<|end|>', '<unk>'] as const;
export const [PAD, USER, ASSISTANT, END, UNKNOWN] = [0, 1, 2, 3, 4] as const;

const words = [
  'What', ' is', 'Agent ', 'Summarise', 'Summary: ', 'Check ', 'First', ' multiply', ' and ', 'Then ', 'So ', '\\boxed{', 'From', ' the', ' right',
  'Plus', ' terms', 'Minus ', 'Pair', ' products', 'Rest ', 'Split', 'Tens', 'Factor', 'Add ', 'no answer', 'No shared step differs', 'They differ at ',
  'All agree', ' or ', '. ', ', ', ': ',
]; // prettier-ignore
const characters = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i));

/** Token texts by id. Printable ASCII and the line break are all there; any other character is `<unk>`. */
export const vocabulary: readonly string[] = [...special, ...words, '\n', ...characters];

const ids = new Map(vocabulary.map((token, id) => [token, id]));
const escaped = (token: string): string => token.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&').replace(/\n/g, '\\n');
/** Longest token first; the last branch keeps unknown characters as pieces of their own. */
export const piecePattern = `${[...vocabulary.slice(special.length)]
  .sort((a, b) => b.length - a.length)
  .map(escaped)
  .join('|')}|[\\s\\S]`;

const pieces = new RegExp(piecePattern, 'gu');

/** Token ids of plain text (special tokens are not recognised in it). */
export const encode = (text: string): number[] => [...text.matchAll(pieces)].map(([piece]) => ids.get(piece) ?? UNKNOWN);
export const decode = (tokens: Iterable<number>): string => [...tokens].map(id => (id < special.length ? '' : vocabulary[id]!)).join('');

const roles = { user: USER, assistant: ASSISTANT } as const;
/** A chat as the template renders it, with the opening of the assistant's turn. */
export const encodeChat = (messages: readonly { role: 'user' | 'assistant'; content: string }[]): number[] => [
  ...messages.flatMap(message => [roles[message.role], ...encode(message.content), END]),
  ASSISTANT,
];

export const chatTemplate =
  "{% for m in messages %}{{ '<|' + m['role'] + '|>' + m['content'] + '<|end|>' }}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}";

/** `tokenizer.json`: BPE without merges that only looks whole pieces up. */
export const tokenizerJson = (): object => ({
  version: '1.0',
  truncation: null,
  padding: null,
  added_tokens: special.map((content, id) => ({
    id,
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  })),
  normalizer: null,
  pre_tokenizer: { type: 'Split', pattern: { Regex: piecePattern }, behavior: 'Isolated', invert: false },
  post_processor: null,
  decoder: { type: 'Fuse' },
  model: {
    type: 'BPE',
    dropout: null,
    unk_token: '<unk>',
    continuing_subword_prefix: '',
    end_of_word_suffix: '',
    fuse_unk: false,
    byte_fallback: false,
    ignore_merges: true,
    vocab: Object.fromEntries(vocabulary.map((token, id) => [token, id])),
    merges: [],
  },
});

export const tokenizerConfig = (): object => ({
  tokenizer_class: 'PreTrainedTokenizerFast',
  clean_up_tokenization_spaces: false,
  eos_token: '<|end|>',
  pad_token: '<pad>',
  unk_token: '<unk>',
  model_max_length: 1024,
  chat_template: chatTemplate,
});
