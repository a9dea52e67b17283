import { CopyMerge } from './copyMerge';
import type { IChange, ITextCell } from './mergeCells';
import { untranslated } from './translation';

const cells = (...texts: string[]): ITextCell[] =>
    texts.map((source, at) => ({ id: String(at), kind: 'code', source }));

test('nothing is sent before it was said of each conflict which cell it is to be', async () => {
    const merge = new CopyMerge(
        () =>
            Promise.resolve({
                base: cells('a', 'b'),
                copy: cells('A', 'B'),
                source: cells('a', 'other'),
                numbers: [1, 3]
            }),
        untranslated
    );
    await merge.load();
    expect(merge.changes?.map(change => merge.numberOf(change))).toEqual([1, 3]);
    expect(merge.conflicts).toBe(1);
    expect(merge.hindrance).toContain('marked cells');
    const [clean, conflict] = merge.changes as readonly [IChange, IChange];
    merge.choose(conflict, 'source');
    expect(merge.hindrance).toBeNull();
    expect(merge.edits).toEqual([{ kind: 'set', at: 0, cell: 'code', source: 'A' }]);
    merge.choose(clean, 'source');
    expect(merge.hindrance).toBe('No cell is chosen.');
    await merge.load();
    expect(merge.sideOf(clean)).toBe('source');
});

test('what cannot be read is said, and can be tried again', async () => {
    let fails = true;
    const merge = new CopyMerge(
        () =>
            fails
                ? Promise.reject(new Error('gone'))
                : Promise.resolve({ base: [], copy: [], source: [], numbers: [] }),
        untranslated
    );
    await merge.load();
    expect(merge.problem).toEqual(new Error('gone'));
    fails = false;
    await merge.load();
    expect(merge.problem).toBeNull();
    expect(merge.changes).toEqual([]);
});
