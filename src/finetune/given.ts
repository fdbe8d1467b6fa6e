// The result of a training that somebody ran by other means: which files are taken, from loose ones or from an archive of them.
import { unzipSync } from 'fflate';
import type { Tuned, TunedFiles } from '../datasets/order';
import { basename, countParameters, pairOf, wanted } from './results';

/** Stands where an endpoint's id of a job and of a model would, for weights that were trained elsewhere: no endpoint has them. */
export const givenByHand = 'given by hand';

/** What is known of a training that nobody watched: what came of it. @throws EndpointError `damaged` */
export const resultOf = (files: TunedFiles, probed: boolean): Tuned => ({
  ...{ job: givenByHand, model: givenByHand, files, steps: [], validation: [], trainedTokens: 0 },
  trainedParameters: countParameters(files),
  warnings: [
    'Trained elsewhere and given by hand: on what, and how, is not known here.',
    ...(probed ? [] : ['No probe.json came with it, so whether it computes here what was trained could not be checked.']),
  ],
});

/** A file before it is read. */
export interface GivenFile {
  name: string;
  size: number;
  read(): Promise<Uint8Array<ArrayBuffer>>;
}

export class GivenError extends Error {
  override readonly name = 'GivenError';
  constructor(
    message: string,
    readonly hint: string,
  ) {
    super(message);
  }
}

const needed = 'Give adapter_config.json and adapter_model.safetensors, with probe.json if there is one, or a zip that holds them.';
const megabytes = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MB`;

function assertSize(name: string, size: number): void {
  const most = wanted[basename(name)]!;
  if (size > most) throw new GivenError(`${name} has ${megabytes(size)}, and at most ${megabytes(most)} are read.`, needed);
}

/** What is taken of an archive, by path. @throws GivenError */
function unpack(bytes: Uint8Array): Map<string, Uint8Array<ArrayBuffer>> {
  try {
    const files = unzipSync(bytes, {
      // Asked before anything is unpacked; a file never unpacks to more than the size it names.
      filter({ name, originalSize, size }) {
        if (!Object.hasOwn(wanted, basename(name))) return false;
        assertSize(name, Math.max(originalSize, size));
        return true;
      },
    });
    return new Map(Object.entries(files).map(([path, data]) => [path, new Uint8Array(data)]));
  } catch (error) {
    if (error instanceof GivenError) throw error;
    throw new GivenError('It is no archive, or a part of it is missing.', needed);
  }
}

/** @throws GivenError when there is not exactly one result among them */
export async function readGiven(given: readonly GivenFile[]): Promise<TunedFiles> {
  const found: [string, Uint8Array<ArrayBuffer>][] = [];
  for (const file of given) {
    if (file.name.toLowerCase().endsWith('.zip')) {
      if (file.size > wanted['model.safetensors']!) throw new GivenError(`${file.name} is too large to be unpacked here.`, needed);
      found.push(...unpack(await file.read()));
    } else if (Object.hasOwn(wanted, basename(file.name))) {
      assertSize(file.name, file.size);
      found.push([file.name, await file.read()]);
    }
  }
  const files: TunedFiles = {};
  for (const [path, data] of found) {
    const name = basename(path);
    // Archives of training programs hold checkpoints beside the end result; which one is meant is not ours to guess.
    if (name in files) throw new GivenError(`There are several files called ${name}.`, 'Give the files of one adapter only.');
    files[name] = data;
  }
  for (const [weights, config] of Object.entries(pairOf)) {
    if (weights in files && config in files) {
      const probe = files['probe.json'];
      return { [config]: files[config]!, [weights]: files[weights]!, ...(probe && { 'probe.json': probe }) };
    }
  }
  const missing = Object.entries(pairOf).find(([weights, config]) => weights in files || config in files);
  if (!missing) throw new GivenError('There are no weights among these files.', needed);
  const lacking = missing.find(name => !(name in files))!;
  throw new GivenError(`${lacking} is missing.`, needed);
}
