import { expect, it } from 'vitest';
import { isHidden } from './hide-features';

it('hides experiments of the browser from onnxruntime on every adapter, and subgroups where they are tiny', () => {
  const card = { subgroupMinSize: 32, isFallbackAdapter: false };
  const software = { subgroupMinSize: 4, isFallbackAdapter: true };
  const seen = ['shader-f16', 'subgroups', 'subgroup-size-control', 'chromium-experimental-subgroup-matrix'];
  expect(seen.filter(name => !isHidden(name, card))).toEqual(['shader-f16', 'subgroups', 'subgroup-size-control']);
  expect(seen.filter(name => !isHidden(name, software))).toEqual(['shader-f16']);
  expect(isHidden('subgroups', {})).toBe(false);
});
