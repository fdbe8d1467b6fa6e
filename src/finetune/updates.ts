// The room of the sets counts updates; an endpoint, which knows no sets, counts them by the same rule.
export { fewUpdates, updatesOf } from '../datasets/updates';
