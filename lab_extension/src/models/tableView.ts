import type { ProfileStatus, Run, RunColumns } from '../api/wire';
import { ago, baseName, duration, elapsed, exact, metric, number, value } from './quantities';
import type { ITrans } from './translation';

export type Group = 'notebook' | 'commit';

export interface ISort {
    readonly by: string;
    readonly descending: boolean;
}

/** What a table of runs shows and how; it is what is saved, restored and shared. */
export interface ITableView {
    /** In the language of `gristmill/runs/query.py`. */
    readonly query: string;
    /** Null: newest first. */
    readonly sort: ISort | null;
    readonly group: Group | null;
    /** Null: some that the newest runs have. */
    readonly columns: readonly string[] | null;
    /** A run that the others are held against. */
    readonly baseline: string | null;
}

export const NEWEST: ITableView = { query: '', sort: null, group: null, columns: null, baseline: null };

/** A view with a name. */
export interface ISavedView {
    readonly name: string;
    readonly view: ITableView;
}

const FIRST = ['state', 'name'] as const;
const LAST = ['duration', 'cost', 'by', 'created'] as const;
const OTHERS = [
    'number',
    'notebook',
    'commit',
    'profile',
    'environment',
    'kernel',
    'started',
    'ended'
] as const;
export const OWN: readonly string[] = [...FIRST, ...LAST, ...OTHERS];

const SHOWN_METRICS = 3;
const SHOWN_PARAMETERS = 4;

/** The columns of a view that names none: what the newest runs reported, and what they were given. */
export function usualColumns(runs: readonly Run[], priced: boolean): readonly string[] {
    const first = <T>(names: Iterable<T>, most: number): T[] => [...new Set(names)].slice(0, most);
    const metrics = first(
        runs.flatMap(run => Object.keys(run.metrics ?? {})),
        SHOWN_METRICS
    );
    const given = runs.flatMap(run => run.given);
    const all = runs.flatMap(run => Object.keys(run.parameters));
    const parameters = first([...given, ...all], SHOWN_PARAMETERS);
    return [
        ...FIRST,
        ...metrics.map(name => `metrics.${name}`),
        ...parameters.map(name => `params.${name}`),
        ...LAST.filter(name => priced || name !== 'cost')
    ];
}

/** Every column that there could be, in groups. */
export function allColumns(
    known: RunColumns | null
): Readonly<Record<'own' | 'metrics' | 'params' | 'labels', string[]>> {
    return {
        own: [...OWN],
        metrics: (known?.metrics ?? []).map(name => `metrics.${name}`),
        params: (known?.parameters ?? []).map(name => `params.${name}`),
        labels: (known?.labels ?? []).map(name => `labels.${name}`)
    };
}

export function columnTitle(column: string, trans: ITrans): string {
    const own: Readonly<Record<string, string>> = {
        state: trans.__('state'),
        name: trans.__('name'),
        duration: trans.__('time'),
        cost: trans.__('cost'),
        by: trans.__('who'),
        created: trans.__('made'),
        number: trans.__('number'),
        notebook: trans.__('notebook'),
        commit: trans.__('commit'),
        profile: trans.__('profile'),
        environment: trans.__('environment'),
        kernel: trans.__('kernel'),
        started: trans.__('started'),
        ended: trans.__('ended')
    };
    return own[column] ?? column.slice(column.indexOf('.') + 1);
}

/** As it is written in a query: names with other characters stand in quotes. */
export function fieldOf(column: string): string {
    const dot = column.indexOf('.');
    if (dot < 0) {
        return column;
    }
    const key = column.slice(dot + 1);
    return /^[\w.:/-]+$/.test(key) ? column : `${column.slice(0, dot)}.${quoted(key)}`;
}

/** A text of a query, in quotes. */
export function quoted(text: string): string {
    return text.includes('"') ? `'${text}'` : `"${text}"`;
}

/** What is right-aligned. */
export function isFigure(column: string): boolean {
    return column.startsWith('metrics.') || ['duration', 'cost', 'number'].includes(column);
}

export function isSortable(column: string): boolean {
    return column !== 'cost';
}

/** Pixels. */
export function columnWidth(column: string): number {
    const widths: Readonly<Record<string, number>> = {
        state: 118,
        name: 190,
        notebook: 170,
        duration: 96,
        cost: 76,
        number: 72,
        created: 104,
        started: 104,
        ended: 104,
        environment: 120
    };
    return widths[column] ?? (column.startsWith('metrics.') ? 128 : 112);
}

export type Rates = ReadonlyMap<string, number>;

export function ratesOf(profiles: readonly ProfileStatus[]): Rates {
    return new Map(profiles.map(({ profile }) => [profile.name, profile.rate_per_hour]));
}

