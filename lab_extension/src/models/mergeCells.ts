/** A cell as its text; `id` is nbformat’s (4.5), null where a notebook has none. */
export interface ITextCell {
    readonly id: string | null;
    readonly kind: string;
    readonly source: string;
}

/**
 * What the copy changed of the notebook that was run. `base` is as it was run, `copy` as it is in the copy, `source` as
 * it is in the notebook now; null where there is no such cell. `after` is the place in the notebook, -1 for its top,
 * behind which an added cell goes; `at` the place of the cell that is changed or removed.
 */
export interface IChange {
    readonly key: string;
    readonly kind: 'changed' | 'added' | 'removed';
    readonly base: string | null;
    readonly copy: string | null;
    readonly source: string | null;
    readonly cell: string; // code, markdown or raw
    /** The place of the cell in the notebook that was run; of an added one that of the cell before it, -1 for the top. */
    readonly place: number;
    readonly at: number | null;
    readonly after: number;
    /** The notebook’s own cell has changed meanwhile, or is gone: a person says which one it is to be. */
    readonly conflict: boolean;
}

/** The changes of `copy` against `base`, less those that `source` has already. */
export function changesOf(
    base: readonly ITextCell[],
    copy: readonly ITextCell[],
    source: readonly ITextCell[]
): readonly IChange[] {
    const inCopy = matched(base, copy);
    const inSource = matched(base, source);
    const changes: IChange[] = [];
    base.forEach((cell, place) => {
        const mine = copy[inCopy[place] ?? -1];
        const at = inSource[place] ?? null;
        const theirs = at === null ? undefined : source[at];
        const after = placeBehind(inSource, place);
        const said = { base: cell.source, source: theirs?.source ?? null, at, after, place, cell: cell.kind };
        if (mine && !same(mine, cell) && !(theirs && same(mine, theirs))) {
            changes.push({
                ...said,
                key: `changed ${place}`,
                kind: 'changed',
                copy: mine.source,
                cell: mine.kind,
                conflict: !theirs || !same(theirs, cell)
            });
        } else if (!mine && theirs) {
            changes.push({
                ...said,
                key: `removed ${place}`,
                kind: 'removed',
                copy: null,
                conflict: !same(theirs, cell)
            });
        }
    });
    const known = new Set(inCopy.filter((place): place is number => place !== null));
    const own = source.filter((_, place) => !inSource.includes(place));
    copy.forEach((cell, place) => {
        if (known.has(place) || cell.source.trim() === '' || own.some(one => same(one, cell))) {
            return;
        }
        const before = inCopy.reduce<number>(
            (last, found, at) => (found !== null && found < place ? Math.max(last, at) : last),
            -1
        );
        changes.push({
            key: `added ${place}`,
            kind: 'added',
            base: null,
            copy: cell.source,
            source: null,
            cell: cell.kind,
            at: null,
            place: before,
            after: before < 0 ? -1 : (inSource[before] ?? placeBehind(inSource, before)),
            conflict: false
        });
    });
    return changes;
}

/** For each cell of `base` its place in `other`: by id, else by text in the same order, else by what is between. */
export function matched(base: readonly ITextCell[], other: readonly ITextCell[]): readonly (number | null)[] {
    const found: (number | null)[] = base.map(() => null);
    const taken = new Set<number>();
    const take = (place: number, at: number): void => {
        found[place] = at;
        taken.add(at);
    };
    const ids = new Map(other.map((cell, at): [string | null, number] => [cell.id, at]));
    base.forEach((cell, place) => {
        const at = cell.id === null ? undefined : ids.get(cell.id);
        if (at !== undefined) {
            take(place, at);
        }
    });
    const left = base.flatMap((cell, place) => (found[place] === null ? [{ cell, place }] : []));
    const right = other.flatMap((cell, at) => (taken.has(at) ? [] : [{ cell, at }]));
    for (const [one, two] of commonOf(left, right, (a, b) => same(a.cell, b.cell))) {
        take(one.place, two.at);
    }
    // Between two cells that belong together, as many on both sides are the same ones, edited.
    let from = 0;
    while (from < base.length) {
        if (found[from] !== null) {
            from += 1;
            continue;
        }
        let to = from;
        while (to < base.length && found[to] === null) {
            to += 1;
        }
        const first = from === 0 ? 0 : (found[from - 1] ?? 0) + 1;
        const last = to === base.length ? other.length : (found[to] ?? other.length);
        const free = [];
        for (let at = first; at < last; at += 1) {
            if (!taken.has(at) && !(other[at]?.id && base.some(cell => cell.id === other[at]?.id))) {
                free.push(at);
            }
        }
        const withoutIds = base.slice(from, to).every(cell => cell.id === null);
        if (withoutIds && free.length === to - from) {
            free.forEach((at, step) => {
                take(from + step, at);
            });
        }
        from = to;
    }
    return found;
}

function same(one: ITextCell, two: ITextCell): boolean {
    return one.kind === two.kind && one.source.trimEnd() === two.source.trimEnd();
}

