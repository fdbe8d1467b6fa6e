import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { RunFile } from '../../debate/events';
import { foldAll } from '../../debate/fold';
import { foldLoopAll } from '../../experiment/fold';
import type { LoopFile } from '../../experiment/records';
import { parseLoopEvent } from '../../experiment/schema';
import { measures, type Measures } from '../../metrics/measure';
import { measuredIn } from './accuracy';
import { goalOf, positionOf } from './progress';
import { recordings } from './recordings';
import { stopsOf } from './reel';

const site = resolve(import.meta.dirname, '../../../public');

describe.each(recordings)('the recording $id', ({ folder, preset, control }) => {
  const { events: stored } = JSON.parse(readFileSync(resolve(site, folder, 'loop.json'), 'utf8')) as LoopFile;
  const events = stored.map(parseLoopEvent);
  const loop = foldLoopAll(events);

  it('is a whole loop of three iterations, and replays from one evaluation to the next', () => {
    expect(measuredIn(loop).map(({ iteration }) => iteration)).toEqual([0, 1, 2, 3]);
    expect([goalOf(loop), positionOf(loop), loop.finished === null]).toEqual([3, null, false]);
    const stops = stopsOf(events);
    expect(stops.filter(({ measured }) => measured).map(({ iteration }) => iteration)).toEqual([0, 1, 2, 3]);
    expect(stops.at(-1)!.events).toBe(events.length);
  });

  it('shows what its preset says of the recording', () => {
    const [base, end] = [0, 3].map(i => loop.iterations[i]!.measured!.measures) as [Measures, Measures];
    const gain = (of: 'generator' | 'critic' | 'debate'): number => end[of].share - base[of].share;
    if (control) return;
    expect(gain('generator')).toBeGreaterThan(0.15);
    if (preset === 'gentle') {
      expect(gain('critic')).toBeGreaterThan(0.01);
      expect(gain('critic')).toBeLessThan(0.1);
      expect(Math.abs(gain('debate'))).toBeLessThan(0.05);
    } else {
      expect(gain('critic')).toBeLessThan(-0.05);
      expect(gain('debate')).toBeLessThan(-0.05);
    }
  });

  it('has the figures and intervals that its debates give again', () => {
    for (const { run, measures: told } of measuredIn(loop)) {
      const file = gunzipSync(readFileSync(resolve(site, folder, `runs/${run}.run.json.gz`))).toString();
      const found = measures(foldAll((JSON.parse(file) as RunFile).events));
      for (const figure of ['consensus', 'uniqueAnswers', 'uniqueStrategies'] as const) expect(told[figure]).toEqual(found[figure]);
      // The controls were recorded without the ends of tokens, which a distance is over.
      if (!control) expect(told.distance).toEqual(found.distance);
      for (const { low, high } of [told.distance, told.nll!.own, told.nll!.cross]) expect(low! < high!).toBe(true);
    }
  });

  it('has every debate and every set beside it that its points open', () => {
    const named = events.flatMap(event =>
      event.type === 'debated'
        ? [`runs/${event.run}.run.json.gz`]
        : event.type === 'collected'
          ? event.sets.map(({ sha256 }) => `sets/${sha256}.json.gz`)
          : [],
    );
    expect(named.filter(path => !existsSync(resolve(site, folder, path)))).toEqual([]);
  });
});
