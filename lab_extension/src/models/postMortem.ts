import type { IRunApi } from '../api/runs';
import type { KeptKernel, Run, RunOrder } from '../api/wire';
import type { Runs } from './runs';
import type { ITrans } from './translation';

/** What the metadata of a copy says of the run that it is a copy of. */
export interface ICopyOf {
    readonly run: string;
    readonly number: number;
    /** The place of the cell that failed, in the source. */
    readonly cell: number | null;
    /** Where Lab had the source; null where it had it not. */
    readonly source: string | null;
}

/** null where a notebook is no copy. */
export function copyOf(metadata: unknown): ICopyOf | null {
    const said = field(metadata, 'gristmill');
    const run = field(said, 'copy_of');
    const number = field(said, 'number');
    if (typeof run !== 'string' || typeof number !== 'number') {
        return null;
    }
    const cell = field(said, 'cell');
    const source = field(said, 'source');
    return {
        run,
        number,
        cell: typeof cell === 'number' ? cell : null,
        source: typeof source === 'string' ? source : null
    };
}

function field(value: unknown, name: string): unknown {
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

/** Beside the source: `work/train.run-17.ipynb`; `again` counts names that are taken by something else. */
export function copyPath(source: string, number: number, again = 0): string {
    const stem = source.replace(/\.ipynb$/, '');
    return `${stem}.run-${number}${again > 0 ? `-${again}` : ''}.ipynb`;
}

/** The kernel of a run that can still be looked into; null where there is none, or it is ending. */
export function keptOf(run: Run): KeptKernel | null {
    const kept = run.attempt?.kept_kernel;
    return kept && !kept.ending ? kept : null;
}

/** Whether the run’s kernel holds what others may need: one that is ending does until it is gone. */
export function holds(run: Run): boolean {
    return Boolean(run.attempt?.kept_kernel);
}

/** Runs whose kernels are kept, which hold what others may need, and how one of them is let go of. */
export function keptBy(
    runs: Pick<Runs, 'all' | 'refresh'>,
    api: Pick<IRunApi, 'endKernel'>
): { kept: () => readonly Run[]; onEnd: (run: Run) => Promise<unknown> } {
    return {
        kept: () => runs.all.filter(run => keptOf(run) !== null),
        onEnd: run => api.endKernel(run.id).then(() => runs.refresh())
    };
}

/** `29 min left`, `40 s left`, `over`. */
export function leftText(until: string, now: Date, trans: ITrans): string {
    const seconds = Math.round((new Date(until).getTime() - now.getTime()) / 1000);
    if (seconds <= 0) {
        return trans.__('over');
    }
    if (seconds < 90) {
        return trans.__('%1 s left', seconds);
    }
    const minutes = Math.floor(seconds / 60);
    return minutes < 120
        ? trans.__('%1 min left', minutes)
        : trans.__('%1 h %2 min left', Math.floor(minutes / 60), minutes % 60);
}

/** The order of a form that makes the same run of the notebook as it is now. */
export function orderOf(run: Run, path: string): RunOrder {
    return {
        path,
        parameters: Object.fromEntries(run.given.map(name => [name, run.parameters[name]])),
        profile: run.profile,
        environment: run.environment?.name ?? null,
        name: null,
        labels: run.labels,
        timeout_s: run.timeout_s,
        retries: run.retries,
        priority: run.priority,
        secrets: run.secrets,
        data_roots: [],
        post_mortem_s: run.post_mortem_s ?? null
    };
}
