import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import type { IApi } from '../api/client';
import { ProblemError } from '../api/problem';
import type { IRunApi } from '../api/runs';
import type { Event, ProfileStatus, Run } from '../api/wire';
import type { Connection } from './connection';
import { type ICopyOf, keptOf } from './postMortem';

/** What changes how much of the machine is free. */
const CAPACITY = /^run\.(starting|freed|succeeded|failed|cancelled)$/;

/** The run that an open copy is of: how long its kernel is kept, whether it has ended, what it stands in the way of. */
export class CopyState implements IDisposable {
    private readonly _changed = new Signal<this, void>(this);
    private _run: Run | null = null;
    private _kernel: string | null = null;
    private _profile: ProfileStatus | null = null;
    private _next: Run | null = null;
    private _gone = false;
    private _isDisposed = false;

    constructor(
        private readonly api: Pick<IApi, 'run' | 'profiles'>,
        private readonly runApi: Pick<IRunApi, 'attachKernel'>,
        connection: Pick<Connection, 'refreshed' | 'happened'>,
        readonly of: ICopyOf
    ) {
        connection.refreshed.connect(this.onRefreshed, this);
        connection.happened.connect(this.onEvent, this);
    }

    get changed(): ISignal<this, void> {
        return this._changed;
    }

    /** null until it is known, and where it was deleted. */
    get run(): Run | null {
        return this._run;
    }

    get gone(): boolean {
        return this._gone;
    }

    /** What Jupyter calls the kernel of the run; null until it was asked for, and where it is not here. */
    get kernel(): string | null {
        return this._kernel;
    }

    /** The run of the fixed source that was started from here, as long as it is queued. */
    get next(): Run | null {
        return this._next?.state === 'queued' ? this._next : null;
    }

    /** Whether a run of the same profile has to wait, and could begin if this kernel were not kept. */
    get hinders(): boolean {
        const kept = this._run && keptOf(this._run);
        return Boolean(kept) && this._profile !== null && this._profile.free_slots === 0;
    }

    /** What was started from here is looked at until it begins. */
    follow(run: Run): void {
        this._next = run;
        this.emit();
        void this.look();
    }

    /** Tells what Jupyter calls the kernel, which is one of this server’s from then on. */
    async attach(): Promise<void> {
        try {
            this._kernel = (await this.runApi.attachKernel(this.of.run)).id;
        } catch (error) {
            if (!(error instanceof ProblemError)) {
                throw error;
            }
            this._kernel = null; // it has ended, or is on another machine
        }
        this.emit();
    }

    async load(): Promise<void> {
        try {
            this._run = (await this.api.run(this.of.run)).run;
            await this.look();
        } catch (error) {
            if (!(error instanceof ProblemError)) {
                throw error;
            }
            // Away: the last that is known is shown on, and asked for again when it is back.
            this._gone = error.status === 404;
        }
        this.emit();
    }

    get isDisposed(): boolean {
        return this._isDisposed;
    }

    dispose(): void {
        this._isDisposed = true;
        Signal.clearData(this);
    }

    private onRefreshed(): void {
        void this.load();
    }

    private onEvent(_: unknown, event: Event): void {
        if (event.subject === this.of.run && event.kind.startsWith('run.')) {
            void this.load();
        } else if (event.subject === this._next?.id || CAPACITY.test(event.kind)) {
            void this.look();
        }
    }

    /** Whether this kernel stands in the way of another run. */
    private async look(): Promise<void> {
        const run = this._run;
        if (!run || !keptOf(run)) {
            this._profile = null;
            return;
        }
        try {
            const [profiles, next] = await Promise.all([
                this.api.profiles(),
                this._next ? this.api.run(this._next.id) : null
            ]);
            this._profile = profiles.find(one => one.profile.name === run.profile) ?? null;
            this._next = next?.run ?? null;
        } catch (error) {
            if (!(error instanceof ProblemError)) {
                throw error;
            }
        }
        this.emit();
    }

    private emit(): void {
        if (!this._isDisposed) {
            this._changed.emit();
        }
    }
}
