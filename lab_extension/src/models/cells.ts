import type { IOutput } from '@jupyterlab/nbformat';

/** One cell of a run's notebook. `number` counts the cells that are executed, from 1, as a run does. */
export interface ICell {
    readonly kind: 'code' | 'markdown' | 'raw';
    readonly source: string;
    /** Its index in the source; null of a cell that the run added. */
    readonly place: number | null;
    readonly number: number | null;
    readonly state: 'waiting' | 'running' | 'done' | 'failed';
    readonly seconds: number | null;
    /** When it began; null where that is not known. */
    readonly started: string | null;
    readonly outputs: readonly IOutput[];
    /** Values that a run put in. */
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
const MARK = 'papermill-error-cell-tag';
const SKIPPED = 'skip-execution';

/** The cells of a source notebook, none of them run yet. With `given` a run adds a cell of values, which it counts. */
export function cellsOf(notebook: unknown, given = false): readonly ICell[] {
    const raws = rawCells(notebook);
    const added = given && !raws.some(raw => hasTag(raw, INJECTED)) ? placeOfAdded(raws) : null;
    let number = 0;
    return raws.flatMap((raw, place) => {
        number += (added === place ? 1 : 0) + (isExecuted(raw) ? 1 : 0);
        return isMark(raw)
            ? []
            : [
                  {
                      kind: kindOf(raw.cell_type),
                      source: textOf(raw.source),
                      place,
                      number: isExecuted(raw) ? number : null,
                      state: 'waiting' as const,
                      seconds: null,
                      started: null,
                      outputs: [],
                      injected: hasTag(raw, INJECTED)
                  }
              ];
    });
}

/** The cells of an executed notebook, with the times that are known of its source's; `failed` is a place there. */
export function executedCells(
    notebook: unknown,
    before: readonly ICell[],
    failed: number | null
): readonly ICell[] {
    const replaces = before.some(cell => cell.injected);
    let next = 0; // of those before
    let number = 0;
    const kept = rawCells(notebook).filter(raw => !isMark(raw));
    return kept.map(raw => {
        const injected = hasTag(raw, INJECTED);
        const known = injected && !replaces ? undefined : before[next++];
        const ran = typeof raw.execution_count === 'number';
        number += isExecuted(raw) ? 1 : 0;
        return {
            kind: kindOf(raw.cell_type),
            source: textOf(raw.source),
            place: known?.place ?? null,
            number: isExecuted(raw) ? number : null,
            state: known?.place === failed ? 'failed' : ran ? 'done' : 'waiting',
            seconds: known?.seconds ?? null,
            started: known?.started ?? null,
            outputs: Array.isArray(raw.outputs) ? (raw.outputs as IOutput[]) : [],
            injected
        };
    });
}

/** Behind the parameters cell, or before everything, as papermill puts it; a place among the source's cells. */
function placeOfAdded(raws: readonly IRawCell[]): number {
    return raws.findIndex(raw => hasTag(raw, 'parameters')) + 1;
}

function isExecuted(raw: IRawCell): boolean {
    return kindOf(raw.cell_type) === 'code' && textOf(raw.source).trim() !== '' && !hasTag(raw, SKIPPED);
}

function isMark(raw: IRawCell): boolean {
    return hasTag(raw, MARK);
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
