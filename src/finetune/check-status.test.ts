import { expect, test } from 'vitest';
import { refusalOf } from './check-status';

const root = 'https://tuner.test/v1';
const page = { origin: 'https://page.test', protocol: 'https:', hostname: 'page.test', secure: true, narrowed: false };
const refused = (status: number, code?: string) =>
  refusalOf(
    { status, statusText: 'Said', body: code === undefined ? null : { error: { message: 'told', code } }, html: false },
    root,
    page,
  );

test.each([
  [401, undefined, 'key auth'],
  [403, undefined, 'key auth'],
  // What our own tuner says counts more than the status it says it with.
  [403, 'origin_not_allowed', 'read origin'],
  [403, 'host_not_allowed', 'read host'],
  [421, undefined, 'read host'],
  [404, undefined, 'dialect not_found'],
  [429, 'rate_limited', 'reach busy'],
  [503, undefined, 'reach busy'],
  [502, undefined, 'reach server_error'],
  [302, undefined, 'dialect wrong_dialect'],
  [418, undefined, 'dialect wrong_dialect'],
])('%i with code %s fails %s', (status, code, where) => {
  const failed = refused(status, code)!;
  expect(`${failed.step} ${failed.code}`).toBe(where);
  expect(failed.found).toBe(code === undefined ? `It answered ${status} Said` : 'told');
  expect(failed.next).not.toBe('');
});

test('a success is no refusal', () => {
  expect([refused(200), refused(204)]).toEqual([null, null]);
});
