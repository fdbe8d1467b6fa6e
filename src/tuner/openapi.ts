// The endpoint described for machines: OpenAPI 3.1, by hand and short; `src/finetune/wire*.ts` are the schemas in full.

const json = (schema: object) => ({ 'application/json': { schema } });
const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });
const listOf = (name: string) => ({
  type: 'object',
  required: ['object', 'data', 'has_more'],
  properties: {
    ...{ object: { const: 'list' }, data: { type: 'array', items: ref(name) }, has_more: { type: 'boolean' } },
    ...{ first_id: { type: ['string', 'null'] }, last_id: { type: ['string', 'null'] } },
  },
});
const text = { type: 'string' };
const textOrNull = { type: ['string', 'null'] };
const number = { type: 'number' };
const whole = { type: 'integer' };
const object = (properties: Record<string, object>, required = Object.keys(properties)) => ({ type: 'object', properties, required });
const query = (name: string, schema: object = text) => ({ name, in: 'query', schema });
const path = (name: string) => ({ name, in: 'path', required: true, schema: text });

const failure = { description: 'Refused; the code says why', content: json(ref('Error')) };
const answer = (schema: object, description = 'Done') => ({ '200': { description, content: json(schema) }, default: failure });
const paging = [query('limit', whole), query('after')];

const auto = (schema: object) => ({ oneOf: [{ const: 'auto' }, { type: 'null' }, schema] });
/** Also at the top level of an order, as Nebius has it. */
const lora = {
  lora: { type: ['boolean', 'null'] },
  ...{ lora_r: auto({ type: 'integer', minimum: 1, maximum: 64 }), lora_alpha: auto(number), lora_dropout: auto({ const: 0 }) },
  lora_target_modules: { type: ['array', 'null'], items: text, description: 'All that the base offers, or left out' },
  ...{ learning_rate: auto(number), lr_scheduler_type: auto({ enum: ['constant', 'linear', 'cosine'] }) },
  ...{ warmup_steps: auto(whole), warmup_ratio: auto(number), micro_batch_size: auto(whole), max_steps: auto(whole) },
  ...{ weight_decay: auto(number), max_grad_norm: auto(number), context_length: auto(whole) },
};
const hyperparameters = {
  n_epochs: auto({ type: 'integer', minimum: 1, maximum: 50 }),
  batch_size: auto({ type: 'integer', minimum: 1, maximum: 256 }),
  learning_rate_multiplier: auto(number),
  ...lora,
};
const beta = auto({ type: 'number', exclusiveMinimum: 0, maximum: 2 });
const methodOf = (type: string, schema: string) =>
  object({ type: { const: type }, [type]: object({ hyperparameters: ref(schema) }, []) }, ['type']);
/** In the vendor's description, and refused. */
const unsupported = { description: 'Refused: unsupported_operation', content: json(ref('Error')) };

