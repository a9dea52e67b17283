import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import type { IRunApi } from '../api/runs';
import type { InteractiveRun } from '../api/wire';
import type { Connection } from './connection';

const LIMIT = 50;
const PAUSE = 20_000; // ms: nothing tells of what a notebook does by hand; it is asked for while somebody looks

/** What is done by hand in open notebooks: MLflow runs of interactive kernels, newest first. */
export class Interactive implements IDisposable {
    private readonly _changed = new Signal<this, void>(this);
    private timer: ReturnType<typeof setInterval> | null = null;
    private _all: readonly InteractiveRun[] = [];
    private _isDisposed = false;

    constructor(
        private readonly api: Pick<IRunApi, 'interactiveRuns'>,
        connection: Pick<Connection, 'refreshed'>,
        private readonly pause = PAUSE
    ) {
        connection.refreshed.connect(this.onRefreshed, this);
    }

    get changed(): ISignal<this, void> {
        return this._changed;
    }

    get all(): readonly InteractiveRun[] {
        return this._all;
    }

    /** Those whose name, notebook, metrics or parameters have every word. */
    matching(text: string): readonly InteractiveRun[] {
        const words = text.toLowerCase().split(/\s+/).filter(Boolean);
        return this._all.filter(run => {
            const given = Object.entries(run.params ?? {}).map(([name, value]) => `${name}=${value}`);
            const said = [run.name, run.notebook, 'interactive', ...Object.keys(run.metrics ?? {}), ...given]
                .join(' ')
                .toLowerCase();
            return words.every(word => said.includes(word));
        });
    }

    /** Asked for now and again as long as somebody looks. */
    watch(looked: boolean): void {
        if (looked && this.timer === null) {
            void this.load();
            this.timer = setInterval(() => {
                void this.load();
            }, this.pause);
        } else if (!looked && this.timer !== null) {
            clearInterval(this.timer);
            this.timer = null;
        }
    }

    async load(): Promise<void> {
        try {
            const found = await this.api.interactiveRuns(LIMIT);
            if (JSON.stringify(found) !== JSON.stringify(this._all)) {
                this._all = found;
                this.emit();
            }
        } catch {
            return; // MLflow or the control plane is away, which the panel says: the last that is known stays
        }
    }

    get isDisposed(): boolean {
        return this._isDisposed;
    }

    dispose(): void {
        this._isDisposed = true;
        this.watch(false);
        Signal.clearData(this);
    }

    private onRefreshed(): void {
        if (this.timer !== null) {
            void this.load();
        }
    }

    private emit(): void {
        if (!this._isDisposed) {
            this._changed.emit();
        }
    }
}
