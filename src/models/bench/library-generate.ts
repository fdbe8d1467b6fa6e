// transformers.js as its manual shows it: one prompt, `generate()`, sampling. Only the bench imports this.
import { AutoModelForCausalLM, AutoTokenizer, env, type Tensor } from '@huggingface/transformers';

import type { Dtype } from '../dtype-policy';
import type { EngineMessage } from '../engine';

export interface LibraryModel {
  generate(messages: readonly EngineMessage[], maxNewTokens: number): Promise<number>;
  dispose(): Promise<void>;
}

/**
 * @param root folder or URL of the folder that holds the models, ending in a slash
 * @param device `cpu` in Node, the others in a page
 */
export async function libraryModel(
  root: string,
  id: string,
  device: 'cpu' | 'wasm' | 'webgpu',
  dtype: Dtype,
  threads = 1,
): Promise<LibraryModel> {
  Object.assign(env, { allowLocalModels: true, allowRemoteModels: false, localModelPath: root, useBrowserCache: false });
  const tokenizer = await AutoTokenizer.from_pretrained(id);
  const model = await AutoModelForCausalLM.from_pretrained(id, {
    device,
    dtype,
    // In a page there is one anyway. More of them do not help a single row, and those that wait keep a processor busy.
    ...(device === 'cpu' ? { session_options: { intraOpNumThreads: threads } } : {}),
  });
  return {
    async generate(messages, maxNewTokens) {
      const inputs = tokenizer.apply_chat_template([...messages], { add_generation_prompt: true, return_dict: true }) as unknown as {
        input_ids: Tensor;
      };
      const output = (await model.generate({
        ...inputs,
        max_new_tokens: maxNewTokens,
        do_sample: true,
        temperature: 1,
        top_k: 50,
      } as unknown as Parameters<typeof model.generate>[0])) as Tensor;
      return output.dims[1]! - inputs.input_ids.dims[1]!;
    },
    async dispose() {
      await model.dispose();
    },
  };
}
