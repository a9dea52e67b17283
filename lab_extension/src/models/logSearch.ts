/** One stretch of a line: `hit` counts the matches of the whole log, from 0; null where it is none. */
export interface IPiece {
    readonly text: string;
    readonly hit: number | null;
}

export interface IFound {
    readonly lines: readonly (readonly IPiece[])[];
    readonly hits: number;
    /** Whether there are more than are marked. */
    readonly more: boolean;
}

export const MOST_HITS = 2000;

/** The log’s lines with what matches marked; `only`: lines without a match are left out. Case does not matter. */
export function search(text: string, wanted: string, only: boolean): IFound {
    const lines = text.split('\n');
    if (wanted === '') {
        return { lines: lines.map(line => [{ text: line, hit: null }]), hits: 0, more: false };
    }
    const low = wanted.toLowerCase();
    const found: (readonly IPiece[])[] = [];
    let hits = 0;
    let more = false;
    for (const line of lines) {
        const lower = line.toLowerCase();
        let at = lower.indexOf(low);
        if (at < 0) {
            if (!only) {
                found.push([{ text: line, hit: null }]);
            }
            continue;
        }
        const pieces: IPiece[] = [];
        let from = 0;
        while (at >= 0 && hits < MOST_HITS) {
            pieces.push({ text: line.slice(from, at), hit: null });
            pieces.push({ text: line.slice(at, at + wanted.length), hit: hits });
            hits += 1;
            from = at + wanted.length;
            at = lower.indexOf(low, from);
        }
        more = more || at >= 0;
        pieces.push({ text: line.slice(from), hit: null });
        found.push(pieces.filter(piece => piece.text !== ''));
    }
    return { lines: found, hits, more };
}
