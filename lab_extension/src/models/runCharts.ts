import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import type { IApi } from '../api/client';
import type { IRunApi } from '../api/runs';
import type { Event, RunHistory, Utilisation } from '../api/wire';
import type { Connection } from './connection';
import { isRunEvent } from './runEvents';

const PAUSE = 3000; // ms between two questions while a run goes on

/** How a run’s metrics went and what it used of its machine: asked for once somebody looks, and again as it goes on. */
export class RunCharts implements IDisposable {
    private readonly _changed = new Signal<this, void>(this);
    private timer: ReturnType<typeof setTimeout> | null = null;
    private wanted = false;
    private asking = false;
    private due = false;
    private _history: RunHistory | null = null;
    private _utilisation: Utilisation | null = null;
    private _historyProblem: unknown = null;
    private _isDisposed = false;

    constructor(
        private readonly api: Pick<IApi, 'runHistory'>,
        private readonly runApi: Pick<IRunApi, 'utilisation'>,
        connection: Pick<Connection, 'refreshed' | 'happened'>,
        private readonly runId: () => string,
        private readonly pause = PAUSE
    ) {
        connection.refreshed.connect(this.onRefreshed, this);
        connection.happened.connect(this.onEvent, this);
    }

    get changed(): ISignal<this, void> {
        return this._changed;
    }

    /** null until it is known. */
    get history(): RunHistory | null {
        return this._history;
    }

    get utilisation(): Utilisation | null {
        return this._utilisation;
    }

    /** Why the metrics’ history cannot be shown: MLflow may be away while the run itself is known. */
    get historyProblem(): unknown {
        return this._historyProblem;
    }

    /** Somebody looks. */
    async want(): Promise<void> {
        if (!this.wanted) {
            this.wanted = true;
            await this.ask();
        }
    }

    get isDisposed(): boolean {
        return this._isDisposed;
    }

    dispose(): void {
        this._isDisposed = true;
        if (this.timer !== null) {
            clearTimeout(this.timer);
        }
        Signal.clearData(this);
    }

    private onRefreshed(): void {
        if (this.wanted) {
            this.later(0);
        }
    }

    private onEvent(_: unknown, event: Event): void {
        if (this.wanted && isRunEvent(event) && event.subject === this.runId()) {
            this.later(this.pause);
        }
    }

    private later(pause: number): void {
        this.due = true;
        if (this.timer === null && !this.asking) {
            this.timer = setTimeout(() => {
                this.timer = null;
                void this.ask();
            }, pause);
        }
    }

    /** It may have become so while it was asked. */
    private isDue(): boolean {
        return this.due;
    }

    private async ask(): Promise<void> {
        this.asking = true;
        this.due = false;
        const run = this.runId();
        const [history, utilisation] = await Promise.allSettled([
            this.api.runHistory(run),
            this.runApi.utilisation(run)
        ]);
        this.asking = false;
        if (this._isDisposed) {
            return;
        }
        if (history.status === 'fulfilled') {
            this._history = history.value;
            this._historyProblem = null;
        } else {
            this._historyProblem = history.reason;
        }
        if (utilisation.status === 'fulfilled') {
            this._utilisation = utilisation.value; // the last known one stays where the control plane is away
        }
        this._changed.emit();
        if (this.isDue()) {
            this.later(this.pause);
        }
    }
}
