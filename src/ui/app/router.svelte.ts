// The current route as state; the hash is the only place that holds it.
import { formatRoute, parseRoute, type Route } from './route';

export class Router {
  #route = $state.raw<Route>({ kind: 'screen', screen: 'debate' });
  readonly #window: Window;

  /** Listens until `signal` ends. */
  constructor(window: Window, signal: AbortSignal) {
    this.#window = window;
    this.#route = parseRoute(window.location.hash);
    window.addEventListener('hashchange', () => (this.#route = parseRoute(window.location.hash)), { signal });
  }

  get route(): Route {
    return this.#route;
  }

  go(route: Route): void {
    this.#window.location.hash = formatRoute(route);
  }

  /** Changes the address without a new entry in the history. */
  replace(route: Route): void {
    this.#window.history.replaceState(null, '', formatRoute(route));
    this.#route = route;
  }
}
