// What a status other than success says about an endpoint, its key and this page.
import type { Answer } from './check-call';
import { Failed, type CheckCode, type CheckStep } from './check-report';
import type { PagePlace } from './endpoint-address';
import { readErrorBody } from './wire';

/** @param root where `/v1` begins @returns null for a success */
export function refusalOf({ status, statusText, body }: Answer, root: string, page: PagePlace): Failed | null {
  if (status >= 200 && status < 300) return null;
  const said = readErrorBody(body);
  const words = said?.message ?? `It answered ${status} ${statusText}`.trim();
  const failed = (step: CheckStep['id'], code: CheckCode, next: string): Failed => new Failed(step, code, words, next);
  if (status === 421 || said?.code === 'host_not_allowed') {
    return failed(
      'read',
      'host',
      `The tuner does not answer to the name ${new URL(root).host}. Call it as it was started, or add --allow-host.`,
    );
  }
  if (said?.code === 'origin_not_allowed') return failed('read', 'origin', `Start the tuner with --allow-origin ${page.origin}.`);
  if (status === 401)
    return failed('key', 'auth', 'Check the key: a tuner prints its token when it starts; other services show it once, when it is made.');
  if (status === 403)
    return failed('key', 'auth', 'The key is known but may not do this. Give it the right to finetune, or use another one.');
  if (status === 404) return failed('dialect', 'not_found', `There is no ${root}/models. Check the base URL; it ends before /v1.`);
  if (status === 429 || status === 503) return failed('reach', 'busy', 'The endpoint has too much to do. Try again in a minute.');
  if (status >= 500) return failed('reach', 'server_error', 'The fault is at the endpoint; its log says more.');
  return failed('dialect', 'wrong_dialect', 'Check the base URL; a finetuning endpoint answers a list of models there.');
}