/** One cell: what is shown, what it is in full, and as a number where it is one. */
export interface ITableCell {
    readonly text: string;
    readonly title: string;
    readonly figure: number | null;
}

const NOTHING: ITableCell = { text: '', title: '', figure: null };

export function cellOf(run: Run, column: string, now: Date, rates: Rates, trans: ITrans): ITableCell {
    const dot = column.indexOf('.');
    if (dot > 0) {
        return named(run, column.slice(0, dot), column.slice(dot + 1));
    }
    switch (column) {
        case 'duration': {
            const seconds = elapsed(run, now);
            return seconds === null
                ? NOTHING
                : { text: duration(seconds), title: `${seconds} s`, figure: seconds };
        }
        case 'cost': {
            const cost = costOf(run, now, rates);
            return cost === null ? NOTHING : { text: `$${cost.toFixed(2)}`, title: `$${cost}`, figure: cost };
        }
        case 'number':
            return { text: String(run.number), title: run.id, figure: run.number };
        case 'created':
            return moment(run.created_at, now, trans);
        case 'started':
            return moment(run.started_at, now, trans);
        case 'ended':
            return moment(run.ended_at, now, trans);
        case 'notebook':
            return { text: baseName(run.notebook), title: run.notebook, figure: null };
        case 'commit':
            return words(run.commit?.slice(0, 8) ?? '', run.commit ?? '');
        case 'environment':
            return words(run.environment?.name ?? '');
        case 'by':
            return words(run.created_by);
        case 'name':
            return words(run.name);
        case 'state':
            return words(run.state);
        case 'profile':
            return words(run.profile);
        case 'kernel':
            return words(run.kernel);
        default:
            return NOTHING;
    }
}

/** `+0.0016`, `−3`: how a figure differs from the baseline's; empty where either is none, or both are one. */
export function difference(one: ITableCell, baseline: ITableCell): string {
    if (one.figure === null || baseline.figure === null || one.figure === baseline.figure) {
        return '';
    }
    const apart = one.figure - baseline.figure;
    return `${apart > 0 ? '+' : '−'}${number(Number(Math.abs(apart).toPrecision(3)))}`;
}

/** What a run has cost so far; null before it began. */
function costOf(run: Run, now: Date, rates: Rates): number | null {
    const seconds = elapsed(run, now);
    const rate = rates.get(run.profile);
    return seconds === null || rate === undefined ? null : (seconds / 3600) * rate;
}

function named(run: Run, kind: string, name: string): ITableCell {
    if (kind === 'metrics') {
        const found = run.metrics?.[name];
        return found ? { text: metric(found), title: String(found.value), figure: found.value } : NOTHING;
    }
    if (kind === 'labels') {
        return words(run.labels[name] ?? '');
    }
    if (!(name in run.parameters)) {
        return NOTHING;
    }
    const given = run.parameters[name];
    const full = value(given);
    return typeof given === 'number'
        ? { text: number(given), title: full, figure: given }
        : { text: full, title: full, figure: null };
}

function moment(time: string | null | undefined, now: Date, trans: ITrans): ITableCell {
    return time ? { text: ago(time, now, trans), title: exact(time), figure: null } : NOTHING;
}

function words(text: string, title = text): ITableCell {
    return { text, title, figure: null };
}

/** The same question to the command line. */
export function commandOf(view: ITableView): string {
    const parts = ['gristmill runs list'];
    if (view.query.trim()) {
        parts.push(`--query '${view.query.trim().replaceAll("'", `'\\''`)}'`);
    }
    if (view.sort) {
        parts.push(`--sort '${fieldOf(view.sort.by)}'`, ...(view.sort.descending ? [] : ['--ascending']));
    }
    return parts.join(' ');
}

/** A view as it was written down, by whatever version of this; what is not understood is as in `NEWEST`. */
export function readView(kept: unknown): ITableView {
    if (typeof kept !== 'object' || kept === null) {
        return NEWEST;
    }
    const found = kept as Readonly<Record<string, unknown>>;
    const sort = found['sort'] as { by?: unknown; descending?: unknown } | null | undefined;
    const columns = found['columns'];
    return {
        query: typeof found['query'] === 'string' ? found['query'] : '',
        sort: typeof sort?.by === 'string' ? { by: sort.by, descending: sort.descending !== false } : null,
        group: found['group'] === 'notebook' || found['group'] === 'commit' ? found['group'] : null,
        columns: Array.isArray(columns) ? columns.filter(one => typeof one === 'string') : null,
        baseline: typeof found['baseline'] === 'string' ? found['baseline'] : null
    };
}
