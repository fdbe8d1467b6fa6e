import { describe, expect, it } from 'vitest';
import type { FetchQuestion } from '../../models/permit';
import { FetchConsent } from './fetch-consent.svelte';

const never = new AbortController().signal;
const ref = { kind: 'hub', id: 'owner/name' } as const;
const host: FetchQuestion = { ref, host: 'https://hub.example', offer: null };
const files = (bytes: number, cached = false): FetchQuestion => ({
  ...host,
  offer: {
    files: [{ name: 'onnx/model.onnx', bytes, cached }],
    total: bytes,
    missing: cached ? 0 : bytes,
    dtype: 'q4',
    device: 'wasm',
    reason: '',
  },
});
const settle = () => new Promise<void>(resolve => setTimeout(resolve));

describe('what may be fetched', () => {
  it('is asked, one thing at a time, and what was agreed to is not asked again', async () => {
    const consent = new FetchConsent();
    const both = [consent.ask(host, never), consent.ask(files(10), never)];
    await settle();
    expect(consent.question).toBe(host);
    consent.answer(true);
    await settle();
    expect(consent.question?.offer?.missing).toBe(10);
    consent.answer(true);
    expect(await Promise.all(both)).toEqual([true, true]);
    expect(consent.question).toBeNull();
    expect(await consent.ask(host, never)).toBe(true);
    expect(await consent.ask(files(10), never)).toBe(true);
  });

  it('is asked again for another host, another length, another revision, and after the files were deleted', async () => {
    const consent = new FetchConsent();
    consent.agree(files(10));
    const others: FetchQuestion[] = [
      { ...host, host: 'https://other.example' },
      files(11),
      { ...files(10), ref: { ...ref, revision: 'other' } },
    ];
    for (const other of others) {
      const asking = consent.ask(other, never);
      await settle();
      expect(consent.question).toBe(other);
      consent.answer(false);
      expect(await asking).toBe(false);
    }
    consent.forget(host.host, ref.id);
    const again = consent.ask(files(10), never);
    await settle();
    expect(consent.question).not.toBeNull();
    consent.answer(false);
    expect(await again).toBe(false);
    expect(await consent.ask(files(10, true), never)).toBe(true);
  });

  it('is asked no longer when nobody waits for the answer', async () => {
    const consent = new FetchConsent();
    const abort = new AbortController();
    const asking = consent.ask(host, abort.signal);
    const next = consent.ask(files(10), never);
    await settle();
    abort.abort();
    expect(await asking).toBe(false);
    await settle();
    expect(consent.question?.offer?.missing).toBe(10);
    consent.answer(false);
    expect(await next).toBe(false);
  });
});
