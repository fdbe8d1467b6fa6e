// Numbers of a loop in the words of the page.
import type { AgentName, SetRole } from '../../datasets/records';
import { selectionWords } from '../../datasets/selection';
import type { EngineInfo } from '../../debate/events';
import type { LoopStart } from '../../experiment/fold';
import type { EndpointLabel, LoopConfig, Stage } from '../../experiment/records';
import { isShared, societyOf } from '../../experiment/society';
import type { Mean } from '../../metrics/diversity';
import type { Share } from '../../metrics/interval';
import { agentLetter } from '../look/agents';
import { day, engineLine } from '../session/describe';
import { plural } from '../theatre/words';

export const percent = (share: number, digits = 1): string => `${(share * 100).toFixed(digits)} %`;

/** `82.5 % (165 of 200, 95 % interval 77–87)`; never a number without its n. */
export const shareWords = (share: Share): string =>
  share.n === 0
    ? 'none counted'
    : `${percent(share.share)} (${share.k} of ${share.n}, 95 % interval ${(share.low * 100).toFixed(0)}–${(share.high * 100).toFixed(0)})`;

/** `n 200, 95 % interval 1.55–1.71`; older loops were recorded without intervals. */
export const certaintyWords = ({ n, low, high }: Mean, digits: number): string =>
  low == null || high == null ? `n ${n}` : `n ${n}, 95 % interval ${low.toFixed(digits)}–${high.toFixed(digits)}`;

export const meanWords = (mean: Mean, digits = 2): string =>
  mean.mean === null ? 'none' : `${mean.mean.toFixed(digits)} (${certaintyWords(mean, digits)})`;

/** +4.0 or −1.5, in points of per cent. */
export function points(difference: number): string {
  const text = Math.abs(difference * 100).toFixed(1);
  return text === '0.0' ? text : `${difference > 0 ? '+' : '−'}${text}`;
}

export const stageWords: Record<Stage, { name: string; doing: string; about: string }> = {
  debate: { name: 'debate', doing: 'debating the training questions', about: 'The society debates the training questions.' },
  collect: {
    name: 'vote, sets',
    doing: 'making the sets',
    about: 'Votes become labels; each agent keeps its own texts that agree with them.',
  },
  finetune: { name: 'finetune', doing: 'finetuning', about: 'Every agent is trained on its own set.' },
  adopt: {
    name: 'adopt',
    doing: 'taking the new weights in',
    about: 'The new weights are checked against what the trainer recorded, and speak from then on.',
  },
  evaluate: {
    name: 'evaluate',
    doing: 'debating the held-out questions',
    about: 'The society debates the held-out questions, the same ones every time.',
  },
};

/** While the answers of an evaluation are scored, after they were spoken. */
export const scoringWords = { name: 'scoring', doing: 'scoring the last answers under the other agents' };

export interface Who {
  role: SetRole;
  /** 0-based. */
  agent: number;
}

/** `critic_2` → critic, 1. */
export function whoIs(name: AgentName): Who {
  const [role, number] = name.split('_') as [SetRole, string];
  return { role, agent: Number(number) - 1 };
}

/** `generator A`; of a control, whose one model speaks as every agent, `the one model`. */
export function agentWords(name: AgentName, config: Pick<LoopConfig, 'society'>): string {
  if (isShared(config)) return 'the one model';
  const { role, agent } = whoIs(name);
  return `${role} ${agentLetter(agent)}`;
}

/** A control in a legend; the title for the method itself. */
export function besideName({ config, title }: Pick<LoopStart, 'config' | 'title'>): string {
  const names = { 'multiagent-ft': title, 'single-ft': 'one model, first answers', 'union-data': 'one model, all sets' };
  return names[societyOf(config)];
}

/** What a control is, in a sentence; null for the method itself. */
export function controlWords(config: Pick<LoopConfig, 'society'>): string | null {
  switch (societyOf(config)) {
    case 'multiagent-ft':
      return null;
    case 'single-ft':
      return 'Control “single-ft”: one model, trained on the sets of all generators together, speaks as every agent.';
    case 'union-data':
      return 'Control “union-data”: one model, trained on the sets of all generators and critics together, speaks as every agent.';
  }
}

const endpointKinds: Record<EndpointLabel['kind'], string> = {
  page: 'trained in the page',
  server: 'trained by the page’s own server',
  url: 'trained at',
  process: 'trained in the same program',
  export: 'begun with nobody to train, weights are given by hand',
};

export const endpointWords = ({ kind, origin }: EndpointLabel): string =>
  kind === 'url' ? `${endpointKinds.url} ${origin || 'another address'}` : endpointKinds[kind];

/** What a loop is, in one line: word, date, model, device, where it was trained, seeds. */
export const loopLine = (word: string, start: { at: string; engine: EngineInfo; endpoint: EndpointLabel; config: LoopConfig }): string =>
  [word + ' ' + day(start.at), engineLine(start.engine), endpointWords(start.endpoint), `seed ${start.config.seed}`].join(' · ');

/** `3 agents · 2 rounds · 200 training and 200 held-out questions · LoRA` */
export function loopConfigLine(config: LoopConfig): string {
  const { debate, datasets, trainQuestions, evalQuestions, iterations, training } = config;
  const method = training.generator.method === 'lora' ? `LoRA r ${training.generator.rank}` : 'full finetuning';
  return [
    ...(isShared(config) ? [`control ${societyOf(config)}`] : []),
    plural(debate.seats.length, 'agent'),
    plural(debate.rounds, 'round'),
    `${trainQuestions} training and ${evalQuestions} held-out questions`,
    plural(iterations, 'iteration'),
    method,
    ...(selectionWords(datasets.selection) === null ? [] : [`training rows: ${selectionWords(datasets.selection)}`]),
  ].join(' · ');
}
