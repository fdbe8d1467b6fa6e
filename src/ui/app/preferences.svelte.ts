// What this browser should remember about the reader besides the theme: one versioned key, nothing that identifies or costs.
import * as v from 'valibot';

const key = 'polylogue.preferences';

const Saved = v.object({
  schema: v.literal(1),
  device: v.optional(v.picklist(['auto', 'wasm', 'webgpu']), 'auto'),
});
type Saved = v.InferOutput<typeof Saved>;

const defaults: Saved = { schema: 1, device: 'auto' };

/** Storage may be absent or refuse (private windows); preferences then live as long as the page. */
function read(storage: Storage | null): Saved {
  try {
    const parsed = v.safeParse(Saved, JSON.parse(storage?.getItem(key) ?? 'null'));
    return parsed.success ? parsed.output : defaults;
  } catch {
    return defaults;
  }
}

export class Preferences {
  #saved = $state.raw(defaults);
  readonly #storage: Storage | null;

  constructor(storage: Storage | null) {
    this.#storage = storage;
    this.#saved = read(storage);
  }

  get device(): Saved['device'] {
    return this.#saved.device;
  }

  set(change: Partial<Omit<Saved, 'schema'>>): void {
    this.#saved = { ...this.#saved, ...change };
    try {
      this.#storage?.setItem(key, JSON.stringify(this.#saved));
    } catch (error) {
      console.warn('this browser does not keep preferences', error);
    }
  }
}

/** `localStorage` itself throws where storage is blocked. */
export function browserStorage(): Storage | null {
  try {
    return window.localStorage;
  } catch {
    return null;
  }
}
