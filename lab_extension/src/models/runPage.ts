import type { IOutput } from '@jupyterlab/nbformat';
import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import type { IApi } from '../api/client';
import { ProblemError } from '../api/problem';
import type { Event, RunDetail } from '../api/wire';
import type { Connection } from './connection';
import { type ICell, cellsOf, executedCells } from './cells';
import { applied, isOver, isRunEvent } from './runEvents';

const LOG_LIMIT = 2_000_000; // characters that are shown; a longer log is cut at its beginning
const PAGE = 1000;

/** One run as it goes on: its facts, its cells with what they put out, and its log. */
export class RunPage implements IDisposable {
    private readonly _changed = new Signal<this, void>(this);
    private cursor = 0; // the last event that was taken
    private early: Event[] | null = null;
    private queue: Promise<void> = Promise.resolve();
    private _detail: RunDetail | null = null;
    private _cells: readonly ICell[] = [];
    private _log = '';
    private _problem: unknown = null;
    private _deleted = false;
    private executed = false;
    private behind = false; // something could not be fetched: what comes next is asked for from there on
    private _isDisposed = false;

    constructor(
        private readonly api: Pick<
            IApi,
            | 'run'
            | 'snapshot'
            | 'blob'
            | 'runEvents'
            | 'executedNotebook'
            | 'cancelRun'
            | 'rerun'
            | 'startAnyway'
        >,
        connection: Pick<Connection, 'refreshed' | 'happened'>,
        readonly key: string
    ) {
        connection.refreshed.connect(this.onRefreshed, this);
        connection.happened.connect(this.onEvent, this);
    }

    get changed(): ISignal<this, void> {
        return this._changed;
    }

    get detail(): RunDetail | null {
        return this._detail;
    }

    get cells(): readonly ICell[] {
        return this._cells;
    }

    get log(): string {
        return this._log;
    }

    get problem(): unknown {
        return this._problem;
    }

    get deleted(): boolean {
        return this._deleted;
    }

    /** The place of the cell that runs now; null where none does. */
    get runningCell(): number | null {
        const at = this._cells.findIndex(cell => cell.state === 'running');
        return at < 0 ? null : at;
    }

    /** What a run calls the cell at this place of its source; null for one that it does not execute. */
    numberOf(place: number): number | null {
        return this._cells.find(cell => cell.place === place)?.number ?? null;
    }

    load(): Promise<void> {
        return this.inTurn(async () => {
            this.early = [];
            this.behind = false;
            try {
                await this.ask();
                this._problem = null;
            } catch (error) {
                this._problem = error;
                this.behind = true;
            }
            const missed: Event[] = this.early;
            this.early = null;
            for (const event of missed) {
                await this.take(event);
            }
        });
    }

    get isDisposed(): boolean {
        return this._isDisposed;
    }

    dispose(): void {
        this._isDisposed = true;
        Signal.clearData(this);
    }

    private async ask(): Promise<void> {
        this._detail = await this.api.run(this.key);
        this.emit();
        const { run } = this._detail;
        if (this._cells.length === 0) {
            const snapshot = await this.api.snapshot(run.snapshot);
            const file = snapshot.files.find(one => one.path === snapshot.notebook);
            this._cells = file
                ? cellsOf(JSON.parse(await this.api.blob(file.digest)), run.given.length > 0)
                : [];
            this.emit();
        }
        await this.readEvents();
        if (!isOver(run)) {
            this._detail = await this.api.run(this.key); // as of the last event that was read, or later
        }
        await this.takeExecuted();
    }

    private async readEvents(): Promise<void> {
        let after = this.cursor;
        for (;;) {
            const page = await this.api.runEvents(this.key, after);
            for (const event of page.events) {
                await this.take(event, true);
            }
            after = page.next;
            if (page.events.length < PAGE) {
                return;
            }
        }
    }

    /** When it is over, what the worker kept as a whole is what is shown. */
    private async takeExecuted(): Promise<void> {
        const run = this._detail?.run;
        if (!run || !isOver(run) || this.executed) {
            return;
        }
        if (!run.attempt?.executed_notebook) {
            // A worker that was killed says no more of the cell that it was at.
            this._cells = this._cells.map(cell =>
                cell.state === 'running' ? { ...cell, state: 'failed' } : cell
            );
            return;
        }
        const failed = run.fault?.cell ?? null;
        this._cells = executedCells(await this.api.executedNotebook(run.id), this._cells, failed);
        this.executed = true;
        this.emit();
    }

    private onRefreshed(): void {
        void this.load();
    }

    private onEvent(_: unknown, event: Event): void {
        if (!isRunEvent(event) || event.subject !== (this._detail?.run.id ?? this.key)) {
            return;
        }
        if (this.early) {
            this.early.push(event);
        } else if (this.behind) {
            void this.load();
        } else {
            void this.inTurn(() => this.take(event));
        }
    }

    /** Outputs are fetched, which takes a moment: one event after the other. */
    private inTurn(step: () => Promise<void>): Promise<void> {
        this.queue = this.queue.then(step).catch((error: unknown) => {
            this._problem = error;
            this.behind = true;
            this.emit();
        });
        return this.queue;
    }

    private async take(event: Event, isOld = false): Promise<void> {
        if (event.seq <= this.cursor || this._isDisposed) {
            return;
        }
        if (event.kind === 'run.deleted') {
            this._deleted = true;
        } else {
            await this.takeCells(event);
            if (!isOld) {
                await this.takeFacts(event);
            }
        }
        this.cursor = event.seq;
        this.emit();
    }

    private async takeFacts(event: Event): Promise<void> {
        const detail = this._detail;
        const next = detail && applied(detail.run, event);
        if (detail && next) {
            this._detail = { ...detail, run: next };
        } else {
            this._detail = await this.api.run(this.key);
            await this.takeExecuted();
        }
    }

    private async takeCells(event: Event): Promise<void> {
        const data = event.data ?? {};
        const cell = data['cell'];
        if (event.kind === 'attempt.started' && event.n === 1) {
            this._cells = this._cells.map(one => ({ ...one, state: 'waiting', outputs: [], seconds: null }));
            this._log = '';
        } else if (event.kind === 'cell.started' && typeof cell === 'number') {
            this.change(cell, { state: 'running' });
        } else if (event.kind === 'cell.finished' && typeof cell === 'number' && !this.executed) {
            this.change(cell, {
                state: data['failed'] === true ? 'failed' : 'done',
                seconds: typeof data['seconds'] === 'number' ? data['seconds'] : null,
                outputs: await this.outputs(data['digest'])
            });
        } else if (event.kind === 'log') {
            this._log = (this._log + (await this.text(data['digest']))).slice(-LOG_LIMIT);
        }
    }

    private change(place: number, said: Partial<ICell>): void {
        this._cells = this._cells.map(cell => (cell.place === place ? { ...cell, ...said } : cell));
    }

    private async outputs(digest: unknown): Promise<readonly IOutput[]> {
        const text = await this.text(digest);
        const outputs: unknown = text ? JSON.parse(text) : [];
        return Array.isArray(outputs) ? (outputs as IOutput[]) : [];
    }

    /** A blob that is not kept any more is nothing to stop for. */
    private async text(digest: unknown): Promise<string> {
        if (typeof digest !== 'string') {
            return '';
        }
        try {
            return await this.api.blob(digest);
        } catch (error) {
            if (error instanceof ProblemError && error.status === 404) {
                return '';
            }
            throw error;
        }
    }

    private emit(): void {
        if (!this._isDisposed) {
            this._changed.emit();
        }
    }
}
