import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import type { IRunApi } from '../api/runs';
import type { Run } from '../api/wire';
import { baseName, mainMetric } from './quantities';
import type { Runs } from './runs';

const SHOWN = 20;

/** The runs of one notebook, wherever they were started: by hand, by a command, in another browser. */
export class NotebookRuns implements IDisposable {
    private readonly _changed = new Signal<this, void>(this);
    private ids: readonly string[] = [];
    private known = new Map<string, Run>();
    private asking = false;
    private due = false;
    private newest: string | null = null;
    private _isDisposed = false;

    constructor(
        private readonly api: Pick<IRunApi, 'runsOf'>,
        private readonly runs: Pick<Runs, 'all' | 'get' | 'changed'>,
        private readonly path: () => string,
        /** The run that was last made from here, for notebooks that are on no disk of this server. */
        private readonly lastMade: (path: string) => Promise<string | null>
    ) {
        runs.changed.connect(this.onRuns, this);
    }

    get changed(): ISignal<this, void> {
        return this._changed;
    }

    /** Newest first, as they are now. */
    get all(): readonly Run[] {
        return this.ids.flatMap(id => this.runs.get(id) ?? this.known.get(id) ?? []);
    }

    get last(): Run | null {
        return this.all[0] ?? null;
    }

    /** The main metric of the newest run that has one, over those that have it, oldest first. */
    get series(): { readonly name: string; readonly values: readonly number[] } | null {
        const name = this.all.map(run => mainMetric(run)?.[0]).find(one => one !== undefined);
        if (name === undefined) {
            return null;
        }
        const values = this.all.flatMap(run => run.metrics?.[name]?.value ?? []).reverse();
        return { name, values };
    }

    /** Asks; once more where it was asked for meanwhile. */
    async load(): Promise<void> {
        if (this.asking) {
            this.due = true;
            return;
        }
        this.asking = true;
        try {
            do {
                this.due = false;
                await this.ask(this.path());
            } while (this.isDue());
        } finally {
            this.asking = false;
        }
        if (!this._isDisposed) {
            this._changed.emit();
        }
    }

    get isDisposed(): boolean {
        return this._isDisposed;
    }

    dispose(): void {
        this._isDisposed = true;
        Signal.clearData(this);
    }

    /** It may have become so while it was asked. */
    private isDue(): boolean {
        return this.due;
    }

    private async ask(path: string): Promise<void> {
        try {
            const found = await this.api.runsOf(path, SHOWN);
            this.ids = found.map(run => run.id);
            this.known = new Map(found.map(run => [run.id, run]));
        } catch {
            // Away, or a notebook of another drive: what was made from here is what is known.
            const id = await this.lastMade(path);
            if (this.ids.length === 0 && id !== null) {
                this.ids = [id];
            }
        }
    }

    private onRuns(): void {
        const name = baseName(this.path());
        const newest = this.runs.all.find(run => baseName(run.notebook) === name)?.id ?? null;
        const gone = this.ids.some(id => !this.runs.get(id) && !this.known.has(id));
        if (newest !== this.newest || gone) {
            this.newest = newest;
            void this.load();
        } else if (this.ids.length > 0) {
            this._changed.emit();
        }
    }
}
