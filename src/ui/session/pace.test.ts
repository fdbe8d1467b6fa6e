import { describe, expect, it } from 'vitest';
import { bytes, duration, PaceMeter } from './pace';

describe('pace', () => {
  it('says nothing before there is something to measure', () => {
    const meter = new PaceMeter();
    expect(meter.pace(10)).toEqual({ rate: null, secondsLeft: null });
    meter.add(0, 0);
    meter.add(100, 5);
    expect(meter.pace(10).rate).toBeNull();
    meter.add(5000, 5);
    expect(meter.pace(10)).toEqual({ rate: 1, secondsLeft: 5 });
  });

  it('follows the recent speed and forgets pauses', () => {
    const meter = new PaceMeter(10_000);
    for (let s = 0; s <= 100; s++) meter.add(s * 1000, s < 50 ? s : 50 + (s - 50) * 4);
    expect(meter.pace(1000).rate).toBeCloseTo(4);
    meter.reset();
    expect(meter.pace(1000).rate).toBeNull();
  });

  it('puts durations and sizes in words', () => {
    expect([0.2, 59.5, 125, 3600, 3700].map(duration)).toEqual(['1 s', '1 min', '2 min 5 s', '1 h', '1 h 2 min']);
    expect([12, 1500, 4_200_000, 483_000_000, 1.2e9].map(bytes)).toEqual(['12 B', '1.5 KB', '4.2 MB', '483 MB', '1.2 GB']);
  });
});
