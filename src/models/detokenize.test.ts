import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { Detokenizer } from './detokenize';
import { tinyModel } from './fixtures/tiny-model';
import { createTokenizer } from './tokenizer';

const files = tinyModel();
const json = (path: string) => JSON.parse(new TextDecoder().decode(files.get(path)));
const tokenizer = createTokenizer({ tokenizer: json('tokenizer.json'), config: json('tokenizer_config.json') });

describe('incremental text', () => {
  it('is what decoding everything gives, with ends that never go back', () => {
    const detokenizer = new Detokenizer(tokenizer);
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 30 }), text => {
        const stream = detokenizer.start();
        let seen = '';
        for (const id of tokenizer.encode(text)) {
          stream.push(id);
          expect(stream.text.startsWith(seen)).toBe(true);
          seen = stream.text;
          expect(text.startsWith(seen)).toBe(true);
        }
        const { text: whole, ends } = stream.finish();
        expect(whole).toBe(text);
        expect(ends).toEqual([...ends].sort((a, b) => a - b));
        expect(ends.at(-1) ?? 0).toBe(text.length);
      }),
    );
  });

  it('waits for the last byte of a character', () => {
    const stream = new Detokenizer(tokenizer).start();
    const ids = tokenizer.encode('é€');
    const texts = ids.map(id => (stream.push(id), stream.text));
    expect(texts).toEqual(['', 'é', 'é', 'é', 'é€']);
    expect(stream.finish().ends).toEqual([0, 1, 1, 1, 2]);
  });

  it('survives bytes that are no text', () => {
    const stream = new Detokenizer(tokenizer).start();
    for (const id of [0xff, 0xc3, 65, 0xe2, 0x82]) stream.push(id);
    const { text, ends } = stream.finish();
    expect(text).toBe(tokenizer.decode([0xff, 0xc3, 65, 0xe2, 0x82]));
    expect(ends).toEqual([...ends].sort((a, b) => a - b));
    expect(ends.at(-1)).toBe(text.length);
  });

  it('leaves special tokens out, and ends the text with them', () => {
    const stream = new Detokenizer(tokenizer).start();
    for (const id of [...tokenizer.encode('ok'), 258]) stream.push(id);
    expect(stream.finish()).toEqual({ text: 'ok', ends: [1, 2, 2] });
  });

  it('follows decoders that strip a space at the start', () => {
    const words = ['▁a', '▁b', 'c'];
    const decode = (ids: readonly number[]) =>
      ids
        .map(i => words[i]!)
        .join('')
        .replaceAll('▁', ' ')
        .replace(/^ /, '');
    const stream = new Detokenizer({ decode }).start();
    const texts = [0, 1, 2, 0].map(id => (stream.push(id), stream.text));
    expect(texts).toEqual(['a', 'a b', 'a bc', 'a bc a']);
    expect(stream.finish()).toEqual({ text: 'a bc a', ends: [1, 3, 4, 6] });
  });
});
