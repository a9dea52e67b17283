import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import type { IApi } from '../api/client';
import type { Event, Run, RunState } from '../api/wire';
import { applied, isOver, isRunEvent } from './runEvents';
import type { Connection } from './connection';

export const PAGE = 100;

/** A run that was started here, and ended while this page was open. */
export interface IEnded {
    readonly run: Run;
}

/**
 * The runs of this project, newest first, as they are now. Asked for anew whenever something may have been missed;
 * between that, events are applied to what is known.
 */
export class Runs implements IDisposable {
    private readonly _changed = new Signal<this, void>(this);
    private readonly _ended = new Signal<this, IEnded>(this);
    private readonly byId = new Map<string, Run>();
    private readonly asked = new Set<string>();
    private readonly mine = new Set<string>(); // started here, and not told yet that they ended
    private sorted: readonly Run[] | null = null;
    private _loaded = false;
    private _mayHaveMore = false;
    private _fault: unknown = null;
    private _isDisposed = false;

    constructor(
        private readonly api: Pick<IApi, 'runs' | 'run'>,
        connection: Pick<Connection, 'refreshed' | 'happened' | 'state'>
    ) {
        connection.refreshed.connect(this.onRefreshed, this);
        connection.happened.connect(this.onEvent, this);
        if (connection.state.state === 'ready') {
            void this.refresh();
        }
    }

    get changed(): ISignal<this, void> {
        return this._changed;
    }

    get ended(): ISignal<this, IEnded> {
        return this._ended;
    }

    /** Whether the list was answered once. */
    get loaded(): boolean {
        return this._loaded;
    }

    get mayHaveMore(): boolean {
        return this._mayHaveMore;
    }

    /** Why it could not be asked for, last time. */
    get fault(): unknown {
        return this._fault;
    }

    get all(): readonly Run[] {
        this.sorted ??= [...this.byId.values()].sort((one, other) => other.number - one.number);
        return this.sorted;
    }

    get(id: string): Run | undefined {
        return this.byId.get(id);
    }

    count(...states: readonly RunState[]): number {
        return this.all.filter(run => states.includes(run.state)).length;
    }

    /** Those whose name, notebook, state, labels or parameters have every word of `text`. */
    matching(text: string): readonly Run[] {
        const words = text.toLowerCase().split(/\s+/).filter(Boolean);
        return words.length === 0
            ? this.all
            : this.all.filter(run => {
                  const said = searched(run);
                  return words.every(word => said.includes(word));
              });
    }

    /** A run that was just made here need not wait for the stream. */
    add(run: Run): void {
        this.mine.add(run.id);
        this.put(run);
        this.emit();
    }

    async refresh(): Promise<void> {
        try {
            const found = await this.api.runs({ limit: PAGE });
            const listed = new Set(found.map(run => run.id));
            [...this.byId.keys()].filter(id => !listed.has(id)).forEach(id => this.byId.delete(id));
            found.forEach(run => {
                this.put(run);
            });
            this._mayHaveMore = found.length === PAGE;
            this._loaded = true;
            this._fault = null;
        } catch (error) {
            this._fault = error;
        }
        this.emit();
    }

    async more(): Promise<void> {
        const last = this.all.at(-1);
        const found = await this.api.runs({ limit: PAGE, ...(last ? { before: last.number } : {}) });
        found.forEach(run => {
            this.put(run);
        });
        this._mayHaveMore = found.length === PAGE;
        this.emit();
    }

    get isDisposed(): boolean {
        return this._isDisposed;
    }

    dispose(): void {
        this._isDisposed = true;
        Signal.clearData(this);
    }

    private onRefreshed(): void {
        void this.refresh();
    }

    private onEvent(_: unknown, event: Event): void {
        if (!isRunEvent(event)) {
            return;
        }
        if (event.kind === 'run.deleted') {
            if (this.byId.delete(event.subject)) {
                this.sorted = null;
                this.emit();
            }
            return;
        }
        const known = this.byId.get(event.subject);
        const next = known && applied(known, event);
        if (next) {
            this.put(next);
            this.emit();
        } else {
            void this.ask(event.subject);
        }
    }

    /** What an event alone does not say is asked for, once however many events ask. */
    private async ask(id: string): Promise<void> {
        if (this.asked.has(id)) {
            return;
        }
        this.asked.add(id);
        try {
            await Promise.resolve(); // events that came together are one question
            this.asked.delete(id);
            const { run } = await this.api.run(id);
            this.put(run);
            if (isOver(run) && this.mine.delete(id)) {
                this._ended.emit({ run });
            }
            this.emit();
        } catch (error) {
            this.asked.delete(id);
            this._fault = error;
            this.emit();
        }
    }

    /** What is over stays so: an answer that was long on its way says how it was. */
    private put(run: Run): void {
        const known = this.byId.get(run.id);
        if (known && isOver(known) && !isOver(run)) {
            return;
        }
        this.byId.set(run.id, run);
        this.sorted = null;
    }

    private emit(): void {
        if (!this._isDisposed) {
            this._changed.emit();
        }
    }
}

function searched(run: Run): string {
    const parameters = Object.entries(run.parameters).map(([name, value]) => `${name}=${String(value)}`);
    const labels = Object.entries(run.labels).map(([name, value]) => `${name}=${value}`);
    return [run.name, run.notebook, run.state, ...labels, ...parameters].join(' ').toLowerCase();
}
