// Whether what is appended is safe on disk, in words a person can act on.
import type { StoreError } from './errors';

export type StoreHealth =
  | { kind: 'durable' }
  | {
      kind: 'memory-only';
      reason: 'quota' | 'disk' | 'blocked' | 'closed' | 'newer' | 'unavailable';
      message: string;
      hint: string;
      /** Events that exist in this tab only, and go with it. */
      unsaved: number;
    };

type Reason = Extract<StoreHealth, { kind: 'memory-only' }>['reason'];

const words: Record<Reason, { message: string; hint: string }> = {
  quota: {
    message: 'This browser has no room left. The run goes on, but from here it is kept in this tab only.',
    hint: 'Export it, or delete old runs to make room.',
  },
  disk: {
    message: 'The browser could not write the record. The run goes on, but from here it is kept in this tab only.',
    hint: 'Export it before you close the tab.',
  },
  blocked: {
    message: 'Another tab holds an older version of the record open.',
    hint: 'Close the other Polylogue tabs; this one then goes on by itself.',
  },
  closed: {
    message: 'A newer version of Polylogue was opened in another tab and needed the record.',
    hint: 'Export what is unsaved, then reload this tab.',
  },
  newer: {
    message: 'The record was made by a newer version of Polylogue. Runs can be read and exported here, not continued.',
    hint: 'Reload to update.',
  },
  unavailable: {
    message: 'This browser offers no storage here (a private window, or storage is switched off). Runs are kept in this tab only.',
    hint: 'Export what you want to keep.',
  },
};

export const memoryOnly = (reason: Reason, unsaved: number): StoreHealth => ({ kind: 'memory-only', reason, unsaved, ...words[reason] });

export const reasonOf = (error: StoreError): Reason =>
  error.code === 'quota' ? 'quota' : error.code === 'closed' ? 'closed' : error.code === 'read-only' ? 'newer' : 'disk';
