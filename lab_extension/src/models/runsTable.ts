import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import type { IApi } from '../api/client';
import { ProblemError } from '../api/problem';
import type { IRunsQuestion, IRunsTableApi } from '../api/runsTable';
import type { Event, ProfileStatus, Run, RunColumns, RunCounts } from '../api/wire';
import type { Connection } from './connection';
import { applied, isOver, isRunEvent } from './runEvents';
import { type ITableRow, TableRows } from './tableRows';
import { Selection } from './selection';
import { type ITableView, type Rates, NEWEST, fieldOf, quoted, ratesOf, usualColumns } from './tableView';

export const PAGE = 100;
const SOON = 250; // ms in which what comes together is one question

/** Why a query is not understood, at a character of it, from 0. */
export interface IQueryFault {
    readonly position: number;
    readonly message: string;
    readonly hint: string | null;
}

type Asked = Pick<IApi, 'run' | 'profiles'>;

/**
 * The runs that a view asks for, a page at a time, as they are now. What has come since is counted and not shown before
 * it is asked for, so that no row moves under one's hand; what is shown is kept up to date where it stands.
 */
export class RunsTable implements IDisposable {
    readonly rows = new TableRows(PAGE);
    readonly selection = new Selection();
    /** Whether the first row is in sight: new runs then appear by themselves. */
    atTop = true;
    private readonly _changed = new Signal<this, void>(this);
    private readonly _viewChanged = new Signal<this, ITableView>(this);
    private readonly asking = new Set<string>();
    private readonly arrivals = new Set<string>();
    private readonly dirty = new Set<string>();
    private readonly refused = new Set<string>(); // pages that were not answered: asked for again when all is
    private generation = 0;
    private shown: string | null = null; // the question that the rows are the answer to
    private timer: ReturnType<typeof setTimeout> | null = null;
    private reloads = false;
    private newest = 0;
    private rates: Rates = new Map();
    private _view: ITableView;
    private _loaded = false;
    private _busy = false;
    private _problem: unknown = null;
    private _queryFault: IQueryFault | null = null;
    private _known: RunColumns | null = null;
    private _baseline: Run | null = null;
    private _usual: readonly string[] = usualColumns([], false);
    private _isDisposed = false;

    constructor(
        private readonly api: IRunsTableApi,
        private readonly runsApi: Asked,
        connection: Pick<Connection, 'refreshed' | 'happened' | 'state'>,
        view: ITableView = NEWEST
    ) {
        this._view = view;
        connection.refreshed.connect(this.refresh, this);
        connection.happened.connect(this.onEvent, this);
        this.selection.changed.connect(this.emit, this);
        if (connection.state.state === 'ready') {
            this.refresh();
        }
    }

    get changed(): ISignal<this, void> {
        return this._changed;
    }

    /** What is to be restored has changed. */
    get viewChanged(): ISignal<this, ITableView> {
        return this._viewChanged;
    }

    get view(): ITableView {
        return this._view;
    }

    get loaded(): boolean {
        return this._loaded;
    }

    /** An answer to what is asked for now is on its way. */
    get busy(): boolean {
        return this._busy;
    }

    /** Why it could not be asked for; what is shown is the last that is known. */
    get problem(): unknown {
        return this._problem;
    }

    get queryFault(): IQueryFault | null {
        return this._queryFault;
    }

    /** Runs that were made since, and are not shown. */
    get arrived(): number {
        return this.arrivals.size;
    }

    get known(): RunColumns | null {
        return this._known;
    }

    get columns(): readonly string[] {
        return this._view.columns ?? this._usual;
    }

    get baseline(): Run | null {
        return this._baseline;
    }

    get prices(): Rates {
        return this.rates;
    }

    get isDisposed(): boolean {
        return this._isDisposed;
    }

    dispose(): void {
        this._isDisposed = true;
        if (this.timer !== null) {
            clearTimeout(this.timer);
        }
        this.selection.dispose();
        Signal.disconnectReceiver(this);
        Signal.clearData(this);
    }

