// Whether the chosen place has the weights that a training goes on from: they lie where they were trained, and nowhere else.
import type { TuneOrder } from '../../datasets/order';
import { givenByHand } from '../../finetune/given';
import type { MemoStore } from '../../finetune/memo';

/** Nothing was ordered, since it would have been refused. */
export class PlaceChanged extends Error {
  override readonly name = 'PlaceChanged';
  readonly code = 'place_changed';
  constructor(
    message: string,
    readonly hint: string,
  ) {
    super(message);
  }
}

/** Orders that were repeated after a failure have a number behind their key. */
const mostTries = 20;

/** Origin of the endpoint at which an agent was last trained before an iteration; null when nobody remembers. */
async function lastOrigin({ loop, agent, iteration }: TuneOrder, memos: Pick<MemoStore, 'read'>): Promise<string | null> {
  for (let before = iteration - 1; before >= 1; before--) {
    let origin: string | null = null;
    for (let attempt = 1; attempt <= mostTries; attempt++) {
      const memo = await memos.read(`${loop}/${before}/${agent}${attempt === 1 ? '' : `/${attempt}`}`);
      if (memo === null) break;
      if (memo.status === 'succeeded') ({ origin } = memo);
    }
    if (origin !== null) return origin;
  }
  return null;
}

/**
 * @param origin of the endpoint that is to train now
 * @param name how an origin is called
 * @throws PlaceChanged before anything leaves the page
 */
export async function assertPlace(
  order: TuneOrder,
  origin: string,
  memos: Pick<MemoStore, 'read'>,
  name: (origin: string) => string,
): Promise<void> {
  if (order.from === null) return;
  if (order.from === givenByHand)
    throw new PlaceChanged(
      `${order.agent} goes on from weights that were given by hand; no endpoint has them.`,
      'Choose “Export only” and give the next ones by hand, too. A loop whose trainings begin from the base every time can change its place.',
    );
  const there = await lastOrigin(order, memos);
  if (there === null || there === origin) return;
  throw new PlaceChanged(
    `${order.agent} goes on from the weights of its last training. Those lie ${name(there)}; ${name(origin)} they are not known.`,
    'Choose that place again. A loop whose trainings begin from the base every time can change it.',
  );
}
