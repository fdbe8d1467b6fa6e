// What a reply, or the want of one, says that went wrong.
import { EndpointError, hintFor } from './errors';
import { readBody, requestIdOf } from './reply';
import { readErrorBody } from './wire';

/** @param hide takes the key out of a text */
export async function faultOf(response: Response, hide: (text: string) => string, signal: AbortSignal): Promise<EndpointError> {
  const { status } = response;
  let said = null;
  try {
    said = readErrorBody(JSON.parse(hide(new TextDecoder().decode(await readBody(response, 64_000, signal)))));
  } catch {
    signal.throwIfAborted(); // anything else: an error page that is not JSON, whose status says enough
  }
  const code = said?.code ?? `http_${status}`;
  const message = said?.message ?? `The endpoint answered ${status}${response.statusText ? ` ${hide(response.statusText)}` : ''}.`;
  return new EndpointError(message, {
    status,
    code,
    requestId: hide(requestIdOf(response) ?? '') || null,
    hint: hintFor(said?.code ?? null, status),
  });
}

export const unreachable = (root: string, cause: unknown): EndpointError =>
  new EndpointError(
    `${new URL(root).origin} gave no answer: ${cause instanceof Error ? cause.message : String(cause)}`,
    { code: 'unreachable', hint: hintFor('unreachable', null) },
    cause,
  );

export const notTheDialect = (response: Response, message: string, cause?: unknown): EndpointError =>
  new EndpointError(
    message,
    {
      status: response.status,
      code: 'not_the_dialect',
      requestId: requestIdOf(response),
      hint: 'This address is no OpenAI-style finetuning endpoint, or its base URL is another one.',
    },
    cause,
  );
