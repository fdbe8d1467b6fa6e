// One line on stderr about a loop that goes on: which stage, how far, how long; and a line per thing that is done.
import { fewUpdates } from '../datasets/updates';
import { scarceUpdates } from '../experiment/training-plan';
import type { LiveLoopEvent, LoopConfig, Stage } from '../experiment/records';
import { duration } from './progress';

const doing: Record<Stage | 'score', string> = {
  debate: 'training questions, turns',
  collect: 'collecting sets',
  finetune: 'finetuning, steps',
  adopt: 'adopting agents',
  evaluate: 'held-out questions, turns',
  score: 'held-out answers scored under the agents',
};

export interface LoopProgress {
  show(event: LiveLoopEvent): void;
  /** Ends the line. */
  end(): void;
}

/** Seconds as in "took 12.3 s". */
const took = (ms: number): string => (ms < 90_000 ? `${(ms / 1000).toFixed(1)} s` : duration(ms / 1000));

/** What is worth a line of its own; null for the rest. */
function said(event: LiveLoopEvent, config: LoopConfig): string | null {
  const { iterations } = config;
  if (!('iteration' in event)) return event.type === 'note' ? event.text : null;
  const head = `[${event.iteration}/${iterations}]`;
  switch (event.type) {
    case 'debated':
      return `${head} ${event.purpose === 'train' ? 'debated training' : 'evaluated held-out'} questions: ${event.calls} turns in ${took(event.ms)}`;
    case 'collected': {
      const sizes = event.sets.map(
        ({ role, agent, size, skipped }) => `${role[0]}${agent + 1} ${skipped === null ? size : `none (${skipped})`}`,
      );
      const { audit } = event;
      const labels = audit ? `; labels: ${audit.accepted.k}/${audit.accepted.n} accepted, ${audit.right.k}/${audit.right.n} right` : '';
      const scarce = scarceUpdates(config, event.sets).map(({ name, updates }) => `${name} ${updates}`);
      const few = scarce.length ? `\n${head} fewer than ${fewUpdates} updates, hardly enough to change an agent: ${scarce.join(', ')}` : '';
      return `${head} sets: ${sizes.join(', ')}${labels}${few}`;
    }
    case 'job-ended': {
      const { agent, outcome, losses, trainedTokens, reason, ms } = event;
      const curve = losses.length ? `, loss ${losses[0]!.toFixed(3)} → ${losses.at(-1)!.toFixed(3)}` : '';
      return outcome === 'succeeded'
        ? `${head} ${agent}: ${losses.length} steps${curve}, ${trainedTokens} trained tokens in ${took(ms)}`
        : `${head} ${agent}: ${outcome}, ${reason}`;
    }
    case 'adopted': {
      const { agent, probe } = event;
      const check = !probe
        ? 'without a probe'
        : probe.passed
          ? `probe off by ${probe.deviation.toExponential(1)}`
          : `refused: ${probe.reason}`;
      return `${head} ${agent} adopted, ${check}`;
    }
    case 'measured': {
      const share = (name: 'generator' | 'majority' | 'critic' | 'debate'): string =>
        `${name} ${(event.measures[name].share * 100).toFixed(1)} %`;
      return `${head} ${share('generator')}, ${share('majority')}, ${share('critic')}, ${share('debate')}; measured in ${took(event.ms)}`;
    }
    default:
      return null;
  }
}

export function createLoopProgress(config: LoopConfig, now: () => number, out: NodeJS.WriteStream = process.stderr): LoopProgress {
  // A terminal's line is redrawn; a log gets one line now and then.
  const every = out.isTTY ? 200 : 10_000;
  let last = now();
  const clear = (): void => void (out.isTTY && out.write('\r\u001b[K'));
  return {
    show(event) {
      if (event.type === 'stage') {
        if (now() - last < every) return;
        last = now();
        const { iteration, stage, part, done, total, left } = event;
        const line = `[${iteration}/${config.iterations}] ${doing[part ?? stage]} ${done}/${total}${left === null ? '' : `, ${duration(left)} left in this stage`}`;
        out.write(out.isTTY ? `\r\u001b[K${line}` : `${line}\n`);
        return;
      }
      const line = said(event, config);
      if (line === null) return;
      clear();
      out.write(`${line}\n`);
    },
    end: clear,
  };
}
