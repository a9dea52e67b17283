import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import type { Event } from '../api/wire';
import type { Connection } from './connection';

/**
 * A list of the control plane's as it is now: asked for anew whenever something may have been missed, and when an
 * event says that it changed. Events that come together are one question; an older answer never replaces a newer.
 */
export abstract class Kept<T> implements IDisposable {
    private readonly _changed = new Signal<this, void>(this);
    private _all: readonly T[] = [];
    private _loaded = false;
    private _fault: unknown = null;
    private _isDisposed = false;
    private asked = 0;
    private due = false;

    constructor(connection: Pick<Connection, 'refreshed' | 'happened' | 'state'>) {
        connection.refreshed.connect(this.refreshSoon, this);
        connection.happened.connect(this.onEvent, this);
        if (connection.state.state === 'ready') {
            this.refreshSoon();
        }
    }

    get changed(): ISignal<this, void> {
        return this._changed;
    }

    get all(): readonly T[] {
        return this._all;
    }

    /** Whether it was answered once. */
    get loaded(): boolean {
        return this._loaded;
    }

    /** Why it could not be asked for, last time. */
    get fault(): unknown {
        return this._fault;
    }

    async refresh(): Promise<void> {
        this.asked += 1;
        const mine = this.asked;
        try {
            const found = await this.ask();
            if (mine === this.asked) {
                this._all = found;
                this._loaded = true;
                this._fault = null;
            }
        } catch (error) {
            if (mine === this.asked) {
                this._fault = error;
            }
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

    protected abstract ask(): Promise<readonly T[]>;

    protected abstract isAbout(event: Event): boolean;

    protected replace(all: readonly T[]): void {
        this._all = all;
        this.emit();
    }

    protected emit(): void {
        if (!this._isDisposed) {
            this._changed.emit();
        }
    }

    private refreshSoon(): void {
        if (!this.due) {
            this.due = true;
            void Promise.resolve().then(() => {
                this.due = false;
                return this._isDisposed ? undefined : this.refresh();
            });
        }
    }

    private onEvent(_: unknown, event: Event): void {
        if (this.isAbout(event)) {
            this.refreshSoon();
        }
    }
}
