// What an `adapter_config.json` of PEFT says, restricted to plain LoRA: whatever would change the arithmetic otherwise is refused by name.

/** The adapter is not one this program can apply; the message names the field, file or tensor. */
export class AdapterError extends Error {
  override name = 'AdapterError';
}

export interface PeftConfig {
  /** Base model the adapter was trained on, as far as it says. */
  baseModel: string | null;
  revision: string | null;
  rankOf(module: string): number;
  /** What B must be multiplied by: α/r, or α/√r for rank-stabilised LoRA. */
  scaleOf(module: string): number;
  warnings: string[];
}

const maxRank = 64;
const plainInits: readonly unknown[] = [undefined, null, true, false, 'gaussian', 'orthogonal', 'eva', 'mica'];
const refused = [
  ...['use_dora', 'lora_bias', 'fan_in_fan_out', 'modules_to_save', 'trainable_token_indices', 'layer_replication', 'megatron_config'],
  ...['alora_invocation_tokens', 'use_qalora', 'use_bdlora', 'arrow_config', 'kasa_config', 'monteclora_config', 'velora_config'],
  ...['target_parameters'],
];
const harmless = new Set([
  ...['peft_type', 'r', 'lora_alpha', 'rank_pattern', 'alpha_pattern', 'use_rslora', 'target_modules', 'exclude_modules', 'bias'],
  ...['init_lora_weights', 'base_model_name_or_path', 'revision', 'task_type', 'inference_mode', 'auto_mapping', 'peft_version'],
  ...['lora_dropout', 'layers_to_transform', 'layers_pattern', 'runtime_config', 'loftq_config', 'eva_config', 'corda_config'],
  ...['megatron_core', 'qalora_group_size', 'ensure_weight_tying'],
]);

type Json = Record<string, unknown>;
const isRecord = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);
/** As Python sees it: empty lists and objects are false. */
const truthy = (value: unknown): boolean => !!value && (typeof value !== 'object' || Object.keys(value).length > 0);
const text = (value: unknown): string | null => (typeof value === 'string' && value ? value : null);

function positive(field: string, value: unknown, isAllowed: (n: number) => boolean): number {
  if (typeof value !== 'number' || !Number.isFinite(value) || value <= 0 || !isAllowed(value))
    throw new AdapterError(`${field} is ${JSON.stringify(value)}`);
  return value;
}
const rank = (field: string, value: unknown): number => positive(field, value, n => Number.isInteger(n) && n <= maxRank);
const alpha = (field: string, value: unknown): number => positive(field, value, () => true);

/** PEFT matches `^(.*\.)?(KEY)$` and takes the first key that does. */
function patterns(field: string, value: unknown, check: (field: string, value: unknown) => number): { test: RegExp; value: number }[] {
  if (value === undefined || value === null) return [];
  if (!isRecord(value)) throw new AdapterError(`${field} is not an object`);
  return Object.entries(value).map(([key, entry]) => {
    const name = `${field}[${JSON.stringify(key)}]`;
    // A stranger's regular expression must not run for minutes: no quantified groups, at most two repetitions.
    const isTame = key.length <= 512 && !/\)[*+?{]/.test(key) && (key.match(/(?<!\\)[*+{]/g) ?? []).length <= 2;
    let test: RegExp | undefined;
    try {
      test = isTame ? new RegExp(`^(.*\\.)?(${key})$`) : undefined;
    } catch {
      test = undefined;
    }
    if (!test) throw new AdapterError(`${name} is not a pattern this program accepts`);
    return { test, value: check(name, entry) };
  });
}

/** @throws AdapterError naming the field that stands in the way */
export function parsePeftConfig(json: string): PeftConfig {
  let config: unknown;
  try {
    config = JSON.parse(json);
  } catch {
    throw new AdapterError('adapter_config.json is not JSON');
  }
  if (!isRecord(config)) throw new AdapterError('adapter_config.json is not an object');
  if (config.peft_type !== 'LORA') throw new AdapterError(`peft_type is ${JSON.stringify(config.peft_type)}, only LORA can be applied`);
  for (const field of refused) if (truthy(config[field])) throw new AdapterError(`${field} is set, which this program cannot apply`);
  if (![undefined, null, 'none'].includes(config.bias as string))
    throw new AdapterError(`bias is ${JSON.stringify(config.bias)}, only none can be applied`);
  if (!plainInits.includes(config.init_lora_weights))
    throw new AdapterError(`init_lora_weights ${JSON.stringify(config.init_lora_weights)} changes the weights of the base`);
  const targets = [config.target_modules].flat();
  for (const target of targets)
    if (typeof target === 'string' && /(^|\.)(lm_head|embed_tokens)$/.test(target))
      throw new AdapterError(`target_modules names ${target}, which takes no adapter`);

  const r = config.r === undefined ? 8 : rank('r', config.r);
  const a = config.lora_alpha === undefined ? 8 : alpha('lora_alpha', config.lora_alpha);
  const ranks = patterns('rank_pattern', config.rank_pattern, rank);
  const alphas = patterns('alpha_pattern', config.alpha_pattern, alpha);
  const isStabilised = truthy(config.use_rslora);
  const rankOf = (module: string): number => ranks.find(p => p.test.test(module))?.value ?? r;
  const alphaOf = (module: string): number => alphas.find(p => p.test.test(module))?.value ?? a;
  return {
    baseModel: text(config.base_model_name_or_path),
    revision: text(config.revision),
    rankOf,
    scaleOf: module => alphaOf(module) / (isStabilised ? Math.sqrt(rankOf(module)) : rankOf(module)),
    warnings: Object.keys(config)
      .filter(field => !harmless.has(field) && !refused.includes(field) && truthy((config as Json)[field]))
      .map(field => `adapter_config.json sets ${field}, which is unknown here`),
  };
}
