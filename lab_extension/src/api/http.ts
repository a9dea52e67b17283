import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

import { away, problemOf } from './problem';

/** Requests to this server's half; what it refuses is a `ProblemError`. */
export class Http {
    constructor(private readonly settings: ServerConnection.ISettings) {}

    /** The address of one of our routes, for the browser itself to fetch. */
    protected url(path: string): string {
        return URLExt.join(this.settings.baseUrl, 'gristmill', path);
    }

    // The control plane's answers are of the types that its OpenAPI document gives them.
    protected async json<T>(method: string, path: string, body?: unknown): Promise<T> {
        return JSON.parse(await this.text(method, path, body)) as T;
    }

    protected async text(method: string, path: string, body?: unknown): Promise<string> {
        return (await this.request(method, path, body)).text();
    }

    protected async request(
        method: string,
        path: string,
        body?: unknown,
        signal?: AbortSignal
    ): Promise<Response> {
        const url = this.url(path);
        const init: RequestInit = { method, cache: 'no-store' };
        if (body !== undefined) {
            init.body = JSON.stringify(body);
        }
        if (signal) {
            init.signal = signal;
        }
        let response: Response;
        try {
            response = await ServerConnection.makeRequest(url, init, this.settings);
        } catch (error) {
            if (error instanceof ServerConnection.NetworkError) {
                throw away('this Jupyter server does not answer');
            }
            throw error;
        }
        if (!response.ok) {
            throw problemOf(response.status, await response.text());
        }
        return response;
    }
}
