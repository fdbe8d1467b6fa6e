import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { configOf, debate, type Script } from '../../debate/scripted.fixture';
import type { RunState } from '../../debate/fold';
import { collectSets } from '../collect';
import { importedSet } from '../import';
import { preferencePairs } from '../pairs';
import { hash128 } from '../../tasks/hash';
import { agentName, datasetDefaults, type DataRow, type TrainMessage, type TrainingSet } from '../records';
import { rowHash } from '../seal';
import { bundle } from './bundle';
import type { FormatId } from './format';
import { formatById, formats, readFile, validate } from './formats';
import { readItems } from './lines';
import { trlPairs, openaiPairs } from './preference';
import { problemText, rules } from './problems';

let state: RunState;
let sets: TrainingSet[];
/** One of three answers, in words of the agent's own. */
const split: Script = ({ draw }) => {
  if (draw.role === 'summariser') return `For ${'ABC'[draw.agent]}, round ${draw.round}.`;
  const roll = parseInt(hash128(JSON.stringify(draw)).slice(0, 6), 16) % 4;
  return `${'ABC'[draw.agent]}, round ${draw.round}: ${roll === 3 ? 'no idea' : `\\boxed{${roll}}`}`;
};
beforeAll(async () => {
  // Three rounds and chat history: rows with several assistant turns.
  ({ state } = await debate(configOf({ promptSet: 'default', rounds: 3, minVotes: 1, tieTrain: 'random', seed: 3 }), split, { count: 60 }));
  sets = await collectSets(state, { ...datasetDefaults, criticSize: 'all' }, { iteration: 1 });
});
const critic = (): DataRow[] => sets.find(({ header }) => header.role === 'critic' && header.size >= 10)!.rows;
const generator = (): DataRow[] => sets.find(({ header }) => header.role === 'generator' && header.size >= 10)!.rows;
const hashes = (rows: readonly TrainMessage[][]): string[] => rows.map(rowHash);
const pairs = () => [0, 1, 2].flatMap(agent => preferencePairs(state, 'generator', agent, 1));

const line = (row: unknown): string => `${JSON.stringify(row)}\n`;
const user = { role: 'user', content: 'q' };
const assistant = { role: 'assistant', content: 'a' };

