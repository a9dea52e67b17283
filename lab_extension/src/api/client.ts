import { Http } from './http';
import { away } from './problem';
import type {
    EventPage,
    Launched,
    NotebookFacts,
    Place,
    ProfileStatus,
    Run,
    RunDetail,
    RunOrder,
    Secret,
    Snapshot
} from './wire';

/** What is asked of the control plane, by way of this server: it has the token, and this page has none. */
export interface IApi {
    readNotebook(notebook: unknown): Promise<NotebookFacts>;
    launch(order: RunOrder): Promise<Launched>;
    /** What this Lab calls the notebook that a snapshot was made of; null where it has it no more. */
    placeOf(source: string): Promise<string | null>;
    profiles(): Promise<readonly ProfileStatus[]>;
    secrets(): Promise<readonly Secret[]>;
    runs(query: { before?: number; text?: string; limit?: number }): Promise<readonly Run[]>;
    run(run: string): Promise<RunDetail>;
    cancelRun(run: string): Promise<Run>;
    startAnyway(run: string): Promise<Run>;
    rerun(run: string): Promise<Run>;
    deleteRun(run: string): Promise<Run>;
    runEvents(run: string, after: number): Promise<EventPage>;
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
            throw away('the stream of events has no body');
        }
        return response.body;
    }
}
