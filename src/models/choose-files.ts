// The files of one model on one device: which graph, which weights beside it, how many bytes.
import { graphPath, isDtype, preferredDtypes, type DeviceFacts, type Dtype } from './dtype-policy';
import { EngineError } from './fault';
import { REFERENCE_FILE } from './self-check-reference';
import type { FileFacts, ModelFolder } from './model-folder';

export interface NamedFile extends FileFacts {
  name: string;
}

export interface ChosenFiles {
  dtype: Dtype;
  /** Why this one. */
  reason: string;
  graph: NamedFile;
  /** Weights the graph keeps in files of their own, by the name the graph calls them. */
  external: NamedFile[];
  /** Configuration, tokenizer and recorded self-check. */
  small: NamedFile[];
}

const SMALL = ['config.json', 'generation_config.json', 'tokenizer.json', 'tokenizer_config.json', 'chat_template.jinja', REFERENCE_FILE];

async function externalOf(folder: ModelFolder, graph: string, signal?: AbortSignal): Promise<NamedFile[]> {
  const found: NamedFile[] = [];
  // Exporters cut weights at 2 GB: `_data`, `_data_1`, `_data_2`, …
  for (let part = 0; ; part++) {
    const name = `${graph}_data${part ? `_${part}` : ''}`;
    const facts = await folder.find(name, signal);
    if (!facts) return found;
    found.push({ name, ...facts });
  }
}

/**
 * @param wanted a dtype somebody asked for; else the policy of the device chooses
 * @throws EngineError `bad-model` when the model has no graph that fits
 */
export async function chooseFiles(
  folder: ModelFolder,
  device: DeviceFacts,
  wanted: string | undefined,
  signal?: AbortSignal,
): Promise<ChosenFiles> {
  if (wanted !== undefined && !isDtype(wanted)) throw new EngineError('bad-model', `There is no precision called ${wanted}.`);
  const policy = preferredDtypes(device);
  const order = wanted === undefined ? policy.order : [wanted as Dtype];
  for (const dtype of order) {
    const name = graphPath(dtype);
    const facts = await folder.find(name, signal);
    if (!facts) continue;
    const small: NamedFile[] = [];
    for (const path of SMALL) {
      const own = await folder.find(path, signal);
      if (own) small.push({ name: path, ...own });
    }
    const reason =
      wanted !== undefined ? 'asked for' : dtype === order[0] ? policy.reason : `${policy.reason}, but the model has no ${order[0]} file`;
    return { dtype, reason, graph: { name, ...facts }, external: await externalOf(folder, name, signal), small };
  }
  // A mistyped name and a model without an export look the same so far; people are told which it is.
  if (!(await folder.find('config.json', signal)))
    throw new EngineError('bad-model', 'There is no model of this name: not even a config.json was found.', 'Check name and revision.');
  throw new EngineError(
    'bad-model',
    `This model has no ONNX graph the engine can use here (looked for ${order.map(graphPath).join(', ')}).`,
    'Look for a version exported to ONNX; on hubs its name often ends in -ONNX.',
  );
}
