// Bodies of requests, counted while they arrive: a sender cannot make the endpoint hold more than it agreed to.
import { ApiError } from './errors';

/** @throws ApiError `too_large` as soon as one byte too many has come */
export async function readBody(request: Pick<Request, 'headers' | 'body'>, limit: number): Promise<Uint8Array<ArrayBuffer>> {
  const encoding = request.headers.get('content-encoding');
  if (encoding !== null && encoding !== 'identity') throw new ApiError('unsupported_media_type', 'Send the body uncompressed.');
  const tooLarge = () => new ApiError('too_large', `The body has more than ${limit} bytes.`);
  if (Number(request.headers.get('content-length')) > limit) throw tooLarge();
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = request.body?.getReader();
  for (;;) {
    const { done, value } = (await reader?.read()) ?? { done: true };
    if (done || !value) break;
    length += value.length;
    if (length > limit) {
      // The rest is not waited for; whether the sender notices is its own affair.
      reader?.cancel().catch(() => undefined);
      throw tooLarge();
    }
    chunks.push(value);
  }
  const body = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    body.set(chunk, at);
    at += chunk.length;
  }
  return body;
}

const mediaType = (request: Request): string => (request.headers.get('content-type') ?? '').split(';')[0]!.trim().toLowerCase();

/** @returns the value and the bytes it was read from. @throws ApiError */
export async function readJsonBody(
  request: Request,
  limit: number,
): Promise<{ value: Record<string, unknown>; bytes: Uint8Array<ArrayBuffer> }> {
  if (mediaType(request) !== 'application/json') throw new ApiError('unsupported_media_type', 'Send application/json.');
  const bytes = await readBody(request, limit);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw new ApiError('invalid_request', 'The body is not JSON.');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new ApiError('invalid_request', 'The body is not an object.');
  return { value: value as Record<string, unknown>, bytes };
}

/** Room for the other fields and the boundaries of a form around a file. */
const formOverhead = 16 << 10;
const maxFields = 8;

/** @throws ApiError */
export async function readUpload(request: Request, limit: number): Promise<{ file: File; purpose: string }> {
  const type = request.headers.get('content-type') ?? '';
  if (mediaType(request) !== 'multipart/form-data') throw new ApiError('unsupported_media_type', 'Send multipart/form-data.');
  const bytes = await readBody(request, limit + formOverhead);
  let form: FormData;
  try {
    form = await new Response(bytes, { headers: { 'content-type': type } }).formData();
  } catch {
    throw new ApiError('invalid_request', 'The form cannot be read.');
  }
  if ([...form.keys()].length > maxFields) throw new ApiError('invalid_request', `The form has more than ${maxFields} fields.`);
  const [file, purpose] = [form.get('file'), form.get('purpose')];
  if (form.getAll('file').length !== 1 || typeof file === 'string' || file === null)
    throw new ApiError('invalid_request', 'The form needs one file.', 'file');
  if (typeof purpose !== 'string') throw new ApiError('invalid_request', 'The form needs a purpose.', 'purpose');
  if (file.size > limit) throw new ApiError('too_large', `The file has more than ${limit} bytes.`, 'file');
  return { file, purpose };
}
