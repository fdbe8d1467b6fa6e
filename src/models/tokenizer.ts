// Text in and out of a model: tokenizer and chat template, from the files of its folder.
import { PreTrainedTokenizer } from '@huggingface/transformers';

import type { EngineMessage } from './engine';
import { EngineError } from './fault';

export interface Tokenizer {
  /** The prompt as the model sees it, up to where its answer begins. */
  render(messages: readonly EngineMessage[]): string;
  /** The chat template over these messages; with a generation prompt it ends where an assistant's answer begins. */
  renderChat(messages: readonly EngineMessage[], addGenerationPrompt: boolean): string;
  /** Without special tokens of its own. */
  encode(text: string): number[];
  /** Special tokens are left out. */
  decode(ids: readonly number[]): string;
  /** One token as a person should see it, special tokens included. */
  piece(id: number): string;
  /** Token that ends an answer, where the tokenizer names one. */
  readonly eos: number | undefined;
}

export interface TokenizerFiles {
  tokenizer: unknown;
  config: Record<string, unknown>;
  /** Contents of `chat_template.jinja`, which newer exports ship beside the configuration. */
  template?: string;
}

/** @throws EngineError `bad-model` when the files make no tokenizer or there is no chat template */
export function createTokenizer({ tokenizer, config, template }: TokenizerFiles): Tokenizer {
  let own: PreTrainedTokenizer;
  try {
    own = new PreTrainedTokenizer(tokenizer, template === undefined ? config : { ...config, chat_template: template });
  } catch (error) {
    throw new EngineError('bad-model', 'The tokenizer of this model could not be read.', undefined, error);
  }
  if (!own.chat_template)
    throw new EngineError(
      'bad-model',
      'This model has no chat template.',
      'Choose an instruction-tuned model: its name often ends in -Instruct.',
    );
  const renderChat: Tokenizer['renderChat'] = (messages, addGenerationPrompt) =>
    own.apply_chat_template([...messages], { tokenize: false, add_generation_prompt: addGenerationPrompt }) as string;
  return {
    render: messages => renderChat(messages, true),
    renderChat,
    encode: text => own.encode(text, { add_special_tokens: false }),
    decode: ids => (ids.length ? own.decode([...ids], { skip_special_tokens: true, clean_up_tokenization_spaces: false }) : ''),
    piece: id => own.decode([id], { skip_special_tokens: false, clean_up_tokenization_spaces: false }),
    eos: own.eos_token_id ?? undefined,
  };
}
