import { type ISignal, Signal } from '@lumino/signaling';
import type { IDisposable } from '@lumino/disposable';

import type { IApi } from '../api/client';
import type { Preflight, RunForecast } from '../api/wire';

/** What is known of a run before it is made. The newest question counts, whatever is answered first. */
export class Outlook implements IDisposable {
    private readonly _changed = new Signal<this, void>(this);
    private asked = 0;
    private _found: Preflight | null = null;
    private _problem: unknown = null;
    private _busy = false;
    private _isDisposed = false;

    constructor(private readonly api: Pick<IApi, 'preflight'>) {}

    get changed(): ISignal<this, void> {
        return this._changed;
    }

    /** The last answer; null before the first. */
    get found(): Preflight | null {
        return this._found;
    }

    get problem(): unknown {
        return this._problem;
    }

    get busy(): boolean {
        return this._busy;
    }

    forecast(profile: string): RunForecast | null {
        return this._found?.forecasts.find(one => one.profile === profile) ?? null;
    }

    /** Asks anew; `path` may throw where the notebook is on no disk, which is an answer too. */
    async ask(path: () => string, environment: string | null): Promise<void> {
        this.asked += 1;
        const mine = this.asked;
        this._busy = true;
        this.emit();
        let found: Preflight | null = this._found;
        let problem: unknown = null;
        try {
            found = await this.api.preflight({ path: path(), environment });
        } catch (error) {
            problem = error;
        }
        if (mine === this.asked) {
            this._busy = false;
            this._found = found;
            this._problem = problem;
            this.emit();
        }
    }

    get isDisposed(): boolean {
        return this._isDisposed;
    }

    dispose(): void {
        this._isDisposed = true;
        Signal.clearData(this);
    }

    private emit(): void {
        if (!this._isDisposed) {
            this._changed.emit();
        }
    }
}
