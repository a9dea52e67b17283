import type { IOutput } from '@jupyterlab/nbformat';
import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import type { IApi } from '../api/client';
import type { IRunApi } from '../api/runs';
import type { Event, RunDetail, Snapshot } from '../api/wire';
import { Blobs } from './blobs';
import { type ICell, cellsOf, executedCells } from './cells';
import type { Connection } from './connection';
import { applied, isOver, isRunEvent } from './runEvents';
import { RunLog } from './runLog';

const PAGE = 1000;

/** One run as it goes on: its facts, its cells with what they put out, and its log. */
export class RunPage implements IDisposable {
    private readonly _changed = new Signal<this, void>(this);
    private readonly blobs: Blobs;
    private readonly _log = new RunLog();
    private cursor = 0; // the last event that was taken
    private early: Event[] | null = null;
    private queue: Promise<void> = Promise.resolve();
    private _detail: RunDetail | null = null;
    private _snapshot: Snapshot | null = null;
    private _cells: readonly ICell[] = [];
    private _problem: unknown = null;
    private _deleted = false;
    private executed = false;
    private readonly lacking = new Map<number, string>(); // cells whose outputs are still to be fetched: blobs
    private behind = false; // something could not be fetched: what comes next is asked for from there on
    private _isDisposed = false;

    constructor(
        private readonly api: Pick<IApi, 'run' | 'snapshot' | 'blob' | 'runEvents' | 'executedNotebook'>,
        runApi: Pick<IRunApi, 'smallBlobs'>,
        connection: Pick<Connection, 'refreshed' | 'happened'>,
        readonly key: string
    ) {
        this.blobs = new Blobs(api, runApi);
        connection.refreshed.connect(this.onRefreshed, this);
        connection.happened.connect(this.onEvent, this);
    }

    get changed(): ISignal<this, void> {
        return this._changed;
    }

    get detail(): RunDetail | null {
        return this._detail;
    }

    /** What was run: the notebook as it was, its code, where it came from. */
    get snapshot(): Snapshot | null {
        return this._snapshot;
    }

    get cells(): readonly ICell[] {
        return this._cells;
    }

    get log(): string {
        return this._log.text;
    }

    /** Whether the log's beginning is left out, because it is long. */
    get logIsCut(): boolean {
        return this._log.cut;
    }

    get problem(): unknown {
        return this._problem;
    }

    get deleted(): boolean {
        return this._deleted;
    }

    get language(): string {
        return this._snapshot?.schema.language ?? 'python';
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

    /** The answer first: the facts, then the notebook, then what was printed. */
    private async ask(): Promise<void> {
        this._detail = await this.api.run(this.key);
        this.emit();
        const { run } = this._detail;
        if (this._snapshot === null) {
            this._snapshot = await this.api.snapshot(run.snapshot);
            const snapshot = this._snapshot;
            const file = snapshot.files.find(one => one.path === snapshot.notebook);
            this._cells = file
                ? cellsOf(JSON.parse(await this.api.blob(file.digest)), run.given.length > 0)
                : [];
        }
        await this.takeExecuted();
        this.emit();
        await this.readEvents();
        if (!isOver(run)) {
            this._detail = await this.api.run(this.key); // as of the last event that was read, or later
        }
        await this.takeExecuted();
        this.emit();
        await this._log.fetch(this.blobs);
        this.emit();
    }

    private async readEvents(): Promise<void> {
        for (;;) {
            const page = await this.api.runEvents(this.key, this.cursor);
            for (const event of page.events) {
                if (event.seq > this.cursor) {
                    this.note(event);
                    this.cursor = event.seq;
                }
            }
            await this.fetchOutputs();
            this.cursor = Math.max(this.cursor, page.next);
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

    /** An event that comes while the page is open. */
    private async take(event: Event): Promise<void> {
        if (event.seq <= this.cursor || this._isDisposed) {
            return;
        }
        if (event.kind === 'run.deleted') {
            this._deleted = true;
        } else {
            this.note(event);
            this.cursor = event.seq; // noted: what cannot be fetched now is fetched later, and not noted twice
            await this.fetchOutputs();
            await this._log.fetch(this.blobs);
            await this.takeFacts(event);
        }
        this.cursor = event.seq;
        this.emit();
    }

    private async takeFacts(event: Event): Promise<void> {
        const detail = this._detail;
        // What it held costs no more: the run itself is the same.
        const next = event.kind === 'run.freed' ? null : detail && applied(detail.run, event);
        if (detail && next) {
            this._detail = { ...detail, run: next };
        } else {
            this._detail = await this.api.run(this.key);
            await this.takeExecuted();
        }
    }

    /** What an event says of cells and log; nothing is fetched yet. */
    private note(event: Event): void {
        const data = event.data ?? {};
        const cell = data['cell'];
        if (event.kind === 'attempt.started' && event.n === 1) {
            if (!this.executed) {
                this._cells = this._cells.map(one => ({ ...one, state: 'waiting', outputs: [] }));
            }
            this._cells = this._cells.map(one => ({ ...one, seconds: null, started: null }));
            this._log.reset();
            this.lacking.clear();
        } else if (event.kind === 'cell.started' && typeof cell === 'number') {
            this.change(cell, { started: event.time, ...(this.executed ? {} : { state: 'running' }) });
        } else if (event.kind === 'cell.finished' && typeof cell === 'number') {
            const seconds = typeof data['seconds'] === 'number' ? data['seconds'] : null;
            const state = data['failed'] === true ? ('failed' as const) : ('done' as const);
            this.change(cell, { seconds, ...(this.executed ? {} : { state }) });
            if (typeof data['digest'] === 'string' && !this.executed) {
                this.lacking.set(cell, data['digest']);
            }
        } else if (event.kind === 'log') {
            this._log.take(event);
        }
    }

    private async fetchOutputs(): Promise<void> {
        if (this.lacking.size === 0 || this.executed) {
            return;
        }
        const wanted = [...this.lacking];
        const texts = await this.blobs.texts(wanted.map(([, digest]) => ({ digest, size: null })));
        for (const [cell, digest] of wanted) {
            this.change(cell, { outputs: outputsOf(texts.get(digest) ?? '') });
            this.lacking.delete(cell);
        }
    }

    private change(place: number, said: Partial<ICell>): void {
        this._cells = this._cells.map(cell => (cell.place === place ? { ...cell, ...said } : cell));
    }

    private emit(): void {
        if (!this._isDisposed) {
            this._changed.emit();
        }
    }
}

function outputsOf(text: string): readonly IOutput[] {
    const outputs: unknown = text ? JSON.parse(text) : [];
    return Array.isArray(outputs) ? (outputs as IOutput[]) : [];
}