    /** Shows another view, or the same one changed. */
    async show(change: Partial<ITableView>): Promise<void> {
        const before = this._view;
        this._view = { ...before, ...change };
        const { query, sort, group, baseline } = this._view;
        this._viewChanged.emit(this._view);
        if (baseline !== before.baseline) {
            void this.readBaseline();
        }
        if (query !== before.query || sort !== before.sort || group !== before.group) {
            await this.load();
        } else {
            this.emit();
        }
    }

    /** Newest first, then by this column: highest first, lowest first, newest again. */
    sortBy(column: string): Promise<void> {
        const { sort } = this._view;
        const next =
            sort?.by !== column
                ? { by: column, descending: true }
                : sort.descending
                  ? { by: column, descending: false }
                  : null;
        return this.show({ sort: next });
    }

    /** Asks for the first page and how many there are; what is shown stays until they are there. */
    async load(): Promise<void> {
        const generation = ++this.generation;
        const { group, query } = this._view;
        this._busy = true;
        this.arrivals.clear();
        this.refused.clear();
        this.emit();
        try {
            const counted = this.api.counts({ query, ...(group ? { by: group } : {}) });
            counted.catch(() => undefined); // where the first page is refused, that is what is told
            if (group === null) {
                const first = await this.api.list(this.question(null, 0));
                if (generation === this.generation) {
                    this.take(first);
                }
            }
            const counts = await counted;
            if (generation === this.generation) {
                this.count(counts);
            }
        } catch (error) {
            if (generation === this.generation) {
                this.fail(error);
            }
        }
        if (generation === this.generation) {
            this._busy = false;
            this.emit();
        }
    }

    /** Asks for everything anew; what is shown stays until it is answered. */
    refresh(): void {
        void this.load();
        void this.readBaseline();
        this.readColumns();
        this.runsApi.profiles().then(
            (profiles: readonly ProfileStatus[]) => {
                this.rates = ratesOf(profiles);
                this.emit();
            },
            () => {
                this.rates = new Map(); // costs are then not told
            }
        );
    }

    /** Which columns there are: runs that came since may have brought others. */
    readColumns(): void {
        this.api.columns().then(
            known => {
                this._known = known;
                this.emit();
            },
            (error: unknown) => {
                this.fail(error);
                this.emit();
            }
        );
    }

    /** Asks for those of the rows that are not there yet. */
    ensure(first: number, last: number): void {
        for (const missing of this.rows.missing(first, last)) {
            void this.page(missing.section, missing.page);
        }
    }

    /** The row at this place; a run that is on its way is null. */
    row(at: number): ITableRow {
        return this.rows.at(at);
    }

    toggle(group: string | null): void {
        this.rows.toggle(group);
        this.emit();
    }

    /** All runs that are asked for, in order, a page at a time: for who writes them down. */
    async *all(pageSize: number): AsyncGenerator<readonly Run[]> {
        for (let offset = 0; ; offset += pageSize) {
            const page = await this.api.list({ ...this.question(null, 0), offset, limit: pageSize });
            yield page;
            if (page.length < pageSize) {
                return;
            }
        }
    }

    private question(group: { key: string | null } | null, page: number): IRunsQuestion {
        const { query, sort } = this._view;
        const asked = query.trim();
        const within = this.within(group);
        const parts = [asked && within.query ? `(${asked})` : asked, within.query].filter(Boolean);
        const measured = /^(metrics|params)\./.test(sort?.by ?? '');
        return {
            query: parts.join(' and '),
            ...(within.notebook === undefined ? {} : { notebook: within.notebook }),
            ...(sort ? { sort: fieldOf(sort.by), ascending: !sort.descending } : {}),
            // What comes later would push the others down; in the order of a metric it comes where it belongs.
            ...(this.newest > 0 && page > 0 && !measured ? { before: this.newest + 1 } : {}),
            offset: page * PAGE,
            limit: PAGE
        };
    }

    private within(group: { key: string | null } | null): { query: string; notebook?: string } {
        if (group === null) {
            return { query: '' };
        }
        if (this._view.group === 'notebook' && group.key !== null) {
            return { query: '', notebook: group.key };
        }
        return { query: group.key === null ? 'not commit like "%"' : `commit = ${quoted(group.key)}` };
    }

