import { Http } from './http';
import type { NotebookDiff, Run, RunChange, RunColumns, RunCounts } from './wire';

/** Which runs, and in which order. `before` is a run number: what was made since is left out. */
export interface IRunsQuestion {
    readonly query?: string;
    readonly notebook?: string;
    readonly sort?: string;
    readonly ascending?: boolean;
    readonly before?: number;
    readonly offset?: number;
    readonly limit?: number;
}

/** What the table of runs asks of the control plane. */
export interface IRunsTableApi {
    list(question: IRunsQuestion): Promise<readonly Run[]>;
    counts(question: { query?: string; by?: 'notebook' | 'commit' }): Promise<RunCounts>;
    columns(): Promise<RunColumns>;
    change(run: string, change: RunChange): Promise<Run>;
    /** How the notebooks of two runs differ, as they were run. */
    diff(before: string, after: string): Promise<NotebookDiff>;
}

export class RunsTableApi extends Http implements IRunsTableApi {
    list(question: IRunsQuestion): Promise<readonly Run[]> {
        return this.json('GET', `api/runs?${queryString(question)}`);
    }

    counts(question: { query?: string; by?: 'notebook' | 'commit' }): Promise<RunCounts> {
        return this.json('GET', `api/run-counts?${queryString(question)}`);
    }

    columns(): Promise<RunColumns> {
        return this.json('GET', 'api/run-columns');
    }

    change(run: string, change: RunChange): Promise<Run> {
        return this.json('PATCH', `api/runs/${encodeURIComponent(run)}`, change);
    }

    diff(before: string, after: string): Promise<NotebookDiff> {
        return this.json('GET', `diff?${queryString({ before, after })}`);
    }
}

function queryString(question: object): string {
    const given = Object.entries(question)
        .filter(([, value]) => value !== undefined && value !== '')
        .map(([name, value]): [string, string] => [name, String(value)]);
    return new URLSearchParams(given).toString();
}
