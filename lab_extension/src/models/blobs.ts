import type { IApi } from '../api/client';
import { ProblemError } from '../api/problem';
import type { IRunApi } from '../api/runs';

/** `size` in bytes, where it is known. */
export interface IBlob {
    readonly digest: string;
    readonly size: number | null;
}

// What the control plane gives together: gristmill.core.small_blobs.
const SMALL = 128 * 1024;
const TOGETHER = 1024 * 1024;
const MOST = 500;
const AT_ONCE = 6; // requests; a browser has no more connections to a server

/** Texts of blobs: small ones in few requests, others several at once. One that is not kept any more is ''. */
export class Blobs {
    constructor(
        private readonly api: Pick<IApi, 'blob'>,
        private readonly runApi: Pick<IRunApi, 'smallBlobs'>
    ) {}

    async texts(wanted: readonly IBlob[]): Promise<ReadonlyMap<string, string>> {
        const found = new Map<string, string>();
        const { groups, alone } = grouped(wanted);
        await atOnce(groups, async group => {
            for (const [digest, text] of await this.together(group)) {
                found.set(digest, text);
            }
        });
        await atOnce(alone, async digest => {
            found.set(digest, await this.one(digest));
        });
        return found;
    }

    private async together(digests: readonly string[]): Promise<ReadonlyMap<string, string>> {
        if (digests.length > 1) {
            try {
                return await this.runApi.smallBlobs(digests);
            } catch (error) {
                if (!(error instanceof ProblemError) || error.status === 503) {
                    throw error;
                }
            }
        }
        // One of them is gone, which refuses all.
        const found = new Map<string, string>();
        await atOnce(digests, async digest => {
            found.set(digest, await this.one(digest));
        });
        return found;
    }

    private async one(digest: string): Promise<string> {
        try {
            return await this.api.blob(digest);
        } catch (error) {
            if (error instanceof ProblemError && error.status === 404) {
                return '';
            }
            throw error;
        }
    }
}

function grouped(wanted: readonly IBlob[]): { groups: string[][]; alone: string[] } {
    const groups: string[][] = [];
    const alone: string[] = [];
    let room = 0;
    for (const [digest, size] of new Map(wanted.map(blob => [blob.digest, blob.size]))) {
        if (size === null || size > SMALL) {
            alone.push(digest);
            continue;
        }
        let last = groups.at(-1);
        if (!last || size > room || last.length === MOST) {
            last = [];
            groups.push(last);
            room = TOGETHER;
        }
        last.push(digest);
        room -= size;
    }
    return { groups, alone };
}

/** Does `step` for each, a few at a time. */
async function atOnce<T>(all: readonly T[], step: (one: T) => Promise<void>): Promise<void> {
    let next = 0;
    const worker = async (): Promise<void> => {
        for (let at = next++; at < all.length; at = next++) {
            const one = all[at];
            if (one !== undefined) {
                await step(one);
            }
        }
    };
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, all.length) }, worker));
}
