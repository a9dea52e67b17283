import { Http } from './http';
import type {
    AttachedKernel,
    Copied,
    CopyOrder,
    InteractiveRun,
    PostMortemKernel,
    Run,
    SmallBlobs,
    TablePreview,
    Utilisation
} from './wire';

/** What is asked about one run beside what `IApi` has: its files, its kernel, what it used. */
export interface IRunApi {
    utilisation(run: string): Promise<Utilisation>;
    /** Texts of small blobs, several in one answer. */
    smallBlobs(digests: readonly string[]): Promise<ReadonlyMap<string, string>>;
    kernels(): Promise<readonly PostMortemKernel[]>;
    endKernel(kernel: string): Promise<PostMortemKernel>;
    /** The kept kernel of a run is one of this server’s from now on. */
    attachKernel(run: string): Promise<AttachedKernel>;
    /** The executed notebook as one to work in; `source` is where Lab has the notebook that it is a copy of. */
    copyOfNotebook(run: string, source: string | null): Promise<unknown>;
    preview(run: string, output: string): Promise<TablePreview>;
    /** An output’s bytes, at most so many from its beginning. */
    output(run: string, output: string, limit: number): Promise<{ bytes: Uint8Array; whole: boolean }>;
    copyOutputs(run: string, order: CopyOrder): Promise<Copied>;
    archiveUrl(run: string): string;
    notebookUrl(run: string, kind: 'ipynb' | 'html', code?: boolean): string;
    /** The runs of a notebook of this server, wherever they were started; newest first. */
    runsOf(path: string, limit: number): Promise<readonly Run[]>;
    interactiveRuns(limit: number): Promise<readonly InteractiveRun[]>;
}

export class RunApi extends Http implements IRunApi {
    utilisation(run: string): Promise<Utilisation> {
        return this.json('GET', `api/runs/${encodeURIComponent(run)}/utilisation`);
    }

    async smallBlobs(digests: readonly string[]): Promise<ReadonlyMap<string, string>> {
        const found = await this.json<SmallBlobs>('POST', 'api/blobs/read', { digests });
        return new Map(found.blobs.map(blob => [blob.digest, fromBase64(blob.base64)]));
    }

    kernels(): Promise<readonly PostMortemKernel[]> {
        return this.json('GET', 'api/kernels');
    }

    endKernel(kernel: string): Promise<PostMortemKernel> {
        return this.json('DELETE', `api/kernels/${encodeURIComponent(kernel)}`);
    }

    attachKernel(run: string): Promise<AttachedKernel> {
        return this.json('POST', `runs/${encodeURIComponent(run)}/kernel`);
    }

    copyOfNotebook(run: string, source: string | null): Promise<unknown> {
        const query = source === null ? '' : `?${new URLSearchParams({ source }).toString()}`;
        return this.json('GET', `runs/${encodeURIComponent(run)}/copy-of-notebook${query}`);
    }

    preview(run: string, output: string): Promise<TablePreview> {
        return this.json('GET', `runs/${encodeURIComponent(run)}/preview/${escaped(output)}`);
    }

    async output(run: string, output: string, limit: number): Promise<{ bytes: Uint8Array; whole: boolean }> {
        const path = `api/runs/${encodeURIComponent(run)}/outputs/${escaped(output)}`;
        const enough = new AbortController();
        const response = await this.request('GET', path, undefined, enough.signal);
        const reader = response.body?.getReader();
        const chunks: Uint8Array[] = [];
        let size = 0;
        for (;;) {
            const { done, value } = (await reader?.read()) ?? { done: true, value: undefined };
            if (done) {
                return { bytes: joined(chunks, size), whole: true };
            }
            chunks.push(value);
            size += value.length;
            if (size > limit) {
                enough.abort();
                return { bytes: joined(chunks, size).slice(0, limit), whole: false };
            }
        }
    }

    copyOutputs(run: string, order: CopyOrder): Promise<Copied> {
        return this.json('POST', `runs/${encodeURIComponent(run)}/copy`, order);
    }

    archiveUrl(run: string): string {
        return this.url(`runs/${encodeURIComponent(run)}/outputs.zip`);
    }

    notebookUrl(run: string, kind: 'ipynb' | 'html', code = true): string {
        return this.url(`runs/${encodeURIComponent(run)}/notebook.${kind}${code ? '' : '?code=0'}`);
    }

    runsOf(path: string, limit: number): Promise<readonly Run[]> {
        const query = new URLSearchParams({ path, limit: String(limit) });
        return this.json('GET', `runs-of?${query.toString()}`);
    }

    interactiveRuns(limit: number): Promise<readonly InteractiveRun[]> {
        return this.json('GET', `api/interactive/runs?limit=${limit}`);
    }
}

function escaped(name: string): string {
    return name.split('/').map(encodeURIComponent).join('/');
}

function joined(chunks: readonly Uint8Array[], size: number): Uint8Array {
    const whole = new Uint8Array(size);
    let at = 0;
    for (const chunk of chunks) {
        whole.set(chunk, at);
        at += chunk.length;
    }
    return whole;
}

function fromBase64(text: string): string {
    return new TextDecoder().decode(Uint8Array.from(atob(text), one => one.charCodeAt(0)));
}
