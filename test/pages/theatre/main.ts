// A page for looking at the theatre alone: ?agents=8&rounds=5, ?live&burst=4, ?autoplay, ?hostile, ?failed.
import { mount } from 'svelte';
import type { RunEvent } from '../../../src/debate/events';
import { foldAll } from '../../../src/debate/fold';
import '../../../src/ui/look/look.css';
import { answer } from '../../../src/tasks/arithmetic/problem';
import { fixtureRun, randomScript, story } from '../../fixtures/run';
import Page from './Page.svelte';

const query = new URLSearchParams(location.search);
const agents = Number(query.get('agents') ?? 0);
const rounds = Number(query.get('rounds') ?? 2);
const run = agents ? fixtureRun(story.problem, randomScript(agents, rounds, answer(story.problem), 1)) : fixtureRun();
if (query.has('hostile'))
  for (const event of run.events)
    if (event.type === 'turn' && event.turn.agent === 0) event.turn = { ...event.turn, text: '<img src=x onerror=alert(1)>', answer: null };
if (query.has('failed')) {
  const at = run.events.findIndex(event => event.type === 'turn' && event.turn.agent === 2 && event.turn.role === 'critic');
  const { id, qid, round, agent, role } = (run.events[at] as Extract<RunEvent, { type: 'turn' }>).turn;
  run.events[at] = { type: 'turn-failed', id, qid, round, agent, role, error: { code: 'internal', message: 'The fixture broke here.' } };
}
const state = foldAll(run.events);
mount(Page, {
  target: document.getElementById('page')!,
  props: {
    events: run.events,
    run: state,
    autoplay: query.has('autoplay'),
    live: query.has('live'),
    burst: Number(query.get('burst') ?? 0),
  },
});
