// What the check of an endpoint found: one step after the other, up to the first that failed.
import type { ModelObject } from './wire';

export type CheckCode =
  | 'bad_address'
  | 'mixed_content'
  | 'blocked_by_page'
  | 'local_network'
  | 'unreachable'
  | 'cors'
  | 'redirect'
  | 'host'
  | 'origin'
  | 'auth'
  | 'not_found'
  | 'wrong_dialect'
  | 'busy'
  | 'server_error'
  | 'no_base';

export interface CheckStep {
  id: 'address' | 'reach' | 'read' | 'key' | 'dialect' | 'base';
  state: 'passed' | 'failed' | 'not-asked';
  /** What was found; a sentence. */
  found: string;
  /** Of a failed step. */
  code: CheckCode | null;
  /** What to do next; empty unless it failed. */
  next: string;
}

export interface CheckReport {
  ok: boolean;
  steps: CheckStep[];
  /** Models of the endpoint; those with `tuner` can be trained. */
  models: ModelObject[];
}

const titles: Record<CheckStep['id'], string> = {
  address: 'The address can be called from this page',
  reach: 'Something answers there',
  read: 'This page may read the answer',
  key: 'The key is accepted',
  dialect: 'It speaks the finetuning dialect',
  base: 'It can train this base',
};
export const stepTitle = (id: CheckStep['id']): string => titles[id];
const order = Object.keys(titles) as CheckStep['id'][];

/** Thrown by the step that fails: a finding, not a fault of ours. */
export class Failed {
  constructor(
    readonly step: CheckStep['id'],
    readonly code: CheckCode,
    readonly found: string,
    readonly next: string,
  ) {}
}

/** @param passed what the steps that passed found @param failed null = none did */
export function reportOf(passed: Partial<Record<CheckStep['id'], string>>, failed: Failed | null, models: ModelObject[]): CheckReport {
  const last = failed ? order.indexOf(failed.step) : order.length;
  const steps = order.map((id, i): CheckStep => {
    if (failed && i === last) return { id, state: 'failed', found: failed.found, code: failed.code, next: failed.next };
    return { id, state: i < last ? 'passed' : 'not-asked', found: i < last ? (passed[id] ?? '') : '', code: null, next: '' };
  });
  return { ok: failed === null, steps, models };
}
