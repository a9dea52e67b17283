import { Http } from './http';

/** What panels of a kernel ask this server, in the name of who looks at them. */
export interface IPanelApi {
    /** The answer's text. */
    ask(method: string, path: string, body?: unknown): Promise<string>;
}

export class PanelApi extends Http implements IPanelApi {
    ask(method: string, path: string, body?: unknown): Promise<string> {
        return this.text(method, path, body);
    }
}
