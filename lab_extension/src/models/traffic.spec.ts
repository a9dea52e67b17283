import type { Traffic } from '../api/wire';
import { traffic } from './madeModels';
import { TrafficWatch, milliseconds, perSecond, quantile, ratesOf } from './traffic';

const asked = (samples: Traffic[]): TrafficWatch =>
    new TrafficWatch(
        {
            traffic: () => {
                const next = samples.shift();
                return next ? Promise.resolve(next) : Promise.reject(new Error('it does not answer'));
            }
        },
        1e9
    );

async function turn(watch: TrafficWatch): Promise<void> {
    watch.askAll();
    for (let at = 0; at < 10; at += 1) {
        await Promise.resolve();
    }
}

describe('quantiles', () => {
    it('lie evenly spread within their bucket', () => {
        expect(quantile([1, 2], [0, 10, 0], 0.5)).toBeCloseTo(1.5);
        expect(quantile([1, 2], [10, 0, 0], 0.99)).toBeCloseTo(0.99);
    });
    it('are the last bound where values are above them all, and null without values', () => {
        expect(quantile([1, 2], [0, 0, 5], 0.5)).toBe(2);
        expect(quantile([1, 2], [0, 0, 0], 0.5)).toBeNull();
        expect(quantile([], [], 0.5)).toBeNull();
    });
});

describe('rates', () => {
    it('need two samples', () => {
        expect(ratesOf([traffic(0, 5)]).perSecond).toBeNull();
        expect(ratesOf([traffic(0, 5), traffic(2, 25)])).toMatchObject({ perSecond: 10, history: [10] });
    });
    it('are of latencies that came between them', () => {
        const before = traffic(0, 10, { counts: [10, 0, 0] });
        const after = traffic(2, 20, { counts: [10, 10, 0] });
        expect(ratesOf([before, after]).p50).toBeCloseTo(0.0055);
        expect(ratesOf([after, { ...after, time: traffic(4, 20).time }]).p50).toBeNull();
    });
});

describe('watching', () => {
    it('asks only what somebody looks at', async () => {
        const watch = asked([traffic(0, 1)]);
        await turn(watch);
        expect(watch.of('churn').last).toBeNull();
        const watching = watch.watch(() => ['churn']);
        await turn(watch);
        expect(watch.of('churn').requests).toBe(1);
        watching.dispose();
        await turn(watch);
        expect(watch.of('churn').fault).toBeNull();
        watch.dispose();
    });
    it('begins anew when another worker counts from nothing, and keeps the last that is known', async () => {
        const watch = asked([traffic(0, 100), traffic(2, 110), traffic(4, 3)]);
        watch.watch(() => ['churn']);
        await turn(watch);
        await turn(watch);
        expect(watch.of('churn').perSecond).toBe(5);
        await turn(watch);
        expect(watch.of('churn')).toMatchObject({ perSecond: null, requests: 3, history: [] });
        await turn(watch);
        expect(watch.of('churn').requests).toBe(3);
        expect(watch.of('churn').fault).toBeInstanceOf(Error);
        watch.dispose();
    });
});

it('writes times and rates with sensible digits', () => {
    expect([0.00612, 0.00043, 1.234, 0.0123].map(milliseconds)).toEqual([
        '6.12 ms',
        '0.43 ms',
        '1.23 s',
        '12.3 ms'
    ]);
    expect([0.52, 412.4, 12_000].map(perSecond)).toEqual(['0.52/s', '412/s', '12,000/s']);
});
