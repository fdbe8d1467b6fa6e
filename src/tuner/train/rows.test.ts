import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { createTokenizer } from '../../models/tokenizer';
import { TrainError } from '../engine';
import { bosOf } from './base';
import { jsonl } from './fixture';
import { readRows, type RowRules } from './rows';

const file = (name: string) => JSON.parse(readFileSync(`public/models/abacus/${name}`, 'utf8')) as Record<string, unknown>;
const tokenizerWith = (changes: Record<string, unknown>) =>
  createTokenizer({ tokenizer: file('tokenizer.json'), config: { ...file('tokenizer_config.json'), ...changes } });
const tokenizer = tokenizerWith({});
const [END] = tokenizer.encode('<|end|>') as [number];
const rules: RowRules = { tokenizer, stops: new Set([END]), bos: null, longest: 1024 };
const row = (...messages: object[]): string => JSON.stringify({ messages });
const user = (content: string) => ({ role: 'user', content });
const says = (content: string, weight?: 0 | 1) => ({ role: 'assistant', content, ...(weight === undefined ? {} : { weight }) });
const read = (lines: string[], own: Partial<RowRules> = {}) => readRows(jsonl(lines), { ...rules, ...own }, 'training_file');
const refusal = (lines: string[], own: Partial<RowRules> = {}): string => {
  try {
    read(lines, own);
  } catch (error) {
    expect(error).toBeInstanceOf(TrainError);
    expect(error).toMatchObject({ code: 'invalid_training_file', param: 'training_file' });
    return (error as Error).message;
  }
  return 'nothing was refused';
};

const words = fc.string({ unit: fc.constantFrom(...'First multiply 7*4=28. So \\boxed{3}?'), maxLength: 30 });
const chats = fc.array(fc.record({ question: words, answer: words, weight: fc.constantFrom(undefined, 0 as const, 1 as const) }), {
  minLength: 1,
  maxLength: 4,
});

