import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import type { Run } from '../api/wire';

/** Runs that were picked, by id: they stay picked while rows come and go. */
export class Selection implements IDisposable {
    private readonly _changed = new Signal<this, void>(this);
    private readonly picked = new Map<string, Run>();
    private _isDisposed = false;

    get changed(): ISignal<this, void> {
        return this._changed;
    }

    /** In the order in which they were picked. */
    get runs(): readonly Run[] {
        return [...this.picked.values()];
    }

    get size(): number {
        return this.picked.size;
    }

    has(id: string): boolean {
        return this.picked.has(id);
    }

    toggle(run: Run): void {
        if (!this.picked.delete(run.id)) {
            this.picked.set(run.id, run);
        }
        this._changed.emit();
    }

    add(runs: readonly Run[]): void {
        for (const run of runs) {
            this.picked.set(run.id, run);
        }
        this._changed.emit();
    }

    only(run: Run): void {
        this.picked.clear();
        this.picked.set(run.id, run);
        this._changed.emit();
    }

    clear(): void {
        this.picked.clear();
        this._changed.emit();
    }

    drop(id: string): void {
        if (this.picked.delete(id)) {
            this._changed.emit();
        }
    }

    /** The same run as it is now. */
    replace(run: Run): void {
        if (this.picked.has(run.id)) {
            this.picked.set(run.id, run);
        }
    }

    get isDisposed(): boolean {
        return this._isDisposed;
    }

    dispose(): void {
        this._isDisposed = true;
        Signal.clearData(this);
    }
}
