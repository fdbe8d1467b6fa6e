// The page engine against workers that fail in every way; real ones train in test/browser/tuner-train.test.ts.
import { describe, expect, it } from 'vitest';

import type { TrainUpdate } from '../engine';
import { someJob } from './fixture';
import { createWorkerEngine } from './page';
import type { FromJobWorker, ToJobWorker } from './page-protocol';

class FakeWorker {
  static last: FakeWorker;
  onmessage: ((event: { data: FromJobWorker }) => void) | null = null;
  onerror: ((event: { message: string; preventDefault(): void }) => void) | null = null;
  heard: ToJobWorker['type'][] = [];
  ended = false;
  constructor(private readonly answer: (own: FakeWorker, message: ToJobWorker) => void) {
    FakeWorker.last = this;
  }
  postMessage(message: ToJobWorker): void {
    this.heard.push(message.type);
    queueMicrotask(() => this.answer(this, message));
  }
  say(message: FromJobWorker): void {
    this.onmessage!({ data: message });
  }
  terminate(): void {
    this.ended = true;
  }
}

const warning: TrainUpdate = { t: 'warn', message: 'soon' };
const run = async (answer: (own: FakeWorker, message: ToJobWorker) => void, stop = new AbortController(), stopAt?: string) => {
  const updates: TrainUpdate[] = [];
  const engine = createWorkerEngine({
    bases: [{ id: 'tiny', url: 'http://site/models/tiny/' }],
    silence: 40,
    grace: 20,
    createWorker: () => new FakeWorker(answer) as unknown as Worker,
  });
  const on = (update: TrainUpdate): void => {
    updates.push(update);
    if (update.t === stopAt) stop.abort(new Error('enough'));
  };
  const outcome = await engine.train('job', someJob(), on, stop.signal).catch((error: unknown) => error);
  expect(FakeWorker.last.ended).toBe(true);
  return { outcome, updates };
};

describe('the worker of a job', () => {
  it('hands on its updates and its files', async () => {
    const files = { 'probe.json': new Uint8Array(2) };
    const { outcome, updates } = await run(own => {
      own.say({ type: 'update', update: warning });
      own.say({ type: 'done', files });
    });
    expect(outcome).toEqual(files);
    expect(updates).toEqual([warning]);
  });

  it('fails as it says, is lost when it breaks, and is given up when it is silent', async () => {
    const failed = await run(own => own.say({ type: 'failed', code: 'oom', message: 'full', param: null }));
    expect(failed.outcome).toMatchObject({ name: 'TrainError', code: 'oom', message: 'full' });
    const lost = await run(own => own.onerror!({ message: 'broken', preventDefault: () => undefined }));
    expect(lost.outcome).toMatchObject({ code: 'worker_lost', message: 'broken' });
    expect((await run(() => undefined)).outcome).toMatchObject({ code: 'timeout' });
  });

  it('is told to stop, and ended when it does not', async () => {
    const polite = await run(
      (own, { type }) => own.say(type === 'stop' ? { type: 'stopped' } : { type: 'update', update: warning }),
      new AbortController(),
      'warn',
    );
    expect(polite.outcome).toMatchObject({ message: 'enough' });
    const deaf = await run(
      (own, { type }) => type === 'train' && own.say({ type: 'update', update: warning }),
      new AbortController(),
      'warn',
    );
    expect(deaf.outcome).toMatchObject({ message: 'enough' });
    expect(FakeWorker.last.heard).toEqual(['train', 'stop']);
  });
});
