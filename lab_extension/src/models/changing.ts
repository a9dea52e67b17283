import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

/** What a form's model and a page's model have in common: it says that it changed, as long as it is there. */
export class Changing implements IDisposable {
    private readonly _changed = new Signal<this, void>(this);
    private _isDisposed = false;

    get changed(): ISignal<this, void> {
        return this._changed;
    }

    get isDisposed(): boolean {
        return this._isDisposed;
    }

    dispose(): void {
        this._isDisposed = true;
        Signal.clearData(this);
    }

    protected emit(): void {
        if (!this._isDisposed) {
            this._changed.emit();
        }
    }
}
