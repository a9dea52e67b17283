import type { Event, Metric, Progress, Run, RunState } from '../api/wire';

const OVER: readonly RunState[] = ['succeeded', 'failed', 'cancelled'];
/** Said by a worker about one attempt; all else about a run is `run.…`. */
const OF_WORKERS = /^(attempt|cell)\.|^(log|metric|progress|output|models|utilisation)$/;

export function isOver(run: Run): boolean {
    return OVER.includes(run.state);
}

export type RunLook = RunState | 'waiting';

/** What its state is called: one whose worker waits for something, or is not heard of, does not start or run. */
export function runLook(run: Run): RunLook {
    return !isOver(run) && run.state !== 'queued' && run.attempt?.waiting ? 'waiting' : run.state;
}

export function isRunEvent(event: Event): boolean {
    return event.kind.startsWith('run.') || OF_WORKERS.test(event.kind);
}

/**
 * The run as it is after the event; null where the event alone does not say, and the run is to be asked for. A run
 * that is the same object is not changed by it.
 */
export function applied(run: Run, event: Event): Run | null {
    const data = event.data ?? {};
    switch (event.kind) {
        case 'cell.started':
            return withProgress(run, { cell: numberOf(data['number']), cells: numberOf(data['of']) });
        case 'progress':
            return withProgress(run, {
                fraction: typeof data['fraction'] === 'number' ? data['fraction'] : null,
                message: typeof data['message'] === 'string' ? data['message'] : null
            });
        case 'metric':
            return { ...run, metrics: { ...run.metrics, ...(data['metrics'] as Record<string, Metric>) } };
        case 'run.freed':
            return run.attempt?.kept_kernel ? null : run; // what a kernel held that was kept until now
        case 'cell.finished':
        case 'log':
        case 'output':
        case 'models':
        case 'utilisation':
            return run;
        default:
            return null;
    }
}

function withProgress(run: Run, said: Partial<Progress>): Run | null {
    const { attempt } = run;
    if (!attempt || isOver(run)) {
        return null;
    }
    const before = attempt.progress ?? { cell: 0, cells: 0 };
    return { ...run, attempt: { ...attempt, progress: { ...before, ...said } } };
}

function numberOf(value: unknown): number {
    return typeof value === 'number' ? value : 0;
}
