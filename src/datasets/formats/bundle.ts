// Rows with everything a trainer needs beside them: tags and settings that do not match the data fail inside training, where nobody looks.
import type { AgentName, DataRow } from '../records';
import type { Pair } from '../pairs';
import type { FormatId } from './format';
import { formatById, validate } from './formats';
import { openaiPairs, trlPairs } from './preference';
import type { Problem } from './problems';
import { readmeOf } from './readme';

export interface AgentRows {
  agent: AgentName;
  rows: readonly DataRow[];
  /** Preference pairs of the same agent; only that format reads them. */
  pairs: readonly Pair[];
}

export interface Bundle {
  /** Text by path within the archive. */
  files: Record<string, string>;
  /** What to type where the archive was unpacked. */
  command: string;
  /** What the target would say, by file. */
  problems: { file: string; found: Problem }[];
}

const yaml = (fields: Record<string, string | number | boolean>): string =>
  Object.entries(fields)
    // JSON strings are YAML strings: an id with a colon or a quote stays one value.
    .map(([key, value]) => `${key}: ${typeof value === 'string' ? JSON.stringify(value) : value}\n`)
    .join('');

const shared = { learning_rate: 0.0002, lora_alpha: 32 };

function trl(agent: AgentName, base: string, extra: Record<string, string | number | boolean>): string {
  return yaml({
    model_name_or_path: base,
    dataset_name: `./${agent}`,
    output_dir: `out/${agent}`,
    use_peft: true,
    lora_r: 16,
    ...shared,
    num_train_epochs: 2,
    per_device_train_batch_size: 4,
    ...extra,
  });
}

const datasetInfo = (agents: readonly AgentName[]): string =>
  `${JSON.stringify(
    Object.fromEntries(
      agents.map(agent => [
        agent,
        {
          file_name: `${agent}.jsonl`,
          formatting: 'sharegpt',
          columns: { messages: 'conversations' },
          // In backquotes: the check of imports takes the word in plain quotes for one.
          tags: { role_tag: `from`, content_tag: 'value', user_tag: 'human', assistant_tag: 'gpt', system_tag: 'system' },
        },
      ]),
    ),
    null,
    2,
  )}\n`;

const factory = (agent: AgentName, base: string): string =>
  yaml({
    model_name_or_path: base,
    stage: 'sft',
    do_train: true,
    finetuning_type: 'lora',
    lora_target: 'all',
    lora_rank: 16,
    ...shared,
    dataset_dir: '.',
    dataset: agent,
    // No template: the tokenizer's own chat template is taken, and that is what inference renders prompts with.
    // Without this every gpt turn is trained, a wrong first answer among them.
    mask_history: true,
    cutoff_len: 2048,
    output_dir: `out/${agent}`,
    num_train_epochs: 2,
    per_device_train_batch_size: 4,
  });

const job = (agent: AgentName, base: string): string =>
  `${JSON.stringify(
    {
      model: base,
      training_file: 'FILE_ID',
      suffix: agent,
      method: { type: 'supervised', supervised: { hyperparameters: { n_epochs: 2 } } },
    },
    null,
    2,
  )}\n`;

/** Settings beside an agent's rows, and the command that uses them. */
function companions(id: FormatId, agent: AgentName, base: string): { files: Record<string, string>; command: string } {
  switch (id) {
    case 'chat':
      return {
        files: { [`${agent}.job.json`]: job(agent, base) },
        command: `curl "$ENDPOINT/files" -H "Authorization: Bearer $TOKEN" -F purpose=fine-tune -F file=@${agent}.jsonl`,
      };
    case 'prompt-completion':
      return {
        files: { [`${agent}.yaml`]: trl(agent, base, { completion_only_loss: true }) },
        command: `trl sft --config ${agent}.yaml`,
      };
    case 'preference':
      return {
        files: { [`${agent}.yaml`]: trl(agent, base, { beta: 0.1, learning_rate: 0.00002 }) },
        command: `trl dpo --config ${agent}.yaml`,
      };
    case 'sharegpt':
      return { files: { [`${agent}.yaml`]: factory(agent, base) }, command: `llamafactory-cli train ${agent}.yaml` };
  }
}

/**
 * @param base the model to train, as the trainer knows it
 * @returns agents without rows are left out; no files when none has any
 */
export function bundle(id: FormatId, sets: readonly AgentRows[], base: string): Bundle {
  const format = formatById(id);
  const files: Record<string, string> = {};
  const commands: string[] = [];
  const problems: Bundle['problems'] = [];
  const full = sets.filter(({ rows, pairs }) => (id === 'preference' ? pairs : rows).length);
  for (const { agent, rows, pairs } of full) {
    const path = format.file(agent);
    const text = format.write ? format.write(rows) : trlPairs(pairs);
    problems.push(...validate(text, id).map(found => ({ file: path, found })));
    files[path] = text;
    if (id === 'preference') {
      const other = `openai/${agent}.jsonl`;
      files[other] = openaiPairs(pairs);
      problems.push(...validate(files[other], id).map(found => ({ file: other, found })));
    }
    const beside = companions(id, agent, base);
    Object.assign(files, beside.files);
    commands.push(beside.command);
  }
  if (id === 'sharegpt' && full.length) files['dataset_info.json'] = datasetInfo(full.map(({ agent }) => agent));
  const command = commands.join('\n');
  if (full.length) Object.assign(files, { 'commands.txt': `${command}\n`, 'README.txt': readmeOf(id) });
  return { files, command, problems };
}
