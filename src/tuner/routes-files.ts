// /v1/files: training files in, result files out.
import type { Hono } from 'hono';
import type { DeletedObject } from '../finetune/wire';
import { readUpload } from './body';
import { ApiError, notFound } from './errors';
import { fileObject, type FileRecord } from './files';
import { idempotencyOf, madeBefore, oneAtATime } from './idempotency';
import { pageOf, readLimit } from './pages';
import type { Parts } from './parts';

/** Never a path: the last part of what the browser sent, for show. */
const shownName = (name: string): string => (name.split(/[/\\]/).at(-1) ?? '').replace(/[\u0000-\u001f\u007f]/g, '').slice(0, 255);

export function fileRoutes(app: Hono, { files, jobs, limits, clock }: Parts): void {
  const inTurn = oneAtATime();
  const find = (id: string): FileRecord => {
    const file = files.get(id);
    if (!file) throw notFound('such file');
    return file;
  };

  app.post('/v1/files', async c => {
    const { file, purpose } = await readUpload(c.req.raw, limits.upload);
    if (purpose !== 'fine-tune') throw new ApiError('invalid_request', 'The purpose of an upload is fine-tune.', 'purpose');
    const filename = shownName(file.name);
    if (!/\.jsonl$/i.test(filename)) throw new ApiError('invalid_request', 'A training file is .jsonl.', 'file');
    if (!file.size) throw new ApiError('invalid_request', 'The file is empty.', 'file');
    const bytes = new Uint8Array(await file.arrayBuffer());
    // A form's boundary differs each time it is sent: what counts is the file.
    const idempotency = await idempotencyOf(c.req.raw, bytes);
    const made = await inTurn(async () => {
      const uploads = files.all().filter(({ job }) => job === null);
      const before = madeBefore(uploads, record => record, idempotency, clock() - limits.idempotency);
      return before ?? files.add(bytes, { filename, purpose: 'fine-tune', job: null, idempotency });
    });
    return c.json(fileObject(made));
  });

  app.get('/v1/files', c => {
    const { purpose, order = 'desc', limit, after } = c.req.query();
    if (order !== 'asc' && order !== 'desc') throw new ApiError('invalid_request', 'order is asc or desc.', 'order');
    const found = files.all().filter(file => purpose === undefined || file.purpose === purpose);
    if (order === 'desc') found.reverse();
    const page = pageOf(found, after, readLimit(limit, 10_000, 10_000));
    return c.json({ ...page, data: page.data.map(fileObject) });
  });

  app.get('/v1/files/:id', c => c.json(fileObject(find(c.req.param('id')))));

  app.get('/v1/files/:id/content', async c => {
    const file = find(c.req.param('id'));
    const bytes = await files.read(file.id);
    if (!bytes) throw notFound('such file');
    return new Response(bytes, {
      headers: {
        'content-type': 'application/octet-stream',
        'content-length': String(bytes.length),
        'content-disposition': `attachment; filename="${file.filename
          .split('/')
          .at(-1)!
          .replace(/[^A-Za-z0-9._-]/g, '_')}"`,
        etag: `"sha256-${file.sha256}"`,
      },
    });
  });

  app.delete('/v1/files/:id', async c => {
    const { id, job } = find(c.req.param('id'));
    const user = jobs
      .active()
      .find(({ spec }) => spec.training === id || spec.validation === id || (job !== null && spec.from?.job === job));
    if (user) throw new ApiError('invalid_state', `${user.spec.id} still needs this file.`);
    await files.remove(id);
    return c.json({ id, object: 'file', deleted: true } satisfies DeletedObject);
  });
}
