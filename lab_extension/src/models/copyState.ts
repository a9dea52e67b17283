import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import type { IApi } from '../api/client';
import { ProblemError } from '../api/problem';
import type { Event, Run } from '../api/wire';
import type { Connection } from './connection';
import type { ICopyOf } from './postMortem';

/** The run that an open copy is of: how long its kernel is kept, whether it has ended. */
export class CopyState implements IDisposable {
    private readonly _changed = new Signal<this, void>(this);
    private _run: Run | null = null;
    private _gone = false;
    private _isDisposed = false;

    constructor(
        private readonly api: Pick<IApi, 'run'>,
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

    async load(): Promise<void> {
        try {
            this._run = (await this.api.run(this.of.run)).run;
        } catch (error) {
            if (!(error instanceof ProblemError)) {
                throw error;
            }
            // Away: the last that is known is shown on, and asked for again when it is back.
            this._gone = error.status === 404;
        }
        if (!this._isDisposed) {
            this._changed.emit();
        }
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
        }
    }
}