/** The place in the other notebook of the last cell before this one that is there; -1 where none is. */
function placeBehind(places: readonly (number | null)[], place: number): number {
    for (let before = place - 1; before >= 0; before -= 1) {
        const found = places[before];
        if (found !== null && found !== undefined) {
            return found;
        }
    }
    return -1;
}

const MOST = 4_000_000; // comparisons; texts of more lines are told as wholly other ones

/** A longest common subsequence, as pairs. */
export function commonOf<A, B>(
    left: readonly A[],
    right: readonly B[],
    equal: (a: A, b: B) => boolean
): readonly (readonly [A, B])[] {
    if (left.length * right.length > MOST) {
        return [];
    }
    const lengths = Array.from({ length: left.length + 1 }, () => new Uint32Array(right.length + 1));
    for (let i = left.length - 1; i >= 0; i -= 1) {
        for (let j = right.length - 1; j >= 0; j -= 1) {
            const row = lengths[i] as Uint32Array;
            const below = lengths[i + 1] as Uint32Array;
            row[j] = equal(left[i] as A, right[j] as B)
                ? (below[j + 1] ?? 0) + 1
                : Math.max(below[j] ?? 0, row[j + 1] ?? 0);
        }
    }
    const pairs: (readonly [A, B])[] = [];
    let i = 0;
    let j = 0;
    while (i < left.length && j < right.length) {
        if (equal(left[i] as A, right[j] as B)) {
            pairs.push([left[i] as A, right[j] as B]);
            i += 1;
            j += 1;
        } else if ((lengths[i + 1]?.[j] ?? 0) >= (lengths[i]?.[j + 1] ?? 0)) {
            i += 1;
        } else {
            j += 1;
        }
    }
    return pairs;
}

export interface ILine {
    readonly text: string;
    readonly mark: 'same' | 'added' | 'removed';
}

/** What became of a text, line by line. */
export function linesOf(before: string, after: string): readonly ILine[] {
    const old = before === '' ? [] : before.split('\n');
    const next = after === '' ? [] : after.split('\n');
    const lines: ILine[] = [];
    let i = 0;
    let j = 0;
    const pairs = commonOf(
        old.map((text, at) => ({ text, at })),
        next.map((text, at) => ({ text, at })),
        (a, b) => a.text === b.text
    );
    for (const [one, two] of [
        ...pairs,
        [
            { at: old.length, text: '' },
            { at: next.length, text: '' }
        ] as const
    ]) {
        for (; i < one.at; i += 1) {
            lines.push({ text: old[i] ?? '', mark: 'removed' });
        }
        for (; j < two.at; j += 1) {
            lines.push({ text: next[j] ?? '', mark: 'added' });
        }
        if (i < old.length && j < next.length) {
            lines.push({ text: next[j] ?? '', mark: 'same' });
        }
        i += 1;
        j += 1;
    }
    return lines;
}

/** The notebook’s cells with these changes made, from its end on so that places stay what they are. */
export interface IEdit {
    readonly kind: 'set' | 'insert' | 'delete';
    readonly at: number;
    readonly cell: string;
    readonly source: string;
}

/** The edits that make the chosen changes in the notebook, in the order in which they are to be made. */
export function editsOf(changes: readonly IChange[]): readonly IEdit[] {
    const edits = changes.map((change, order): IEdit & { readonly order: number } => {
        const { cell, copy, at, after } = change;
        if (change.kind === 'removed' && at !== null) {
            return { kind: 'delete', at, cell, source: '', order };
        }
        return at === null
            ? { kind: 'insert', at: after + 1, cell, source: copy ?? '', order }
            : { kind: 'set', at, cell, source: copy ?? '', order };
    });
    // Of cells that are inserted at one place the last goes first; a cell there is edited or deleted before that.
    const rank = { set: 0, delete: 1, insert: 2 };
    return [...edits]
        .sort((a, b) => b.at - a.at || rank[a.kind] - rank[b.kind] || b.order - a.order)
        .map(({ kind, at, cell, source }) => ({ kind, at, cell, source }));
}

const INJECTED = 'injected-parameters';

/** The cells of a notebook’s JSON as text. A cell of values that a run has put in is none of the person’s. */
export function textCells(notebook: unknown, keepInjected = false): readonly ITextCell[] {
    const cells: unknown =
        typeof notebook === 'object' && notebook !== null && 'cells' in notebook ? notebook.cells : [];
    return (Array.isArray(cells) ? (cells as IRawCell[]) : [])
        .filter(cell => keepInjected || !tagsOf(cell).includes(INJECTED))
        .map(cell => ({
            id: typeof cell.id === 'string' ? cell.id : null,
            kind: typeof cell.cell_type === 'string' ? cell.cell_type : 'raw',
            source: Array.isArray(cell.source)
                ? cell.source.join('')
                : typeof cell.source === 'string'
                  ? cell.source
                  : ''
        }));
}

interface IRawCell {
    readonly id?: unknown;
    readonly cell_type?: unknown;
    readonly source?: unknown;
    readonly metadata?: { readonly tags?: unknown };
}

function tagsOf(cell: IRawCell): readonly unknown[] {
    const tags = cell.metadata?.tags;
    return Array.isArray(tags) ? tags : [];
}
