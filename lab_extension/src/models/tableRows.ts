import type { Run, RunGroup } from '../api/wire';

/** Pages that are kept: with a hundred runs each, what is in memory does not grow with what there is. */
export const KEPT = 30;

/** A group's head, or a run: null while it is on its way. */
export type ITableRow =
    | { readonly kind: 'group'; readonly group: RunGroup; readonly open: boolean }
    | { readonly kind: 'run'; readonly run: Run | null };

interface ISection {
    readonly group: RunGroup | null;
    readonly count: number;
    readonly open: boolean;
    /** The place of its first row, which is its head where it has one. */
    readonly from: number;
}

/** A place that runs are to be asked for. */
export interface IMissing {
    readonly section: number;
    readonly page: number;
}

/** Rows by their place, in one list or in groups that open; of runs only the pages that were looked at last. */
export class TableRows {
    private sections: readonly ISection[] = [];
    private readonly pages = new Map<string, readonly Run[]>(); // the one looked at last is last
    private readonly places = new Map<string, string>(); // of each run the key of its page
    private readonly stale = new Set<string>(); // pages that are shown, and to be asked for anew
    private readonly opened = new Set<string | null>();

    constructor(private readonly size: number) {}

    /** How many rows there are. */
    get length(): number {
        const last = this.sections.at(-1);
        return last ? last.from + rowsOf(last) : 0;
    }

    /** How many runs there are, in closed groups too. */
    get total(): number {
        return this.sections.reduce((sum, section) => sum + section.count, 0);
    }

    /** How many runs are in memory. */
    get held(): number {
        return [...this.pages.values()].reduce((sum, page) => sum + page.length, 0);
    }

    /** Any of the runs that are in memory. */
    get first(): Run | undefined {
        for (const page of this.pages.values()) {
            if (page[0]) {
                return page[0];
            }
        }
        return undefined;
    }

    /** Another list, of which the first page is known, and not yet how long it is. */
    begin(first: readonly Run[]): void {
        this.clear();
        this.lay([{ group: null, count: first.length, open: true }]);
        this.put(0, 0, first);
    }

    /** The same list, which may have changed: what is shown stays until it is answered anew. */
    renew(first: readonly Run[]): void {
        [...this.pages.keys()].forEach(key => this.stale.add(key));
        this.put(0, 0, first);
    }

    resize(count: number): void {
        this.lay([{ group: null, count, open: true }]);
    }

    /** Groups, those open that were; runs are asked for anew. */
    group(groups: readonly RunGroup[]): void {
        this.clear();
        this.lay(groups.map(group => ({ group, count: group.count, open: this.opened.has(group.key) })));
    }

    toggle(key: string | null): void {
        if (!this.opened.delete(key)) {
            this.opened.add(key);
        }
        this.lay(
            this.sections.map(section => ({
                ...section,
                open: section.group === null || this.opened.has(section.group.key)
            }))
        );
    }

    at(place: number): ITableRow {
        const found = this.locate(place);
        if (!found) {
            return { kind: 'run', run: null };
        }
        const { section, index, offset } = found;
        if (section.group && offset < 0) {
            return { kind: 'group', group: section.group, open: section.open };
        }
        const page = this.pages.get(`${index}:${Math.floor(offset / this.size)}`);
        return { kind: 'run', run: page?.[offset % this.size] ?? null };
    }

    /** Pages that rows `first` to `last` lie on and that are not there; those that are count as looked at. */
    missing(first: number, last: number): readonly IMissing[] {
        const wanted = new Map<string, IMissing>();
        for (let place = Math.max(0, first); place <= Math.min(last, this.length - 1); place += 1) {
            const found = this.locate(place);
            if (!found || found.offset < 0) {
                continue;
            }
            const page = Math.floor(found.offset / this.size);
            const key = `${found.index}:${page}`;
            const held = this.pages.get(key);
            if (held) {
                this.pages.delete(key);
                this.pages.set(key, held);
            }
            if (!held || this.stale.has(key)) {
                wanted.set(key, { section: found.index, page });
            }
        }
        return [...wanted.values()];
    }

    sectionKey(section: number): { key: string | null } | null {
        const group = this.sections[section]?.group;
        return group ? { key: group.key ?? null } : null;
    }

    put(section: number, page: number, runs: readonly Run[]): void {
        const key = `${section}:${page}`;
        this.forget(key);
        this.pages.set(key, runs);
        runs.forEach(run => this.places.set(run.id, key));
        while (this.pages.size > KEPT) {
            const oldest: string | undefined = this.pages.keys().next().value;
            if (oldest === undefined) {
                return;
            }
            this.forget(oldest);
        }
    }

    find(id: string): Run | undefined {
        const key = this.places.get(id);
        return key === undefined ? undefined : this.pages.get(key)?.find(run => run.id === id);
    }

    /** The same run as it is now, where it stands. */
    replace(run: Run): void {
        const key = this.places.get(run.id);
        const page = key === undefined ? undefined : this.pages.get(key);
        if (key !== undefined && page) {
            this.pages.set(
                key,
                page.map(one => (one.id === run.id ? run : one))
            );
        }
    }

    private lay(sections: readonly Omit<ISection, 'from'>[]): void {
        let from = 0;
        this.sections = sections.map(section => {
            const laid = { ...section, from };
            from += rowsOf(laid);
            return laid;
        });
    }

    /** `offset` counts the runs of the section; -1 is its head. */
    private locate(place: number): { section: ISection; index: number; offset: number } | null {
        let low = 0;
        let high = this.sections.length - 1;
        while (low < high) {
            const middle = Math.ceil((low + high) / 2);
            if ((this.sections[middle]?.from ?? 0) <= place) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        const section = this.sections[low];
        if (!section || place < 0 || place >= this.length) {
            return null;
        }
        return { section, index: low, offset: place - section.from - (section.group ? 1 : 0) };
    }

    private forget(key: string): void {
        this.pages.get(key)?.forEach(run => {
            if (this.places.get(run.id) === key) {
                this.places.delete(run.id);
            }
        });
        this.pages.delete(key);
        this.stale.delete(key);
    }

    private clear(): void {
        this.pages.clear();
        this.stale.clear();
        this.places.clear();
    }
}

function rowsOf(section: Pick<ISection, 'group' | 'count' | 'open'>): number {
    return (section.group ? 1 : 0) + (section.open ? section.count : 0);
}
