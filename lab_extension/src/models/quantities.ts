import type { Metric, Run } from '../api/wire';
import type { ITrans } from './translation';

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;

/** `0:42`, `12:03`, `1:02:03`. */
export function clock(seconds: number): string {
    const whole = Math.max(0, Math.floor(seconds));
    const two = (value: number): string => String(value).padStart(2, '0');
    const minutes = Math.floor(whole / MINUTE) % 60;
    return whole >= HOUR
        ? `${Math.floor(whole / HOUR)}:${two(minutes)}:${two(whole % 60)}`
        : `${minutes}:${two(whole % 60)}`;
}

/** `0.4 s`, `18 s`, `3 min 20 s`, `2 h 5 min`. */
export function duration(seconds: number): string {
    if (seconds < 10) {
        return `${Math.max(0, seconds).toFixed(1)} s`;
    }
    const whole = Math.round(seconds);
    if (whole < MINUTE) {
        return `${whole} s`;
    }
    if (whole < HOUR) {
        return `${Math.floor(whole / MINUTE)} min ${whole % MINUTE} s`;
    }
    return `${Math.floor(whole / HOUR)} h ${Math.round((whole % HOUR) / MINUTE)} min`;
}

/** `just now`, `3 min ago`, `2 h ago`, `5 d ago`. */
export function ago(time: string, now: Date, trans: ITrans): string {
    const seconds = (now.getTime() - new Date(time).getTime()) / 1000;
    if (seconds < 45) {
        return trans.__('just now');
    }
    if (seconds < HOUR) {
        return trans.__('%1 min ago', Math.max(1, Math.round(seconds / MINUTE)));
    }
    return seconds < DAY
        ? trans.__('%1 h ago', Math.round(seconds / HOUR))
        : trans.__('%1 d ago', Math.round(seconds / DAY));
}

/** The time in full, for who wants to know exactly. */
export function exact(time: string): string {
    return new Date(time).toLocaleString();
}

/** Four significant digits: `0.9235`, `12,040`, `1.200e-7`. */
export function number(value: number): string {
    if (value === 0 || Number.isInteger(value)) {
        return Math.abs(value) < 1e12 ? value.toLocaleString('en') : value.toExponential(3);
    }
    const size = Math.abs(value);
    if (size < 1e-4 || size >= 1e9) {
        return value.toExponential(3);
    }
    return size >= 10_000 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(4)));
}

/** `0.9243 ± 0.012`. */
export function metric(value: Metric): string {
    const spread = value.spread;
    return typeof spread === 'number'
        ? `${number(value.value)} ± ${Number(spread.toPrecision(2))}`
        : number(value.value);
}

const SIZES = ['B', 'kB', 'MB', 'GB', 'TB'];

/** `812 B`, `1.2 GB`: powers of 1000. */
export function size(bytes: number): string {
    let value = bytes;
    let unit = 0;
    while (value >= 999.5 && unit < SIZES.length - 1) {
        value /= 1000;
        unit += 1;
    }
    return `${unit === 0 || value >= 100 ? Math.round(value) : Number(value.toPrecision(2))} ${SIZES[unit] ?? ''}`;
}

/** A parameter's value as one would type it. */
export function value(given: unknown): string {
    return typeof given === 'string' ? given : JSON.stringify(given);
}

/** Seconds that a run has been going on, or went on; null before it began. */
export function elapsed(run: Run, now: Date): number | null {
    if (!run.started_at) {
        return null;
    }
    const end = run.ended_at ? new Date(run.ended_at) : now;
    return (end.getTime() - new Date(run.started_at).getTime()) / 1000;
}

/** The metric that a run is known by: the first that it reported. */
export function mainMetric(run: Run): [string, Metric] | null {
    return Object.entries(run.metrics ?? {})[0] ?? null;
}

/** The last part of a path. */
export function baseName(path: string): string {
    return path.slice(path.lastIndexOf('/') + 1);
}
