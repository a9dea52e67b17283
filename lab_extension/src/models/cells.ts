import type { IOutput } from '@jupyterlab/nbformat';

/** One cell of a run's notebook. `number` counts the code cells that hold something, from 1, as a run does. */
export interface ICell {
    readonly kind: 'code' | 'markdown' | 'raw';
    readonly source: string;
    readonly number: number | null;
    readonly state: 'waiting' | 'running' | 'done' | 'failed';
    readonly seconds: number | null;
    readonly outputs: readonly IOutput[];
    /** Values that the run put in: a cell that the source has not. */
    readonly injected: boolean;
}

interface IRawCell {
    readonly cell_type?: unknown;
    readonly source?: unknown;
    readonly outputs?: unknown;
    readonly execution_count?: unknown;
    readonly metadata?: { readonly tags?: unknown };
}

const INJECTED = 'injected-parameters';
// Papermill's own headlines above a cell that failed: what they say stands at the top of the page.
const MARKS = ['papermill-error-cell-tag'];

/** The cells of a source notebook, none of them run yet. */
export function cellsOf(notebook: unknown): readonly ICell[] {
    let number = 0;
    return rawCells(notebook).map(raw => {
        const source = textOf(raw.source);
        const kind = kindOf(raw.cell_type);
        const counts = kind === 'code' && source.trim() !== '';
        number += counts ? 1 : 0;
        return {
            kind,
            source,
            number: counts ? number : null,
            state: 'waiting',
            seconds: null,
            outputs: [],
            injected: false
        };
    });
}

/** The cells of an executed notebook, with the times that are known of its source's; `failed` is a place there. */
export function executedCells(
    notebook: unknown,
    before: readonly ICell[],
    failed: number | null
): readonly ICell[] {
    let place = -1; // in the source
    const kept = rawCells(notebook).filter(raw => !MARKS.some(tag => hasTag(raw, tag)));
    return kept.map(raw => {
        const injected = hasTag(raw, INJECTED);
        place += injected ? 0 : 1;
        const known = injected ? undefined : before[place];
        const ran = typeof raw.execution_count === 'number';
        return {
            kind: kindOf(raw.cell_type),
            source: textOf(raw.source),
            number: known?.number ?? null,
            state: !injected && place === failed ? 'failed' : ran ? 'done' : 'waiting',
            seconds: known?.seconds ?? null,
            outputs: Array.isArray(raw.outputs) ? (raw.outputs as IOutput[]) : [],
            injected
        };
    });
}

function rawCells(notebook: unknown): readonly IRawCell[] {
    const cells: unknown =
        typeof notebook === 'object' && notebook !== null && 'cells' in notebook ? notebook.cells : [];
    return Array.isArray(cells) ? (cells as IRawCell[]) : [];
}

function kindOf(kind: unknown): ICell['kind'] {
    return kind === 'code' || kind === 'markdown' ? kind : 'raw';
}

function textOf(source: unknown): string {
    return Array.isArray(source) ? source.join('') : typeof source === 'string' ? source : '';
}

function hasTag(raw: IRawCell, tag: string): boolean {
    const tags = raw.metadata?.tags;
    return Array.isArray(tags) && tags.includes(tag);
}
