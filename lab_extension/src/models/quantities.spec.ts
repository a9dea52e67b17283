import { ago, clock, duration, metric, number, size } from './quantities';
import { untranslated as trans } from './translation';

test.each([
    [0.923537658, '0.9235'],
    [0, '0'],
    [12040, '12,040'],
    [1.2e-7, '1.200e-7'],
    [123456.7, '123,457'],
    [-0.5, '-0.5'],
    [1e15, '1.000e+15']
])('%d is shown as %s', (value, shown) => {
    expect(number(value)).toBe(shown);
});

test('times are told as people tell them', () => {
    expect([0.42, 18, 200, 7500].map(duration)).toEqual(['0.4 s', '18 s', '3 min 20 s', '2 h 5 min']);
    expect([42, 723, 3723].map(clock)).toEqual(['0:42', '12:03', '1:02:03']);
    const now = new Date('2026-03-01T12:00:00Z');
    const before = (seconds: number): string => new Date(now.getTime() - seconds * 1000).toISOString();
    expect([3, 180, 7200, 2 * 86400].map(seconds => ago(before(seconds), now, trans))).toEqual([
        'just now',
        '3 min ago',
        '2 h ago',
        '2 d ago'
    ]);
});

test('a metric of repeats has its spread', () => {
    expect(metric({ value: 0.9243123, spread: 0.01234 })).toBe('0.9243 ± 0.012');
    expect(metric({ value: 0.21 })).toBe('0.21');
});

test('sizes have units', () => {
    expect([812, 1200, 5_640_000_000, 22_700_000_000].map(size)).toEqual([
        '812 B',
        '1.2 kB',
        '5.6 GB',
        '23 GB'
    ]);
});
