// What a reader of an export has to know before training on it elsewhere: a prompt that is rendered in another way is another prompt.
import type { FormatId } from './format';

const ownTemplate =
  'Polylogue renders every prompt with the chat template of the model’s tokenizer (chat_template in tokenizer_config.json). Train with that template, or the trained model will be asked in other words than it was taught.';

const notes: Record<FormatId, readonly string[]> = {
  chat: [
    'A weight of 0 marks assistant turns that are context only. Not every service honours it: where it is ignored, wrong first answers are trained too.',
    'TRL ignores weights: export “TRL prompt–completion” for it.',
    'FILE_ID in the job is what the upload answers.',
  ],
  'prompt-completion': [
    'Every line ends on the one answer that is trained, in "completion"; completion_only_loss keeps the loss there.',
    'TRL renders such rows with the tokenizer’s own chat template, as Polylogue does. A base without a chat template needs one first: copy it from where the model is run.',
  ],
  preference: [
    'Chosen answers match the label, rejected ones do not. openai/ holds the same pairs in the field names of OpenAI and Together.',
    'TRL renders such rows with the tokenizer’s own chat template, as Polylogue does.',
  ],
  sharegpt: [
    'The settings name no template on purpose: LLaMA-Factory (0.9.2 and later) then takes the chat template of the tokenizer. "template: default" would be another prompt.',
    'It takes that template apart into pieces per turn. Where a template writes the same turn differently by its place, as reasoning models do, the pieces may differ from the whole: compare one printed training example with a prompt that Polylogue shows.',
    'mask_history keeps the loss on the last answer; without it every gpt turn is trained, a wrong first answer among them.',
  ],
};

export const readmeOf = (id: FormatId): string =>
  ['Training rows made with Polylogue.', ownTemplate, ...notes[id], ''].join('\n\n').trimEnd() + '\n';