export const openApi = {
  openapi: '3.1.0',
  info: {
    title: 'Polylogue tuner',
    version: 'OpenAI-FT/1',
    description:
      "OpenAI's fine-tuning routes with adapter files as results (E1), LoRA hyperparameters (E2), an event stream (E3), idempotency keys (E4), capabilities of bases (E5) and full weights (E6).",
  },
  security: [{ token: [] }],
  paths: {
    '/healthz': { get: { security: [], responses: answer(object({ ok: { const: true } })) } },
    '/openapi.json': { get: { security: [], responses: answer({ type: 'object' }, 'This description') } },
    '/v1/files': {
      get: { parameters: [...paging, query('purpose'), query('order', { enum: ['asc', 'desc'] })], responses: answer(listOf('File')) },
      post: {
        parameters: [{ name: 'Idempotency-Key', in: 'header', schema: { type: 'string', maxLength: 128 } }],
        requestBody: {
          content: {
            'multipart/form-data': { schema: object({ file: { type: 'string', format: 'binary' }, purpose: { const: 'fine-tune' } }) },
          },
        },
        responses: answer(ref('File')),
      },
    },
    '/v1/files/{id}': {
      parameters: [path('id')],
      get: { responses: answer(ref('File')) },
      delete: { responses: answer(ref('Deleted')) },
    },
    '/v1/files/{id}/content': {
      parameters: [path('id')],
      get: { responses: { '200': { description: 'The bytes', content: { 'application/octet-stream': {} } }, default: failure } },
    },
    '/v1/fine_tuning/jobs': {
      get: {
        parameters: [...paging, query('metadata[key]'), { ...query('metadata', { const: 'null' }), description: 'Jobs without any' }],
        responses: answer(listOf('Job'), 'Newest first'),
      },
      post: {
        parameters: [{ name: 'Idempotency-Key', in: 'header', schema: { type: 'string', maxLength: 128 } }],
        requestBody: { content: json(ref('CreateJob')) },
        responses: answer(ref('Job')),
      },
    },
    '/v1/fine_tuning/jobs/{id}': { parameters: [path('id')], get: { responses: answer(ref('Job')) } },
    '/v1/fine_tuning/jobs/{id}/cancel': { parameters: [path('id')], post: { responses: answer(ref('Job')) } },
    '/v1/fine_tuning/jobs/{id}/pause': { parameters: [path('id')], post: { responses: { '400': unsupported, default: failure } } },
    '/v1/fine_tuning/jobs/{id}/resume': { parameters: [path('id')], post: { responses: { '400': unsupported, default: failure } } },
    '/v1/fine_tuning/jobs/{id}/events': {
      parameters: [path('id')],
      get: {
        parameters: [...paging, { name: 'Last-Event-ID', in: 'header', schema: whole }],
        responses: {
          '200': {
            description: 'Newest first; or, with Accept: text/event-stream, oldest first and then as they happen',
            content: { ...json(listOf('Event')), 'text/event-stream': {} },
          },
          default: failure,
        },
      },
    },
    '/v1/fine_tuning/jobs/{id}/checkpoints': {
      parameters: [path('id')],
      get: { parameters: paging, responses: answer(listOf('Checkpoint'), 'Newest first') },
    },
    '/v1/models': { get: { responses: answer(object({ object: { const: 'list' }, data: { type: 'array', items: ref('Model') } })) } },
    '/v1/models/{id}': {
      parameters: [path('id')],
      get: { responses: answer(ref('Model')) },
      delete: { responses: answer(ref('Deleted')) },
    },
    '/v1/chat/completions': {
      post: { responses: { '404': { description: 'Refused: model_not_served', content: json(ref('Error')) }, default: failure } },
    },
  },
  components: {
    securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
    schemas: {
      Error: object({ error: object({ type: text, message: text, param: textOrNull, code: textOrNull }) }),
      Deleted: object({ id: text, object: text, deleted: { const: true } }),
      File: object({
        ...{ id: text, object: { const: 'file' }, bytes: whole, created_at: whole, filename: text },
        ...{ purpose: { enum: ['fine-tune', 'fine-tune-results'] }, status: text },
      }),
      CreateJob: object(
        {
          ...{ model: text, training_file: text, validation_file: textOrNull, suffix: textOrNull },
          ...{ seed: { type: ['integer', 'null'] }, metadata: { type: ['object', 'null'], additionalProperties: text } },
          method: { oneOf: [{ type: 'null' }, methodOf('supervised', 'Hyperparameters'), methodOf('dpo', 'DpoHyperparameters')] },
          hyperparameters: { ...ref('DpoHyperparameters'), deprecated: true, description: 'What stands under the method wins' },
          integrations: { type: ['array', 'null'], maxItems: 0 },
          ...lora,
        },
        ['model', 'training_file'],
      ),
      Hyperparameters: object(hyperparameters, []),
      DpoHyperparameters: object({ ...hyperparameters, beta }, []),
      Job: object({
        ...{ id: text, object: { const: 'fine_tuning.job' }, created_at: whole, finished_at: { type: ['integer', 'null'] }, model: text },
        ...{ fine_tuned_model: textOrNull, organization_id: text, training_file: text, validation_file: textOrNull },
        status: { enum: ['validating_files', 'queued', 'running', 'succeeded', 'failed', 'cancelled'] },
        ...{ hyperparameters: ref('Hyperparameters'), method: { type: 'object' }, metadata: { type: 'object' }, seed: whole },
        ...{ trained_tokens: { type: ['integer', 'null'] }, result_files: { type: 'array', items: text } },
        ...{ estimated_finish: { type: ['integer', 'null'] }, error: { type: ['object', 'null'] } },
      }),
      Event: object({
        ...{ id: text, object: { const: 'fine_tuning.job.event' }, created_at: whole, level: { enum: ['info', 'warn', 'error'] } },
        ...{ message: text, type: { enum: ['message', 'metrics'] }, data: { type: ['object', 'null'] } },
      }),
      Checkpoint: object({
        ...{ id: text, object: { const: 'fine_tuning.job.checkpoint' }, created_at: whole, fine_tuned_model_checkpoint: text },
        ...{ fine_tuning_job_id: text, step_number: whole, metrics: { type: 'object' }, result_files: { type: 'array', items: text } },
      }),
      Model: object({ id: text, object: { const: 'model' }, created: whole, owned_by: text, tuner: { type: 'object' } }, [
        ...['id', 'object', 'created', 'owned_by'],
      ]),
    },
  },
} as const;
