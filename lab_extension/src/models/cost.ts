import type { Held } from '../api/wire';

/** What was held, in hours, and what that comes to until now; `rates` are those that it was held at. */
export interface ICost {
    readonly hours: number;
    readonly amount: number;
    readonly rates: readonly number[];
    readonly going: boolean;
}

/** Rate × time of every interval; what is held still goes on until `now`. */
export function costOf(held: readonly Held[], now: Date): ICost {
    let hours = 0;
    let amount = 0;
    for (const one of held) {
        const end = one.until ? new Date(one.until) : now;
        const taken = Math.max(0, end.getTime() - new Date(one.since).getTime()) / 3_600_000;
        hours += taken;
        amount += taken * one.rate_per_hour;
    }
    return {
        hours,
        amount,
        rates: [...new Set(held.map(one => one.rate_per_hour))],
        going: held.some(one => !one.until)
    };
}

/** Money as people write it: `0`, `0.004`, `1.25`. The catalogue names no currency. */
export function money(amount: number): string {
    return amount === 0 ? '0' : amount < 0.01 ? amount.toPrecision(1) : amount.toFixed(2);
}