describe('training files', () => {
  it('what is written passes its target and reads back as the same rows', () => {
    for (const rows of [generator(), critic()])
      for (const format of formats) {
        if (!format.write) continue;
        const text = format.write(rows);
        expect(validate(text, format.id)).toEqual([]);
        const read = readFile(text);
        expect(read).toMatchObject({ format: { id: format.id }, problems: [], note: null });
        expect(hashes(read.rows)).toEqual(rows.map(({ hash }) => hash));
      }
  });

  it('the wire forms are these', () => {
    const row: DataRow = {
      hash: '',
      kind: 'corrected',
      qid: 'q',
      speaker: 0,
      run: 'r',
      from: [],
      messages: [
        { role: 'user', content: '1+1?' },
        { role: 'assistant', content: '3', weight: 0 },
        { role: 'user', content: 'Others say 2. 1+1?' },
        { role: 'assistant', content: '2', weight: 1 },
      ],
    };
    const written = (id: FormatId) => formatById(id).write!([row]);
    expect(written('chat')).toMatchInlineSnapshot(`
      "{"messages":[{"role":"user","content":"1+1?"},{"role":"assistant","content":"3","weight":0},{"role":"user","content":"Others say 2. 1+1?"},{"role":"assistant","content":"2","weight":1}]}
      "
    `);
    expect(written('prompt-completion')).toMatchInlineSnapshot(`
      "{"prompt":[{"role":"user","content":"1+1?"},{"role":"assistant","content":"3"},{"role":"user","content":"Others say 2. 1+1?"}],"completion":[{"role":"assistant","content":"2"}]}
      "
    `);
    expect(written('sharegpt')).toMatchInlineSnapshot(`
      "{"conversations":[{"from":"human","value":"1+1?"},{"from":"gpt","value":"3"},{"from":"human","value":"Others say 2. 1+1?"},{"from":"gpt","value":"2"}]}
      "
    `);
    const pair = {
      qid: 'q',
      prompt: [{ role: 'user' as const, content: '1+1?' }],
      chosen: '2',
      rejected: '3',
      from: ['a', 'b'] as [string, string],
      samePrompt: true,
    };
    expect(trlPairs([pair])).toMatchInlineSnapshot(`
      "{"prompt":[{"role":"user","content":"1+1?"}],"chosen":[{"role":"assistant","content":"2"}],"rejected":[{"role":"assistant","content":"3"}]}
      "
    `);
    expect(openaiPairs([pair])).toMatchInlineSnapshot(`
      "{"input":{"messages":[{"role":"user","content":"1+1?"}]},"preferred_output":[{"role":"assistant","content":"2"}],"non_preferred_output":[{"role":"assistant","content":"3"}]}
      "
    `);
  });

  it('formats without weights get one line per trained turn, so that loss covers the same turns', async () => {
    const all = await collectSets(state, { ...datasetDefaults, criticSize: 'all', lossOn: 'all' }, { iteration: 1 });
    const rows = all.find(({ header }) => header.role === 'critic' && header.size)!.rows;
    const targets = rows.flatMap(({ messages }) => messages.filter(({ weight }) => weight === 1).map(({ content }) => content));
    expect(targets.length).toBeGreaterThan(rows.length);
    for (const id of ['prompt-completion', 'sharegpt'] as const) {
      const read = readFile(formatById(id).write!(rows));
      expect(read.rows.map(messages => messages.at(-1)!.content)).toEqual(targets);
      expect(read.rows.every(messages => messages.filter(({ role, weight }) => role === 'assistant' && weight !== 0).length === 1)).toBe(
        true,
      );
    }
  });

  it('names line and rule of everything wrong', () => {
    const text = [
      line({ messages: [user, assistant] }),
      'not json\n',
      '\n',
      line([1]),
      line({ messages: 'x' }),
      line({ messages: [user, { role: 'tool', content: 'a' }] }),
      line({ messages: [assistant, user] }),
      line({ messages: [user, { ...assistant, weight: 2 }] }),
      line({ messages: [{ ...user, weight: 1 }, assistant] }),
      line({ messages: [user, { ...assistant, weight: 0 }] }),
      line({ messages: [user, { role: 'assistant', content: ' ' }] }),
      line({ messages: [user, assistant], text: 'x' }),
      line({ messages: [user, assistant, user] }),
      line({ conversastions: [] }),
    ].join('');
    const problems = validate(text, 'chat');
    expect(problems.map(({ line, rule, severity }) => `${line} ${rule} ${severity}`)).toEqual([
      '2 json error',
      '4 json error',
      '5 shape error',
      '6 role error',
      '7 order error',
      '8 weight error',
      '9 weight error',
      '10 target error',
      '11 content error',
      '12 keys error',
      '13 order error',
      '14 keys error',
      '14 shape error',
      '0 count warning',
    ]);
    expect(problemText(problems[3]!)).toBe('Line 6: message 2 has the role "tool"');
    expect(problems.every(({ rule }) => rule in rules)).toBe(true);
  });

  it('reads lists with the line each row starts on, also where one of them is broken', () => {
    const rows = [
      {
        conversations: [
          { from: 'human', value: 'a "]}," b' },
          { from: 'gpt', value: 'c' },
        ],
      },
      { conversations: [] },
    ];
    const text = `\uFEFF${JSON.stringify(rows, null, 2)}`;
    expect(readItems(text).items.map(({ line }) => line)).toEqual([2, 14]);
    expect(readFile(text).problems.map(problemText)).toEqual(['Line 14: "conversations" is not a list of messages']);
    expect(readFile('[{"a":1},\n{"b":}]').problems[0]).toMatchObject({ line: 2, rule: 'json' });
    expect(readFile('[{"messages":[]}').problems.length).toBeGreaterThan(0);
  });

  it('reads other spellings: plain strings, a system field, OpenAI’s preference names', () => {
    expect(readFile(line({ prompt: 'q', completion: 'a' })).rows).toEqual([[user, assistant]]);
    const talk = {
      conversations: [
        { from: 'human', value: 'q' },
        { from: 'gpt', value: 'a' },
      ],
      system: 's',
      id: '7',
    };
    expect(readFile(line(talk))).toMatchObject({ rows: [[{ role: 'system', content: 's' }, user, assistant]], problems: [] });
    const pair = { input: { messages: [user] }, preferred_output: [assistant], non_preferred_output: [{ ...assistant, content: 'b' }] };
    expect(readFile(line(pair))).toMatchObject({
      rows: [[user, assistant]],
      problems: [],
      note: expect.stringContaining('rejected') as string,
    });
  });

  it('any text gives rows or problems, and rows that are free of errors are trainable', () => {
    const json = fc.jsonValue({ maxDepth: 4 });
    const near = fc.record(
      {
        messages: fc.array(
          fc.record({
            role: fc.constantFrom('user', 'assistant', 'system', 'x'),
            content: fc.string(),
            weight: fc.constantFrom(0, 1, undefined, 'y'),
          }),
        ),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(json, near), { maxLength: 6 }), fc.nat(40), (values, cut) => {
        const text = values.map(value => `${JSON.stringify(value)}\n`).join('');
        const { rows, problems } = readFile(text.slice(0, text.length - cut));
        if (!rows.length) expect(problems.length).toBeGreaterThan(0);
        if (problems.length === 0)
          for (const messages of rows) expect(messages.some(({ role, weight }) => role === 'assistant' && weight !== 0)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('an imported file is a set with a name, without a debate behind it, and no row twice', () => {
    const { rows } = readFile(formatById('chat').write!(generator()));
    const set = importedSet('rows.jsonl', 'critic', 1, [...rows, rows[0]!]);
    expect(set.header).toMatchObject({ role: 'critic', agent: 1, size: rows.length, wRealised: null, discarded: { twice: 1 } });
    expect(set.rows.map(({ hash }) => hash)).toEqual(generator().map(({ hash }) => hash));
    expect(importedSet('x', 'generator', 0, []).header.skipped).toBe('the file has no rows');
  });
});

describe('preference pairs', () => {
  it('generators: what matches the label over what does not, after the same prompt', () => {
    expect(pairs().length).toBeGreaterThan(10);
    for (const { qid, prompt, chosen, rejected, from, samePrompt } of pairs()) {
      const question = state.questions.get(qid)!;
      const [good, bad] = from.map(id => question.turns.get(id)!);
      expect(samePrompt).toBe(true);
      expect(good!.promptHash).toBe(bad!.promptHash);
      expect(good!.answer!.key).toBe(question.vote!.label);
      expect(bad!.answer?.key ?? null).not.toBe(question.vote!.label);
      expect([good!.text, bad!.text]).toEqual([chosen, rejected]);
      expect(prompt.at(-1)!.content).toContain(question.question.text);
    }
  });

  it('one of the two answers is always the agent’s own; critics’ pairs say that only the question is the same', () => {
    for (const role of ['generator', 'critic'] as const)
      for (const agent of [0, 1, 2])
        for (const { from, samePrompt } of preferencePairs(state, role, agent, 1)) {
          expect(from.some(id => id.endsWith(`.${agent}.${role}`))).toBe(true);
          expect(samePrompt).toBe(role === 'generator');
        }
    expect(preferencePairs(state, 'critic', 0, 1).length).toBeGreaterThan(0);
  });

  it('pass their target', () => {
    for (const role of ['generator', 'critic'] as const) {
      const text = trlPairs(preferencePairs(state, role, 0, 1));
      expect(validate(text, 'preference').filter(({ severity }) => severity === 'error')).toEqual([]);
    }
    const same = { prompt: [user], chosen: [assistant], rejected: [assistant] };
    expect(validate(line(same), 'preference').map(({ rule }) => rule)).toEqual(['differ', 'count']);
  });
});

describe('bundles', () => {
  const agentRows = () =>
    sets.map(({ header: { role, agent }, rows }) => ({
      agent: agentName(role, agent),
      rows,
      pairs: preferencePairs(state, role, agent, 1),
    }));

  it('hold data that passes, settings that name it, and the command', () => {
    for (const { id } of formats) {
      const { files, command, problems } = bundle(id, agentRows(), 'org/base: "1"');
      expect(problems.filter(({ found }) => found.severity === 'error')).toEqual([]);
      expect(command.split('\n')).toHaveLength(agentRows().filter(({ rows, pairs }) => (id === 'preference' ? pairs : rows).length).length);
      expect(files['commands.txt']).toBe(`${command}\n`);
      expect(Object.keys(files).every(path => /^[\w./-]+$/.test(path) && !path.includes('..'))).toBe(true);
    }
    const { files } = bundle('sharegpt', agentRows(), 'org/base');
    const info = JSON.parse(files['dataset_info.json']!) as Record<string, { file_name: string }>;
    for (const { file_name } of Object.values(info)) expect(files[file_name]).toBeTruthy();
    expect(files['generator_1.yaml']).toContain('mask_history: true\n');
    // A template of LLaMA-Factory's own would render other prompts than inference does.
    expect(files['generator_1.yaml']).not.toMatch(/^template:/m);
    expect(files['README.txt']).toContain('chat template of the tokenizer');
    expect(bundle('prompt-completion', agentRows(), 'org/base').files['generator_1.yaml']).toContain('completion_only_loss: true\n');
  });

  it('pairs are checked in both spellings', () => {
    const same = { ...pairs()[0]!, rejected: pairs()[0]!.chosen };
    const { problems } = bundle('preference', [{ agent: 'generator_1', rows: [], pairs: [same] }], 'b');
    expect(problems.filter(({ found }) => found.rule === 'differ').map(({ file }) => file)).toEqual([
      'generator_1/train.jsonl',
      'openai/generator_1.jsonl',
    ]);
  });

  it('agents without rows are left out', () => {
    const none = sets.map(({ header: { role, agent } }) => ({ agent: agentName(role, agent), rows: [], pairs: [] }));
    expect(bundle('chat', none, 'b')).toEqual({ files: {}, command: '', problems: [] });
  });
});
