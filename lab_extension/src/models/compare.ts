import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import type { IApi } from '../api/client';
import { ProblemError } from '../api/problem';
import type { IRunsTableApi } from '../api/runsTable';
import type { Event, NotebookDiff, RunDetail, RunHistory } from '../api/wire';
import type { Connection } from './connection';
import { MOST } from './comparison';
import { isRunEvent } from './runEvents';

const SOON = 500; // ms in which what comes together is one question

/** Runs beside each other, as they are now; curves and notebooks are asked for when they are looked at. */
export class Compare implements IDisposable {
    private readonly _changed = new Signal<this, void>(this);
    private readonly found = new Map<string, RunDetail>();
    private readonly _histories = new Map<string, RunHistory>();
    private readonly _diffs = new Map<string, NotebookDiff>();
    private readonly _gone: string[] = [];
    private timer: ReturnType<typeof setTimeout> | null = null;
    private _loaded = false;
    private _problem: unknown = null;
    private _historyProblem: unknown = null;
    private _diffProblem: unknown = null;
    private _asksHistory = false;
    private _details: readonly RunDetail[] = [];
    private _version = 0;
    private _isDisposed = false;

    constructor(
        private readonly api: Pick<IApi, 'run' | 'runHistory'>,
        private readonly tableApi: Pick<IRunsTableApi, 'diff'>,
        connection: Pick<Connection, 'refreshed' | 'happened' | 'state'>,
        private keys: readonly string[]
    ) {
        this.keys = keys.slice(0, MOST);
        connection.refreshed.connect(this.onRefreshed, this);
        connection.happened.connect(this.onEvent, this);
        if (connection.state.state === 'ready') {
            void this.load();
        }
    }

    get changed(): ISignal<this, void> {
        return this._changed;
    }

    /** Ids, numbers or names, as they were asked for; those that were taken out are not among them. */
    get wanted(): readonly string[] {
        return this.keys;
    }

    /** The same object until one of them is another. */
    get details(): readonly RunDetail[] {
        return this._details;
    }

    /** How often histories were answered. */
    get version(): number {
        return this._version;
    }

    /** Those that are not there any more. */
    get gone(): readonly string[] {
        return this._gone;
    }

    get loaded(): boolean {
        return this._loaded;
    }

    get problem(): unknown {
        return this._problem;
    }

    get histories(): ReadonlyMap<string, RunHistory> {
        return this._histories;
    }

    get historyProblem(): unknown {
        return this._historyProblem;
    }

    get diffProblem(): unknown {
        return this._diffProblem;
    }

    diffOf(before: string, after: string): NotebookDiff | undefined {
        return this._diffs.get(`${before} ${after}`);
    }

    get isDisposed(): boolean {
        return this._isDisposed;
    }

    dispose(): void {
        this._isDisposed = true;
        if (this.timer !== null) {
            clearTimeout(this.timer);
        }
        Signal.disconnectReceiver(this);
        Signal.clearData(this);
    }

    async load(): Promise<void> {
        const gone: string[] = [];
        try {
            await Promise.all(
                this.keys.map(async key => {
                    try {
                        this.found.set(key, await this.api.run(key));
                    } catch (error) {
                        if (!(error instanceof ProblemError && error.status === 404)) {
                            throw error;
                        }
                        this.found.delete(key);
                        gone.push(key);
                    }
                })
            );
            this._gone.splice(0, this._gone.length, ...gone);
            this._loaded = true;
            this._problem = null;
            this.gather();
        } catch (error) {
            this._problem = error;
        }
        this.emit();
        if (this._asksHistory) {
            await this.readHistories();
        }
    }

    /** Takes a run out; two stay. */
    without(id: string): void {
        this.keys = this.keys.filter(key => key !== id && this.found.get(key)?.run.id !== id);
        this.gather();
        this.emit();
    }

    async readHistories(): Promise<void> {
        this._asksHistory = true;
        try {
            await Promise.all(
                this.details.map(async ({ run }) => {
                    this._histories.set(run.id, await this.api.runHistory(run.id));
                })
            );
            this._version += 1;
            this._historyProblem = null;
        } catch (error) {
            this._historyProblem = error;
        }
        this.emit();
    }

    async readDiff(before: string, after: string): Promise<void> {
        if (this.diffOf(before, after)) {
            return; // what was run does not change
        }
        try {
            this._diffs.set(`${before} ${after}`, await this.tableApi.diff(before, after));
            this._diffProblem = null;
        } catch (error) {
            this._diffProblem = error;
        }
        this.emit();
    }

    private gather(): void {
        this._details = this.keys.flatMap(key => this.found.get(key) ?? []);
    }

    private onRefreshed(): void {
        void this.load();
    }

    private onEvent(_: unknown, event: Event): void {
        const ours = this.details.some(({ run }) => run.id === event.subject);
        if (!ours || !isRunEvent(event) || event.kind === 'log' || event.kind === 'utilisation') {
            return;
        }
        this.timer ??= setTimeout(() => {
            this.timer = null;
            void this.load();
        }, SOON);
    }

    private emit(): void {
        if (!this._isDisposed) {
            this._changed.emit();
        }
    }
}
