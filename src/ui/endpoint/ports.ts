// What the choice of an endpoint needs of the page around it.
import type { Fetch } from '../../finetune/calls';
import type { PagePlace } from '../../finetune/endpoint-address';
import type { SecretStore } from '../../finetune/keys';
import type { MemoStore } from '../../finetune/memo';
import type { Sleep } from '../../finetune/retry';
import type { PageTuner, PageTunerOptions } from '../../tuner/page';

export interface EndpointPorts {
  fetch: Fetch;
  openPageTuner(options: PageTunerOptions): Promise<PageTuner>;
  /** Whether the page's trainer has left anything in this browser. */
  pageTrained(): Promise<boolean>;
  memos: MemoStore;
  /** null = keys live in memory only. */
  secrets: SecretStore | null;
  place(): PagePlace;
  permission(name: string): Promise<PermissionState | null>;
  /** Whether there is a graphics adapter to train on. */
  adapter(): Promise<boolean>;
  /** `document.baseURI`. */
  base: string;
  /** Name and version of this program. */
  app: string;
  kept(name: string): string | null;
  keep(name: string, value: string | null): void;
  sleep?: Sleep;
}
