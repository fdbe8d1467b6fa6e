// New weights come home: an agent speaks with them only if its probe shows that they arrived as they were trained.
import type { AgentName } from '../datasets/records';
import { LoopHalted, type Context } from './context';
import { unadopted } from './fold';
import type { KeptWeights, ProbeResult } from './records';
import { adaptersIn, modelsOf, trainedIn, weightsOf } from './society';

/** @throws LoopHalted when a probe fails and the loop is not to go on without that agent's new weights */
export async function adopt(context: Context, iteration: number): Promise<void> {
  const { ports, state } = context;
  const it = state.iterations[iteration]!;
  const fresh = new Map<AgentName, KeptWeights>();
  for (const agent of unadopted(it, trainedIn(it))) {
    const kept = it.jobs.get(agent)!.ended!.kept;
    if (!kept) throw new LoopHalted(iteration, 'adopt', `the record of ${agent} does not say where its weights were put`);
    fresh.set(agent, kept);
  }
  const meter = context.meter(iteration, 'adopt');
  meter(0, fresh.size);
  const society = modelsOf(state.start!.config)
    .map(agent => fresh.get(agent)?.adapter ?? weightsOf(state, agent, iteration).adapter)
    .filter(id => id !== null);
  const probes = await context.adopt(society);

  const refused: string[] = [];
  const strangers: string[] = [];
  let done = 0;
  for (const [agent, kept] of fresh) {
    const probe: ProbeResult | null = probes.get(kept.adapter) ?? null;
    if (probe?.passed === false) refused.push(`${agent}: ${probe.reason ?? 'its losses differ from what its trainer recorded'}`);
    if (probe?.otherBase) strangers.push(kept.adapter);
    if (probe?.passed === false && context.onFailure === 'stop') continue;
    const dataset = it.collected!.sets.find(({ role, agent: index }) => `${role}_${index + 1}` === agent)!.sha256;
    await context.record({ type: 'adopted', iteration, agent, dataset, probe, at: ports.now(), ...kept });
    meter(++done, fresh.size);
  }
  if (refused.length && context.onFailure === 'stop')
    throw new LoopHalted(
      iteration,
      'adopt',
      strangers.length === refused.length
        ? `weights are of another base (${refused.join('; ')})`
        : `weights did not arrive as they were trained (${refused.join('; ')})`,
      strangers,
    );
}

/** Before a debate: the society of that iteration, which a resumed loop has to load again. @throws LoopHalted when kept weights have changed */
export async function assemble(context: Context, iteration: number, seats: Parameters<typeof adaptersIn>[0]): Promise<void> {
  const probes = await context.adopt(adaptersIn(seats));
  const broken = [...probes].find(([, probe]) => probe?.passed === false);
  if (!broken) return;
  const [id, probe] = broken;
  const what = probe!.otherBase ? `${id} is of another base` : `${id} is not what was kept`;
  const strangers = [...probes].filter(([, one]) => one?.otherBase).map(([one]) => one);
  throw new LoopHalted(iteration, 'adopt', `${what}: ${probe!.reason ?? 'its probe failed'}`, strangers);
}
