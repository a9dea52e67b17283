import { Http } from './http';
import { away } from './problem';
import type {
    Environment,
    EventPage,
    Launched,
    NotebookFacts,
    Place,
    Preflight,
    PreflightOrder,
    ProfileStatus,
    Run,
    RunDetail,
    RunForecast,
    RunHistory,
    RunOrder,
    Secret,
    Snapshot
} from './wire';

/** What is asked of the control plane, by way of this server: it has the token, and this page has none. */
export interface IApi {
    readNotebook(notebook: unknown): Promise<NotebookFacts>;
    /** What is known of a run before it is made; of the notebook as it is on disk. */
    preflight(order: PreflightOrder): Promise<Preflight>;
    /** The virtual environment of the notebook’s project as an environment; it is added where it was not. */
    useVenv(path: string): Promise<Environment>;
    launch(order: RunOrder): Promise<Launched>;
    /** What this Lab calls the churn example's notebook, which is copied here where it is not yet. */
    openExample(): Promise<string | null>;
    /** What this Lab calls the notebook that a snapshot was made of; null where it has it no more. */
    placeOf(source: string): Promise<string | null>;
    profiles(): Promise<readonly ProfileStatus[]>;
    /** As in `preflight`, of the machine as it is now. */
    forecasts(notebook: string, source: string): Promise<readonly RunForecast[]>;
    environments(): Promise<readonly Environment[]>;
    secrets(): Promise<readonly Secret[]>;
    runs(query: { before?: number; text?: string; limit?: number }): Promise<readonly Run[]>;
    run(run: string): Promise<RunDetail>;
    cancelRun(run: string): Promise<Run>;
    startAnyway(run: string): Promise<Run>;
    rerun(run: string): Promise<Run>;
    deleteRun(run: string): Promise<Run>;
    runEvents(run: string, after: number): Promise<EventPage>;
    /** Metrics step by step; all that the run has where none are named. */
    runHistory(run: string, metrics?: readonly string[], points?: number): Promise<RunHistory>;
    executedNotebook(run: string): Promise<unknown>;
    snapshot(snapshot: string): Promise<Snapshot>;
    blob(digest: string): Promise<string>;
    /** The address of an output file, as a download. */
    outputUrl(run: string, name: string): string;
}

export class Api extends Http implements IApi {
    readNotebook(notebook: unknown): Promise<NotebookFacts> {
        return this.json('POST', 'notebook', notebook);
    }

    preflight(order: PreflightOrder): Promise<Preflight> {
        return this.json('POST', 'preflight', order);
    }

    useVenv(path: string): Promise<Environment> {
        return this.json('POST', 'venv', { path });
    }

    async openExample(): Promise<string | null> {
        return (await this.json<Place>('POST', 'example')).path ?? null;
    }

    launch(order: RunOrder): Promise<Launched> {
        return this.json('POST', 'launch', order);
    }

    async placeOf(source: string): Promise<string | null> {
        const found = await this.json<Place>('GET', `place?${new URLSearchParams({ source }).toString()}`);
        return found.path ?? null;
    }

    profiles(): Promise<readonly ProfileStatus[]> {
        return this.json('GET', 'api/profiles');
    }

    forecasts(notebook: string, source: string): Promise<readonly RunForecast[]> {
        return this.json('GET', `api/forecasts?${new URLSearchParams({ notebook, source }).toString()}`);
    }

    environments(): Promise<readonly Environment[]> {
        return this.json('GET', 'api/environments');
    }

    secrets(): Promise<readonly Secret[]> {
        return this.json('GET', 'api/secrets');
    }

    runs(query: { before?: number; text?: string; limit?: number }): Promise<readonly Run[]> {
        const given = Object.entries(query).map(([name, value]): [string, string] => [name, String(value)]);
        return this.json('GET', `api/runs?${new URLSearchParams(given).toString()}`);
    }

    run(run: string): Promise<RunDetail> {
        return this.json('GET', `api/runs/${encodeURIComponent(run)}`);
    }

    cancelRun(run: string): Promise<Run> {
        return this.json('POST', `api/runs/${encodeURIComponent(run)}/cancel`);
    }

    startAnyway(run: string): Promise<Run> {
        return this.json('POST', `api/runs/${encodeURIComponent(run)}/start-anyway`);
    }

    rerun(run: string): Promise<Run> {
        return this.json('POST', `api/runs/${encodeURIComponent(run)}/rerun`);
    }

    deleteRun(run: string): Promise<Run> {
        return this.json('DELETE', `api/runs/${encodeURIComponent(run)}`);
    }

    runEvents(run: string, after: number): Promise<EventPage> {
        return this.json('GET', `api/runs/${encodeURIComponent(run)}/events?after=${after}&limit=1000`);
    }

    runHistory(run: string, metrics: readonly string[] = [], points = 500): Promise<RunHistory> {
        const query = new URLSearchParams(metrics.map((name): [string, string] => ['metric', name]));
        query.set('points', String(points));
        return this.json('GET', `api/runs/${encodeURIComponent(run)}/history?${query.toString()}`);
    }

    executedNotebook(run: string): Promise<unknown> {
        return this.json('GET', `api/runs/${encodeURIComponent(run)}/notebook`);
    }

    snapshot(snapshot: string): Promise<Snapshot> {
        return this.json('GET', `api/snapshots/${encodeURIComponent(snapshot)}`);
    }

    blob(digest: string): Promise<string> {
        return this.text('GET', `api/blobs/${encodeURIComponent(digest)}`);
    }

    outputUrl(run: string, name: string): string {
        const place = name.split('/').map(encodeURIComponent).join('/');
        return this.url(`api/runs/${encodeURIComponent(run)}/outputs/${place}`);
    }

    /** The stream of `gristmill_lab.messages`, until `signal` ends it. */
    async events(signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
        const response = await this.request('GET', 'events', undefined, signal);
        if (response.body === null) {
            throw away('the stream of events has no body', 'closed');
        }
        return response.body;
    }
}
