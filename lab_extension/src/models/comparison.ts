import type { Metric, Run, RunDetail } from '../api/wire';
import { duration, elapsed, metric, value } from './quantities';
import type { ITrans } from './translation';

export const FEWEST = 2;
export const MOST = 10;

export type Direction = 'max' | 'min';

/** What somebody said of metrics; of others their names tell. */
export type Directions = Readonly<Record<string, Direction>>;

/** One row: a cell for each run, empty where that one has none. */
export interface IComparedRow {
    readonly name: string;
    readonly cells: readonly string[];
    readonly equal: boolean;
    /** Places of the best; none where all are equal, or what is compared is no metric. */
    readonly best: readonly number[];
    readonly direction: Direction | null;
}

export interface ISection {
    readonly key: 'parameters' | 'metrics' | 'environment' | 'packages';
    readonly title: string;
    readonly rows: readonly IComparedRow[];
    /** What could not be compared. */
    readonly note: string | null;
}

const LOWER =
    /(^|[^a-z])(loss|logloss|error|err|mse|rmse|mae|mape|perplexity|latency|time|seconds|duration|brier|regret|wer|cer|ece)([^a-z]|$)|loss$|error$/i;

/** Whether more of it is better: as it was said, else by its name. */
export function directionOf(name: string, said: Directions): Direction {
    return said[name] ?? (LOWER.test(name.replaceAll('_', ' ')) ? 'min' : 'max');
}

/** Parameters, metrics, surroundings and packages of runs, beside each other. */
export function compare(details: readonly RunDetail[], said: Directions, trans: ITrans): readonly ISection[] {
    const runs = details.map(detail => detail.run);
    return [
        {
            key: 'parameters',
            title: trans.__('Parameters'),
            rows: rows(runs.map(run => texts(run.parameters))),
            note: null
        },
        { key: 'metrics', title: trans.__('Metrics'), rows: metricRows(runs, said), note: null },
        {
            key: 'environment',
            title: trans.__('Environment'),
            rows: rows(details.map(detail => surroundings(detail, trans))),
            note: null
        },
        packageSection(details, trans)
    ];
}

function rows(of: readonly Readonly<Record<string, string>>[]): readonly IComparedRow[] {
    const names = [...new Set(of.flatMap(one => Object.keys(one)))];
    return names.map(name => {
        const cells = of.map(one => one[name] ?? '');
        return { name, cells, equal: new Set(cells).size === 1, best: [], direction: null };
    });
}

function texts(values: Readonly<Record<string, unknown>>): Record<string, string> {
    return Object.fromEntries(Object.entries(values).map(([name, one]) => [name, value(one)]));
}

function metricRows(runs: readonly Run[], said: Directions): readonly IComparedRow[] {
    const names = [...new Set(runs.flatMap(run => Object.keys(run.metrics ?? {})))];
    return names.map(name => {
        const found = runs.map(run => run.metrics?.[name] ?? null);
        const equal = found.every(one => one?.value === found[0]?.value);
        const direction = directionOf(name, said);
        return {
            name,
            cells: found.map(one => (one ? metric(one) : '')),
            equal,
            best: equal ? [] : bestOf(found, direction),
            direction
        };
    });
}

function bestOf(found: readonly (Metric | null)[], direction: Direction): readonly number[] {
    const values = found.flatMap(one => (one ? [one.value] : []));
    const best = direction === 'max' ? Math.max(...values) : Math.min(...values);
    return found.flatMap((one, at) => (one?.value === best ? [at] : []));
}

/** What the worker saw, as far as it came to that. */
function surroundings(detail: RunDetail, trans: ITrans): Record<string, string> {
    const { run } = detail;
    const worker = workerFacts(detail);
    const kernel = record(worker['kernel']);
    const device = record(worker['device']);
    const seconds = elapsed(run, new Date(run.ended_at ?? Date.now()));
    const facts: Record<string, unknown> = {
        [trans.__('notebook')]: run.notebook,
        [trans.__('commit')]: run.commit?.slice(0, 8),
        [trans.__('profile')]: run.profile,
        [trans.__('kernel')]: run.kernel,
        [trans.__('environment')]: run.environment?.name,
        [trans.__('Python')]: kernel['python'],
        [trans.__('processor')]: device['cpu'],
        [trans.__('cores')]: device['cores'],
        [trans.__('data')]: run.data.map(one => one.name).join(', '),
        [trans.__('time')]: seconds === null ? undefined : duration(seconds),
        [trans.__('state')]: run.state
    };
    const told = Object.entries(facts).filter(([, one]) => one !== undefined && one !== null && one !== '');
    return Object.fromEntries(
        told.map(([name, one]) => [name, typeof one === 'string' ? one : JSON.stringify(one)])
    );
}

function packageSection(details: readonly RunDetail[], trans: ITrans): ISection {
    const found = details.map(packages);
    const lacking = details.flatMap((detail, at) => (found[at] ? [] : [detail.run.name]));
    return {
        key: 'packages',
        title: trans.__('Packages'),
        rows: lacking.length === details.length ? [] : rows(found.map(one => one ?? {})),
        note: lacking.length > 0 ? trans.__('Not recorded of %1.', lacking.join(', ')) : null
    };
}

/** Versions by name of what the kernel's environment had; null where that was not recorded. */
export function packages(detail: RunDetail): Record<string, string> | null {
    const listed = record(workerFacts(detail)['environment'])['packages'];
    if (!Array.isArray(listed)) {
        return null;
    }
    return Object.fromEntries(
        listed.map(one => {
            const [name = '', version = ''] = String(one).split('==');
            return [name, version];
        })
    );
}

function workerFacts(detail: RunDetail): Readonly<Record<string, unknown>> {
    return record(detail.attempts.at(-1)?.provenance?.['worker']);
}

function record(found: unknown): Readonly<Record<string, unknown>> {
    return typeof found === 'object' && found !== null ? (found as Record<string, unknown>) : {};
}

/** The whole comparison as rows of a spreadsheet, equal rows too. */
export function comparisonRows(details: readonly RunDetail[], sections: readonly ISection[]): string[][] {
    const head = ['', '', ...details.map(detail => detail.run.name)];
    return [
        head,
        ...sections.flatMap(section => section.rows.map(row => [section.title, row.name, ...row.cells]))
    ];
}
