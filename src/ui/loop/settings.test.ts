import { describe, expect, it } from 'vitest';
import { builtinModel } from '../../debate/defaults';
import { limits } from '../../debate/limits';
import { parseLoopConfig } from '../../experiment/schema';
import { presets } from '../../experiment/presets';
import { fields } from './fields';
import { presetFor, readLoopDraft, scarceBefore } from './settings';

describe('settings of a loop', () => {
  const gentle = presetFor('gentle', builtinModel);

  it('give back the preset when nothing was typed, or when what was typed is what stood there', () => {
    expect(readLoopDraft(gentle, {}).config).toBe(gentle);
    const same = Object.fromEntries(fields.map(field => [field.key, field.text(gentle)]));
    expect(readLoopDraft(gentle, same).config).toBe(gentle);
  });

  it('every field writes what it reads, and the result is a configuration', () => {
    for (const { id } of presets)
      for (const field of fields) {
        const preset = presetFor(id, builtinModel);
        const value = field.options ? field.options.at(-1)!.value : { text: '2/3', decimal: '0.05', numeric: '3' }[field.inputmode!];
        // Shares of own rows are there under one selection only, an adapter has a rank, and a length is in updates or in passes.
        const around = { selection: 'cross-agent', 'generator-method': 'lora', 'critic-method': 'lora' };
        if (field.when && !field.when(readLoopDraft(preset, around).config)) continue;
        const draft = { ...around, [field.key]: value };
        const { config, problems } = readLoopDraft(preset, draft);
        expect([field.key, ...problems]).toEqual([field.key]);
        expect([field.key, field.text(config)]).toEqual([field.key, value]);
        expect(parseLoopConfig(config)).toEqual(config);
      }
  });

  it('every open point of the method that a set or a vote depends on can be reached', () => {
    const { config } = readLoopDraft(gentle, {
      ...{ selection: 'cross-agent', ownShare: '1/3', w: '2/3', minVotes: '2', tieTrain: 'lexical' },
      ...{ share: 'concat', order: 'sequential', criticOnEmpty: 'other', lossOn: 'all', seeOwn: 'false' },
    });
    expect(config).toMatchObject({
      preset: 'custom',
      debate: { minVotes: 2, tieTrain: 'lexical', share: 'concat', order: 'sequential', seeOwn: false },
      datasets: { selection: { by: 'cross-agent', ownShare: 1 / 3 }, w: 2 / 3, criticOnEmpty: 'other', lossOn: 'all' },
    });
    expect(readLoopDraft(gentle, { summariser: 'self' }).config.debate.summariser).toBe('self');
    expect(readLoopDraft(gentle, { minVotes: '4' }).problems.get('minVotes')).toMatch(/cannot come from 3 agents/);
  });

  it('a preset keeps its own way of voting with another model', () => {
    const other = presetFor('published', { kind: 'hub', id: 'some/model' });
    expect(other.debate).toMatchObject({ base: { id: 'some/model' }, minVotes: 1, tieTrain: 'lexical', promptSet: 'default' });
    expect(other.debate.sampling.maxNewTokens).toBe(512);
  });

  it('says before anything runs that a training would be too short', () => {
    expect(scarceBefore(gentle)).toBeNull();
    expect(scarceBefore(readLoopDraft(gentle, { 'generator-steps': '4' }).config)).toContain('generators 4');
    expect(scarceBefore(readLoopDraft(gentle, { trainQuestions: '20' }).config)).toContain('critics 8');
  });

  it('a seed reaches debate and sets; size and seed leave the preset its name, the rest makes it custom', () => {
    const { config } = readLoopDraft(gentle, { seed: '7', iterations: '1' });
    expect([config.seed, config.debate.seed, config.datasets.seed, config.preset]).toEqual([7, 7, 7, 'gentle']);
    expect(readLoopDraft(gentle, { 'critic-learningRate': '0.001' }).config.preset).toBe('custom');
  });

  it('counts in the unit of the preset: what was typed as updates never becomes passes', () => {
    const lecture = presetFor('lecture', builtinModel);
    const draft = { 'generator-steps': '50', 'generator-epochs': '5' };
    expect(readLoopDraft(lecture, draft).config.training.generator).toMatchObject({ steps: null, epochs: 5 });
    expect(readLoopDraft(gentle, draft).config.training.generator).toMatchObject({ steps: 50, epochs: null });
  });

  it('every setting of a training can be chosen; what belongs to adapters goes with them', () => {
    const draft = {
      ...{ 'critic-rank': '16', 'critic-alpha': '24', 'critic-schedule': 'cosine', 'critic-warmupSteps': '0', 'critic-batchSize': '4' },
      ...{
        'critic-weightDecay': '0',
        'critic-maxGradNorm': '0.5',
        'critic-unit': 'steps',
        'critic-steps': '7',
        'generator-method': 'full',
      },
    };
    const { config, problems } = readLoopDraft(gentle, draft);
    expect([...problems]).toEqual([]);
    expect(config.training.critic).toEqual({
      ...{ method: 'lora', rank: 16, alpha: 24, schedule: 'cosine', warmupSteps: 0, batchSize: 4, learningRate: 5e-4 },
      ...{ weightDecay: 0, maxGradNorm: 0.5, steps: 7, epochs: null },
    });
    expect(config.training.generator).toMatchObject({ method: 'full', rank: 0, alpha: 0 });
    const collapse = presetFor('collapse', builtinModel);
    expect(readLoopDraft(collapse, { 'generator-method': 'lora' }).config.training.generator).toMatchObject({ rank: 8, alpha: 16 });
    // A rank of nothing is nothing to refuse.
    expect([...readLoopDraft(gentle, { 'generator-method': 'full', 'generator-rank': '0' }).problems]).toEqual([]);
  });

  it('what a training is refused for is said in the words of the file, at its field', () => {
    const draft = {
      'generator-rank': '0',
      'critic-rank': '65',
      'critic-learningRate': '0',
      'critic-weightDecay': '',
      'critic-epochs': '1.5',
    };
    expect(Object.fromEntries(readLoopDraft(gentle, draft).problems)).toEqual({
      'generator-rank': 'Generators: rank: an adapter has a rank of at least 1.',
      'critic-rank': 'Critics: rank: a whole number from 0 to 64 is needed.',
      'critic-learningRate': 'Critics: learning rate: a number above 0 and at most 1 is needed.',
      'critic-weightDecay': 'Critics: weight decay: a number from 0 to 1 is needed.',
      'critic-epochs': 'Critics: passes over the rows: a whole number from 1 to 50 is needed.',
    });
    const { training } = gentle;
    const said = { ...gentle, training: { ...training, critic: { ...training.critic, rank: 65 } } };
    expect(() => parseLoopConfig(said)).toThrow('a whole number from 0 to 64 is needed');
  });

  it('of the one model of a control, a critic’s settings count only for how long it is trained', () => {
    const { config } = readLoopDraft(gentle, { society: 'union-data' });
    const shown = fields.filter(({ role, when }) => role === 'critic' && (when?.(config) ?? true)).map(({ bare }) => bare);
    expect(shown).toEqual(['Length is counted in', 'Passes over the rows', 'Rows per update']);
  });

  it('goes as far as a run can, and says where a debate would be too large to be opened again', () => {
    const wide = readLoopDraft(gentle, {
      agents: String(limits.agents),
      rounds: String(limits.rounds),
      trainQuestions: '20',
      evalQuestions: '20',
    });
    expect([...wide.problems]).toEqual([]);
    expect([wide.config.debate.seats.length, wide.config.debate.rounds]).toEqual([26, 26]);
    const { problems } = readLoopDraft(gentle, { agents: '26', rounds: '26', trainQuestions: '1000', evalQuestions: '20' });
    expect([...problems.keys()]).toEqual(['trainQuestions']);
    expect(problems.get('trainQuestions')).toMatch(/ask at most \d+ of these, or fewer agents or rounds/);
  });

  it('says what is wrong with a field and keeps the preset’s value there', () => {
    const { config, problems } = readLoopDraft(gentle, { agents: '99', rounds: '1.5', w: '' });
    expect([...problems.keys()].sort()).toEqual(['agents', 'rounds', 'w']);
    expect(problems.get('agents')).toMatch(/99 is outside 1 to 26/);
    expect(config).toBe(gentle);
  });
});
