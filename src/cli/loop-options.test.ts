import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';

import { presetById, presets } from '../experiment/presets';
import { parseLoopConfig } from '../experiment/schema';
import { loopCommand, loopHelp } from './loop-options';

const dir = mkdtempSync(join(tmpdir(), 'polylogue-loop-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const configOf = (...args: string[]) => loopCommand(args, 'models/abacus')!.config!;

function file(content: unknown): string {
  const path = join(dir, 'config.json');
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

describe('loop options', () => {
  test('every preset is a configuration and is told in the help', () => {
    for (const { id, config } of presets) {
      expect(configOf('--preset', id)).toEqual(config);
      expect(parseLoopConfig(config)).toEqual(config);
      expect(loopHelp).toContain(id);
    }
  });

  test('flags change a preset; length, size, seed and a control leave it its name', () => {
    const config = configOf('--preset', 'gentle', '--iterations', '2', '--train', '40', '--eval', '20', '--seed', '7');
    expect(config).toMatchObject({ preset: 'gentle', iterations: 2, trainQuestions: 40, evalQuestions: 20, seed: 7 });
    expect([config.debate.seed, config.datasets.seed]).toEqual([7, 7]);
    expect(configOf('--difficulty', 'easy')).toMatchObject({ preset: 'custom', debate: { difficulty: 'easy' } });
    expect(configOf('--preset', 'collapse', '--society', 'union-data')).toMatchObject({ preset: 'collapse', society: 'union-data' });
    expect(configOf('--agents', '5').debate.seats).toHaveLength(5);
  });

  test('every open point that a set depends on has a flag', () => {
    const config = configOf(
      ...['--w', '2/3', '--selection', 'cross-agent', '--beta', '1/3', '--loss-on', 'all', '--critic-on-empty', 'other'],
      ...['--critic-size', 'all', '--min-votes', '2', '--tie-train', 'random'],
    );
    expect(config).toMatchObject({
      preset: 'custom',
      debate: { minVotes: 2, tieTrain: 'random' },
      datasets: {
        ...{ w: 2 / 3, criticSize: 'all', criticOnEmpty: 'other', lossOn: 'all' },
        selection: { by: 'cross-agent', ownShare: 1 / 3 },
      },
    });
    expect(configOf('--selection', 'truth').datasets.selection).toEqual({ by: 'truth' });
    const published = configOf(...['--w', '2/3', '--loss-on', 'all', '--min-votes', '1', '--tie-train', 'lexical']);
    expect(published.datasets).toEqual(presetById('published').config.datasets);
  });

  test('another model is spoken with as such models are', () => {
    const { debate, preset } = configOf('--model', 'elsewhere/other/');
    expect(debate).toMatchObject({ base: { kind: 'local', id: 'other' }, promptSet: 'default', sampling: { topP: 0.9 } });
    expect(preset).toBe('custom');
    expect(configOf('--model', 'x/y', '--config', file({ debate: { promptSet: 'builtin' } })).debate).toMatchObject({
      base: { kind: 'local', id: 'y' },
      promptSet: 'builtin',
    });
  });

  test('a file holds what differs from its preset', () => {
    const config = configOf('--config', file({ preset: 'collapse', training: { critic: { steps: 5 } }, startFrom: 'base' }));
    const collapse = presetById('collapse').config;
    expect(config.training.critic).toEqual({ ...collapse.training.critic, steps: 5 });
    expect(config.training.generator).toEqual(collapse.training.generator);
    expect(config).toMatchObject({ preset: 'custom', startFrom: 'base' });
  });

  test.each([
    [['--preset', 'harsh'], /gentle, collapse, lecture, published/],
    [['--w', '1.5'], /--w takes a share/],
    [['--beta', '0.5'], /belongs to --selection cross-agent/],
    [['--selection', 'luck'], /takes consensus, cross-agent, verifier, truth/],
    [['--min-votes', '4'], /from 1 to the number of agents, 3/],
    [['--resume', '--w', '0.5'], /no --w with it/],
    [['--preset', 'gentle', '--config', 'x'], /exclude each other/],
    [['--config', join(dir, 'none.json')], /cannot read a configuration/],
    [['--train', '0'], /whole number from 1/],
    [['--difficulty', 'absurd'], /takes easy/],
    [['--resume', '--seed', '3'], /no --seed with it/],
    [['--frobnicate'], /--help lists the options/],
  ])('%j is refused in words', (args, message) => {
    expect(() => loopCommand(args, 'models/abacus')).toThrow(message);
  });

  test.each([
    ['{', /cannot read a configuration/],
    [{ iterations: 0 }, /iterations/],
    [{ training: { generator: { epochs: 3 } } }, /exactly one of epochs and steps/],
    [{ datasets: { w: 2 } }, /datasets\.w/],
  ])('a file with %j is refused with the place', (content, message) => {
    expect(() => configOf('--config', file(content))).toThrow(message);
  });
});

test('weights of another base are used only when asked for, also when going on', () => {
  expect(loopCommand([], 'models/abacus')!.anyBase).toBe(false);
  expect(loopCommand(['--resume', '--any-base'], 'models/abacus')!.anyBase).toBe(true);
});

test('somebody else trains only when asked for, also when going on', () => {
  expect(loopCommand([], 'models/abacus')!.byHand).toBe(false);
  expect(loopCommand(['--resume', '--by-hand'], 'models/abacus')!.byHand).toBe(true);
});

test('a debate that could not be opened again is refused with how many questions fit', () => {
  expect(configOf('--agents', '26', '--rounds', '26', '--train', '20', '--eval', '20').debate.seats).toHaveLength(26);
  expect(() => configOf('--agents', '26', '--rounds', '26', '--train', '1000')).toThrow(/ask at most \d+ of these/);
});
