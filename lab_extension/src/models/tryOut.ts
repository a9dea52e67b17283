import type { IModelsApi } from '../api/models';
import type { TryOut, TryOutRequest } from '../api/wire';
import { Changing } from './changing';

const POLL = 500; // ms

/** One try-out at a time: begun, followed to its outcome, and ended here whatever becomes of it. */
export class TryOutRun extends Changing {
    private _last: TryOut | null = null;
    private _problem: unknown = null;
    private _busy = false;
    private turn = 0;

    constructor(
        private readonly api: Pick<IModelsApi, 'beginTryOut' | 'tryOut' | 'endTryOut'>,
        private readonly wait: (ms: number) => Promise<void> = pause
    ) {
        super();
    }

    /** As it was last heard of; with its outcome, once `busy` is over. */
    get last(): TryOut | null {
        return this._last;
    }

    get problem(): unknown {
        return this._problem;
    }

    get busy(): boolean {
        return this._busy;
    }

    override dispose(): void {
        this.end();
        super.dispose();
    }

    async begin(request: TryOutRequest): Promise<void> {
        this.end();
        const mine = this.turn;
        this._busy = true;
        this._problem = null;
        this.emit();
        try {
            await this.follow(await this.api.beginTryOut(request), mine);
        } catch (error) {
            if (mine === this.turn) {
                this._problem = error;
            }
        }
        if (mine === this.turn) {
            this._busy = false;
            this.emit();
        }
    }

    /** Gives up what is under way; its processes are ended. */
    end(): void {
        this.turn += 1;
        const under = this._busy ? this._last : null;
        this._busy = false;
        this._last = null;
        if (under) {
            this.take(under);
        }
        this.emit();
    }

    private async follow(begun: TryOut, mine: number): Promise<void> {
        let now = begun;
        for (;;) {
            if (mine !== this.turn) {
                this.take(now); // it was given up while it was being begun
                return;
            }
            this._last = now;
            this.emit();
            if (now.state === 'ready' || now.state === 'failed') {
                this.take(now);
                return;
            }
            await this.wait(POLL);
            if (mine === this.turn) {
                now = await this.api.tryOut(now.id);
            }
        }
    }

    /** What it was is known: the control plane need not keep it. It goes by itself, where this is not heard. */
    private take(tried: TryOut): void {
        this.api.endTryOut(tried.id).catch(() => undefined);
    }
}

function pause(ms: number): Promise<void> {
    return new Promise(resolve => setTimeout(resolve, ms));
}