    private take(first: readonly Run[]): void {
        const { query, sort } = this._view;
        const question = JSON.stringify([query, sort]);
        if (question === this.shown) {
            this.rows.renew(first);
        } else {
            this.rows.begin(first);
        }
        this.shown = question;
        this.newest = Math.max(0, ...first.map(run => run.number));
        if (this._view.columns === null) {
            this._usual = usualColumns(
                first,
                [...this.rates.values()].some(rate => rate > 0)
            );
        }
        this.succeed();
    }

    private count(counts: RunCounts): void {
        this.newest = counts.newest;
        if (this._view.group === null) {
            this.rows.resize(counts.total);
        } else {
            this.shown = null;
            this.rows.group(counts.groups);
        }
        this.succeed();
    }

    private succeed(): void {
        this._loaded = true;
        this._problem = null;
        this._queryFault = null;
        this.emit();
    }

    private fail(error: unknown): void {
        this._queryFault = queryFaultOf(error);
        this._problem = this._queryFault ? null : error;
    }

    private async page(section: number, page: number): Promise<void> {
        const key = `${section}:${page}`;
        const { generation } = this;
        if (this.asking.has(key) || this.refused.has(key)) {
            return;
        }
        this.asking.add(key);
        try {
            const found = await this.api.list(this.question(this.rows.sectionKey(section), page));
            if (generation === this.generation) {
                this.rows.put(section, page, found);
                this._problem = null;
            }
        } catch (error) {
            if (generation === this.generation) {
                this.refused.add(key);
                this.fail(error);
            }
        } finally {
            this.asking.delete(key);
            this.emit();
        }
    }

    private onEvent(_: unknown, event: Event): void {
        if (!isRunEvent(event)) {
            return;
        }
        const run = this.rows.find(event.subject);
        if (event.kind === 'run.deleted') {
            this.selection.drop(event.subject);
            this.arrivals.delete(event.subject);
            if (run) {
                this.soon(true);
            }
        } else if (run) {
            const next = applied(run, event);
            if (next === null) {
                this.dirty.add(event.subject);
                this.soon(false);
            } else if (next !== run) {
                this.rows.replace(next);
                this.emit();
            }
        } else if (event.kind === 'run.queued' && Number(event.data?.['number'] ?? 0) > this.newest) {
            this.arrivals.add(event.subject);
            this.soon(this.atTop && this._view.sort === null && this._view.group === null);
        }
    }

    /** What happens together is asked for together. */
    private soon(reload: boolean): void {
        this.reloads ||= reload;
        this.timer ??= setTimeout(() => {
            this.timer = null;
            void this.catchUp();
        }, SOON);
        this.emit();
    }

    private async catchUp(): Promise<void> {
        const ids = [...this.dirty];
        this.dirty.clear();
        if (this.reloads) {
            this.reloads = false;
            await this.load();
            return;
        }
        try {
            for (const { run } of await Promise.all(ids.map(id => this.runsApi.run(id)))) {
                const known = this.rows.find(run.id);
                if (known && !(isOver(known) && !isOver(run))) {
                    this.rows.replace(run);
                    this.selection.replace(run);
                }
            }
        } catch (error) {
            this.fail(error);
        }
        this.emit();
    }

    private async readBaseline(): Promise<void> {
        const { baseline } = this._view;
        if (baseline === null) {
            this._baseline = null;
            this.emit();
            return;
        }
        try {
            this._baseline = (await this.runsApi.run(baseline)).run;
        } catch (error) {
            this._baseline = null;
            if (error instanceof ProblemError && error.status === 404) {
                this._view = { ...this._view, baseline: null }; // it was deleted
                this._viewChanged.emit(this._view);
            } else {
                this.fail(error);
            }
        }
        this.emit();
    }

    private emit(): void {
        if (!this._isDisposed) {
            this._changed.emit();
        }
    }
}

function queryFaultOf(error: unknown): IQueryFault | null {
    if (!(error instanceof ProblemError)) {
        return null;
    }
    const fault = error.faults.find(one => one.where.startsWith('query:'));
    return fault
        ? { position: Number(fault.where.slice(6)), message: fault.message, hint: fault.hint ?? null }
        : null;
}
