import type { IDisposable } from '@lumino/disposable';
import type { JSONValue } from '@lumino/coreutils';
import { type ISignal, Signal } from '@lumino/signaling';

import type { Direction, Directions } from './comparison';
import { type ISavedView, type ITableView, readView } from './tableView';

/** What is needed of JupyterLab's settings of a plugin. */
export interface IKept {
    readonly composite: Readonly<Record<string, unknown>>;
    readonly changed: ISignal<unknown, void>;
    set(key: string, value: JSONValue): Promise<void>;
}

/** Views with names, and which way of a metric is better: a person's settings, the same in every tab. */
export class SavedViews implements IDisposable {
    private readonly _changed = new Signal<this, void>(this);
    private kept: IKept | null = null;
    private _isDisposed = false;

    /** They are there from then on. */
    take(kept: IKept): void {
        this.kept = kept;
        kept.changed.connect(this.emit, this);
        this.emit();
    }

    get changed(): ISignal<this, void> {
        return this._changed;
    }

    get all(): readonly ISavedView[] {
        const found = this.kept?.composite['views'];
        if (!Array.isArray(found)) {
            return [];
        }
        return found.flatMap((one: unknown) =>
            typeof one === 'object' && one !== null && 'name' in one && typeof one.name === 'string'
                ? [{ name: one.name, view: readView(one) }]
                : []
        );
    }

    get directions(): Directions {
        const found = this.kept?.composite['directions'];
        return typeof found === 'object' && found !== null ? (found as Directions) : {};
    }

    /** Another one of the same name is replaced. */
    save(name: string, view: ITableView): Promise<void> {
        return this.write([...this.all.filter(one => one.name !== name), { name, view }]);
    }

    remove(name: string): Promise<void> {
        return this.write(this.all.filter(one => one.name !== name));
    }

    async setDirection(metric: string, direction: Direction): Promise<void> {
        await this.kept?.set('directions', { ...this.directions, [metric]: direction });
    }

    get isDisposed(): boolean {
        return this._isDisposed;
    }

    dispose(): void {
        this._isDisposed = true;
        Signal.disconnectReceiver(this);
        Signal.clearData(this);
    }

    private async write(views: readonly ISavedView[]): Promise<void> {
        const plain = views.map(({ name, view }) => ({
            name,
            query: view.query,
            sort: view.sort ? { by: view.sort.by, descending: view.sort.descending } : null,
            group: view.group,
            columns: view.columns ? [...view.columns] : null
        }));
        await this.kept?.set('views', plain);
    }

    private emit(): void {
        this._changed.emit();
    }
}
