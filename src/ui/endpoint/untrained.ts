// Why a base cannot be trained at a place, and what to do about it.
import { builtinModel } from '../../debate/defaults';
import type { ModelObject } from '../../finetune/wire';
import type { EndpointKind } from './kept-choice';

/** Bases that every build of the page carries, and its own trainer with them (tuner/page.worker.ts). */
export const builtIn: readonly string[] = [builtinModel.id];

/** @returns ids of the bases that are trained there; null = it has not said */
export function trainedAmong(models: readonly ModelObject[] | null): readonly string[] | null {
  const trained = models?.filter(({ tuner }) => tuner?.trainable).map(({ id }) => id);
  return trained?.length ? trained : null;
}

/** @param trains ids of the bases that are trained there, this one not among them */
export function untrainedWords(kind: Exclude<EndpointKind, 'export'>, trains: readonly string[], base: string): string {
  const list = trains.join(', ') || 'nothing';
  const elsewhere = 'or let the society speak with a model that is trained there';
  switch (kind) {
    case 'page':
      return `This page itself trains only its built-in model (${list}), not ${base}. Choose another place to train, ${elsewhere}.`;
    case 'server':
      return `The server of this page trains ${list}, not ${base}. Start it with --models and a folder that holds ${base}, ${elsewhere}.`;
    case 'url':
      return `That endpoint trains ${list}, not ${base}. Start it with ${base} among its models, ${elsewhere}.`;
  }
}
