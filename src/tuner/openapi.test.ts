// The description is of this endpoint and no other: its paths are the app's routes, its fields those that the app reads.
import { expect, test } from 'vitest';
import { createJobSchema, dpoHyperparametersSchema, hyperparametersSchema } from '../finetune/wire-order';
import { routed } from './app';
import { openApi } from './openapi';

const verbs = ['get', 'post', 'delete'];

test('every route is described, and nothing else', () => {
  const app = routed({} as never, {} as never, () => undefined);
  // A name of a model may hold slashes, which OpenAPI has no way to say.
  const routes = app.routes.map(({ method, path }) => `${method.toLowerCase()} ${path.replace(/:(\w+)(\{[^}]*\})?/g, '{$1}')}`);
  const described = Object.entries(openApi.paths).flatMap(([path, item]) =>
    Object.keys(item).flatMap(verb => (verbs.includes(verb) ? [`${verb} ${path}`] : [])),
  );
  expect(routes.length).toBeGreaterThan(15);
  expect(described.sort()).toEqual([...new Set(routes)].sort());
});

test('the fields of an order are those that are read', () => {
  const { CreateJob, Hyperparameters, DpoHyperparameters } = openApi.components.schemas;
  const fields = (schema: { properties: object }): string[] => Object.keys(schema.properties).sort();
  expect(fields(CreateJob)).toEqual(Object.keys(createJobSchema.entries).sort());
  expect(fields(Hyperparameters)).toEqual(Object.keys(hyperparametersSchema.entries).sort());
  expect(fields(DpoHyperparameters)).toEqual(Object.keys(dpoHyperparametersSchema.entries).sort());
});

test('every reference leads somewhere', () => {
  const named = [...JSON.stringify(openApi).matchAll(/#\/components\/schemas\/(\w+)/g)].map(([, name]) => name!);
  expect(named.filter(name => !Object.hasOwn(openApi.components.schemas, name))).toEqual([]);
  expect(Object.keys(openApi.components.schemas).filter(name => !named.includes(name))).toEqual([]);
});
