// Where a loop trains, for the screens that run one.
//
//   const endpoint = createEndpoint({ memos, secrets });   once, beside the session (app.svelte.ts); `memos` and `secrets` from the store
//   ports.finetune = endpoint.finetune;                    LoopPorts: orders, watches, fetches; asks for consent by itself
//   loop-started.endpoint = endpoint.label                 null = export only: start no job, stop after the sets
//   disabled={endpoint.problem !== ''}                     of the button that starts a loop; the text says why
//
//   <EndpointPicker {endpoint} base="abacus" disabled={running} />   the choice, its fields and its check
//   <EndpointConsent {endpoint} />                         once on the screen: shows itself when rows would leave the page
//   <JobList {endpoint} {loop} {iteration} />              live jobs: status, step, loss, rate, time left, cancel
//
// `finetune` throws TrainingHeld (code, message, hint) where the reader said no or chose to export: the loop halts and can go on.
// Pausing a loop aborts its signal: jobs go on at a server and are found again; in this page they rest until it is resumed.
// `endpoint.cancel(key)` stops one for good, `endpoint.cancelLoop(loop)` all of a loop, paused or not.
export { default as EndpointPicker } from './EndpointPicker.svelte';
export { default as EndpointConsent } from './EndpointConsent.svelte';
export { default as JobList } from './JobList.svelte';
export { default as JobRow } from './JobRow.svelte';
export { createEndpoint } from './create';
