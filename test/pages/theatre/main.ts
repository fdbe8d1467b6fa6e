// A page for looking at the theatre alone: ?agents=8&rounds=5, ?live&burst=4, ?autoplay, ?hostile.
import { mount } from 'svelte';
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
