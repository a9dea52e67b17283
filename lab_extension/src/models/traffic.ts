import { DisposableDelegate, type IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import type { IModelsApi } from '../api/models';
import type { Traffic } from '../api/wire';

const PERIOD = 2000; // ms between two questions
const KEPT = 61; // samples: two minutes
const RATE_WINDOW = 6; // samples: what “now” is
const LATENCY_WINDOW = 31; // samples: a minute, for a p99 of few requests says little

/** What an endpoint does now. Null: not known yet, or nobody asked in that time. */
export interface IRates {
    readonly perSecond: number | null;
    readonly p50: number | null; // seconds
    readonly p99: number | null;
    readonly failed: number; // since the worker's start, as the two below
    readonly refused: number;
    readonly requests: number;
    /** Requests per second between two questions, oldest first. */
    readonly history: readonly number[];
    readonly last: Traffic | null;
    /** Why it could not be asked, last time. */
    readonly fault: unknown;
}

export const UNKNOWN: IRates = {
    perSecond: null,
    p50: null,
    p99: null,
    failed: 0,
    refused: 0,
    requests: 0,
    history: [],
    last: null,
    fault: null
};

/**
 * Asks those endpoints that somebody looks at what they have answered, every two seconds. Nothing is asked while
 * nobody looks.
 */
export class TrafficWatch implements IDisposable {
    private readonly _changed = new Signal<this, void>(this);
    private readonly watchers = new Set<() => readonly string[]>();
    private readonly samples = new Map<string, Traffic[]>();
    private readonly faults = new Map<string, unknown>();
    private readonly asking = new Set<string>();
    private readonly timer: ReturnType<typeof setInterval>;
    private _isDisposed = false;

    constructor(
        private readonly api: Pick<IModelsApi, 'traffic'>,
        period: number = PERIOD
    ) {
        this.timer = setInterval(() => {
            this.askAll();
        }, period);
    }

    get changed(): ISignal<this, void> {
        return this._changed;
    }

    /** `wanted` says which endpoints are looked at just now. */
    watch(wanted: () => readonly string[]): IDisposable {
        this.watchers.add(wanted);
        return new DisposableDelegate(() => {
            this.watchers.delete(wanted);
        });
    }

    of(name: string): IRates {
        const samples = this.samples.get(name) ?? [];
        return { ...ratesOf(samples), fault: this.faults.get(name) ?? null };
    }

    askAll(): void {
        for (const name of new Set([...this.watchers].flatMap(wanted => wanted()))) {
            void this.ask(name);
        }
    }

    get isDisposed(): boolean {
        return this._isDisposed;
    }

    dispose(): void {
        this._isDisposed = true;
        clearInterval(this.timer);
        Signal.clearData(this);
    }

    private async ask(name: string): Promise<void> {
        if (this.asking.has(name)) {
            return;
        }
        this.asking.add(name);
        try {
            const now = await this.api.traffic(name);
            const known = this.samples.get(name) ?? [];
            const last = known.at(-1);
            // Another worker counts from nothing.
            const kept = last && now.requests < last.requests ? [] : known;
            this.samples.set(name, [...kept, now].slice(-KEPT));
            this.faults.delete(name);
        } catch (error) {
            this.faults.set(name, error);
        } finally {
            this.asking.delete(name);
        }
        if (!this._isDisposed) {
            this._changed.emit();
        }
    }
}

/** What samples of one worker come to, oldest first. */
export function ratesOf(samples: readonly Traffic[]): IRates {
    const last = samples.at(-1);
    if (!last) {
        return UNKNOWN;
    }
    const recent = samples.at(-Math.min(RATE_WINDOW, samples.length)) ?? last;
    const minute = samples.at(-Math.min(LATENCY_WINDOW, samples.length)) ?? last;
    const counts = less(last.counts, samples.length > 1 ? minute.counts : []);
    return {
        perSecond: samples.length > 1 ? rate(recent, last) : null,
        p50: quantile(last.bounds, counts, 0.5),
        p99: quantile(last.bounds, counts, 0.99),
        failed: last.failed,
        refused: last.refused,
        requests: last.requests,
        history: samples.slice(1).map((sample, at) => rate(samples[at] ?? sample, sample)),
        last,
        fault: null
    };
}

function rate(before: Traffic, after: Traffic): number {
    const seconds = (Date.parse(after.time) - Date.parse(before.time)) / 1000;
    return seconds > 0 ? (after.requests - before.requests) / seconds : 0;
}

function less(counts: readonly number[], before: readonly number[]): readonly number[] {
    return counts.map((count, at) => count - (before[at] ?? 0));
}

/**
 * The quantile of a histogram: within its bucket, values are taken to be spread evenly, as Prometheus'
 * `histogram_quantile` does. Null without a value; above the last bound, that bound.
 */
export function quantile(bounds: readonly number[], counts: readonly number[], q: number): number | null {
    const total = counts.reduce((sum, count) => sum + count, 0);
    if (total === 0) {
        return null;
    }
    let below = 0;
    for (const [at, count] of counts.entries()) {
        const high = bounds[at];
        if (below + count >= q * total && count > 0) {
            const low = at > 0 ? (bounds[at - 1] ?? 0) : 0;
            return high === undefined ? low : low + ((q * total - below) / count) * (high - low);
        }
        below += count;
    }
    return bounds.at(-1) ?? null;
}

/** `6.1 ms`, `0.43 ms`, `1.20 s`. */
export function milliseconds(seconds: number): string {
    const ms = seconds * 1000;
    return ms >= 1000 ? `${(ms / 1000).toFixed(2)} s` : `${Number(ms.toPrecision(ms < 1 ? 2 : 3))} ms`;
}

/** `412/s`, `0.5/s`. */
export function perSecond(value: number): string {
    return `${value >= 10 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(2)))}/s`;
}