describe('rows', () => {
  it('have as targets exactly the assistant turns of weight 1, each with its end', () => {
    fc.assert(
      fc.property(chats, turns => {
        fc.pre(turns.some(({ weight }) => weight !== 0));
        // Piece by piece, by hand: the engine cuts the rendered whole instead.
        const pieces = turns.flatMap(({ question, answer, weight }) => [
          { text: `<|user|>${question}<|end|><|assistant|>`, target: false },
          { text: `${answer}<|end|>`, target: weight !== 0 },
        ]);
        const tokens = pieces.flatMap(({ text, target }) => tokenizer.encode(text).map(id => ({ id, target })));
        const wanted = tokens.slice(0, tokens.findLastIndex(({ target }) => target) + 1);
        const chat = turns.flatMap(({ question, answer, weight }) => [user(question), says(answer, weight)]);
        expect(read([row(...chat)])).toEqual([{ tokens: wanted.map(({ id }) => id), mask: wanted.map(({ target }) => (target ? 1 : 0)) }]);
      }),
      { numRuns: 60 },
    );
  });

  it('never have a first answer of weight 0 as a target', () => {
    const [critic] = read([row(user('What is 2+2?'), says('So \\boxed{5}', 0), user('Again?'), says('So \\boxed{4}', 1))]);
    const targets = critic!.tokens.filter((_, i) => critic!.mask[i]);
    expect(tokenizer.decode(targets)).toBe('So \\boxed{4}');
    expect(targets.at(-1)).toBe(END);
  });

  it('begin with the very tokens that inference feeds', () => {
    const messages = [user('What is 2+2?'), says('So \\boxed{5}', 0), user('Again?')] as const;
    const [critic] = read([row(...messages, says('So \\boxed{4}'))]);
    const prompt = tokenizer.encode(tokenizer.render(messages.map(({ role, content }) => ({ role: role as 'user', content }))));
    expect(critic!.tokens.slice(0, critic!.mask.indexOf(1))).toEqual(prompt);
  });

  it('keep what a template writes behind the end out of the targets, and have one token that begins the text', () => {
    const chatml =
      "<pad>{% for m in messages %}{{ '<|' + m['role'] + '|>' + m['content'] | trim + '<|end|>\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}";
    const own = tokenizerWith({ bos_token: '<pad>', chat_template: chatml });
    const [PAD] = own.encode('<pad>') as [number];
    const [only] = read([row(user('What is 2+2?'), says(' 4 '), user('And 3?'), says('3'))], { tokenizer: own, bos: PAD });
    expect(only!.tokens.filter(id => id === PAD)).toHaveLength(1);
    expect(own.decode(only!.tokens.filter((_, i) => only!.mask[i]))).toBe('43');
    expect(refusal([row(user('<pad>What?'), says('4'))], { tokenizer: own, bos: PAD })).toBe(
      'line 1: messages[0] holds the token that begins a text',
    );
  });

  it('begin with that token once, though it may open every turn', () => {
    // As in ChatML models, whose first token is the opener of a turn.
    const opener = (head: string) =>
      tokenizerWith({
        chat_template: `${head}{% for m in messages %}{{ '<pad>' + m['role'] + m['content'] + '<|end|>' }}{% endfor %}{% if add_generation_prompt %}{{ '<pad>assistant' }}{% endif %}`,
      });
    const critic = row(user('2+2?'), says('5', 0), user('Again?'), says('4'));
    const [PAD] = tokenizer.encode('<pad>') as [number];
    const [only] = read([critic], { tokenizer: opener(''), bos: PAD });
    expect(only!.tokens.filter(id => id === PAD)).toHaveLength(4);
    expect(refusal([critic], { tokenizer: opener('<pad>'), bos: PAD })).toBe('line 1: the text begins with its first token twice');
  });

  it('know the token that begins a text in every way a tokenizer names it', () => {
    const [PAD] = tokenizer.encode('<pad>') as [number];
    const named = (config: Record<string, unknown>) => bosOf(config, text => tokenizer.encode(text));
    expect(named({ bos_token: '<pad>' })).toBe(PAD);
    expect(named({ bos_token: { content: '<pad>', lstrip: false } })).toBe(PAD);
    for (const none of [{}, { bos_token: null }, { bos_token: '' }, { bos_token: { id: 1 } }]) expect(named(none)).toBeNull();
    // Not in the vocabulary: text like any other.
    expect(named({ bos_token: 'First multiply' })).toBeNull();
  });

  it('fail loudly where the template tells a turn otherwise in the middle than at the end', () => {
    // As reasoning models do: thoughts are shown in the last answer only.
    const thinking =
      "{% for m in messages %}{{ '<|' + m['role'] + '|>' + (m['content'] if loop.last else m['content'].split(':')[-1]) + '<|end|>' }}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}";
    const own = { tokenizer: tokenizerWith({ chat_template: thinking }) };
    const chat = (weight: 0 | 1) => row(user('2+2?'), says('First: 4', weight), user('Again?'), says('So: 4'));
    expect(refusal([row(user('2+2?'), says('So: 4')), chat(1)], own)).toMatch(/^line 2: the chat template renders messages\[1\] otherwise/);
    const [spoken] = read([chat(0)], own);
    expect(tokenizer.decode(spoken!.tokens.filter((_, i) => spoken!.mask[i]))).toBe('So: 4');
  });

  it('pass over blank lines and count them', () => {
    expect(read([row(user('2+2?'), says('4')), '', row(user('2+3?'), says('5')), ''])).toHaveLength(2);
    expect(refusal([row(user('2+2?'), says('4')), '', 'nothing'])).toBe('line 3: is not JSON');
  });

  it.each([
    ['{"messages":[]}', 'has no messages'],
    ['[1]', 'has no messages'],
    [row({ role: 'tool', content: '' }), 'messages[0].role is not system, user or assistant'],
    [row({ role: 'user', content: null }), 'messages[0].content is not a text'],
    [row(user('2+2?'), { role: 'assistant', content: '4', weight: 0.5 }), 'messages[1].weight is not 0 or 1'],
    [row(user('2+2?'), says('4', 0)), 'no token would be trained: it has no assistant message of weight 1'],
    [row(user('2+2?')), 'no token would be trained: it has no assistant message of weight 1'],
    [row(user('2+2?'), says('4<|end|>5')), 'messages[1] holds an end token in its text'],
    [row(user('2'.repeat(30)), says('4')), '35 tokens, and 20 is the limit'],
  ])('refuse %s', (line, reason) => {
    expect(refusal([row(user('2+2?'), says('4')), line], { longest: 20 })).toBe(`line 2: ${reason}`);
  });

  it('refuse a template that closes no turn, one that refuses the chat, an empty file and one that is no text', () => {
    const open = tokenizerWith({ chat_template: "{% for m in messages %}{{ m['content'] }}{% endfor %}" });
    expect(refusal([row(user('2+2?'), says('4'))], { tokenizer: open })).toMatch(
      'closes messages[1] with no token at which the model stops',
    );
    const strict = tokenizerWith({ chat_template: "{{ raise_exception('no chats today') }}" });
    expect(refusal([row(user('2+2?'), says('4'))], { tokenizer: strict })).toMatch(/^line 1: .*no chats today/);
    expect(refusal(['', ' '])).toBe('no rows');
    expect(() => readRows(Uint8Array.of(0xff, 0xfe), rules, 'validation_file')).toThrow(
      expect.objectContaining({ code: 'invalid_validation_file', message: 'not a text in UTF-8' }),
    );
  });
});
