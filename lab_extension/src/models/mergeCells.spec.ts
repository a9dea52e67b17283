import { type ITextCell, changesOf, editsOf, linesOf, matched, textCells } from './mergeCells';

const code = (source: string, id: string | null = null): ITextCell => ({ id, kind: 'code', source });

function applied(
    source: readonly ITextCell[],
    ...args: [readonly ITextCell[], readonly ITextCell[]]
): string[] {
    const [base, copy] = args;
    const texts = source.map(cell => cell.source);
    for (const edit of editsOf(changesOf(base, copy, source))) {
        if (edit.kind === 'delete') {
            texts.splice(edit.at, 1);
        } else {
            texts.splice(edit.at, edit.kind === 'set' ? 1 : 0, edit.source);
        }
    }
    return texts;
}

const first = code('a = 1', 'a');
const last = code('c = 3', 'c');
const base = [first, code('b = 2', 'b'), last];

test('what was changed, added and removed in the copy comes into a source that is as it was', () => {
    const copy = [code('a = 1', 'a'), code('new', 'n'), code('c = 30', 'c'), code('last', 'l')];
    expect(changesOf(base, copy, base).map(({ kind, conflict }) => [kind, conflict])).toEqual([
        ['removed', false],
        ['changed', false],
        ['added', false],
        ['added', false]
    ]);
    expect(applied(base, base, copy)).toEqual(['a = 1', 'new', 'c = 30', 'last']);
});

test('where both have changed a cell, a person says which one it is to be', () => {
    const copy = [first, code('b = 20', 'b'), last];
    const source = [first, code('b = 99', 'b'), last];
    expect(changesOf(base, copy, source)).toMatchObject([
        { kind: 'changed', base: 'b = 2', copy: 'b = 20', source: 'b = 99', at: 1, conflict: true }
    ]);
    const gone = [first, last];
    expect(changesOf(base, copy, gone)).toMatchObject([{ source: null, at: null, after: 0, conflict: true }]);
    expect(applied(gone, base, copy)).toEqual(['a = 1', 'b = 20', 'c = 3']);
});

test('what the source has already is no change', () => {
    const fixed = [first, code('b = 20', 'b'), last, code('new', 'n')];
    expect(changesOf(base, fixed, fixed)).toEqual([]);
    expect(changesOf(base, [...base, code('  ', 'x')], base)).toEqual([]);
});

test('cells that were moved or put before are found in a source that has changed around them', () => {
    const source = [code('before', 'f'), ...base];
    const copy = [first, code('b = 20', 'b'), last];
    expect(applied(source, base, copy)).toEqual(['before', 'a = 1', 'b = 20', 'c = 3']);
});

test('notebooks without ids are matched by text, and what is between by its place', () => {
    const old = ['a', 'b', 'c'].map(text => code(text));
    expect(matched(old, [code('a', '1'), code('b, edited', '2'), code('c', '3')])).toEqual([0, 1, 2]);
    expect(matched(old, [code('a', '1'), code('c', '3')])).toEqual([0, null, 1]);
    expect(matched(old, [])).toEqual([null, null, null]);
});

test('a text is told line by line', () => {
    expect(linesOf('a\nb\nc', 'a\nB\nc\nd').map(({ text, mark }) => `${mark} ${text}`)).toEqual([
        'same a',
        'removed b',
        'added B',
        'same c',
        'added d'
    ]);
    expect(linesOf('', '')).toEqual([]);
    expect(linesOf('', 'new')).toEqual([{ text: 'new', mark: 'added' }]);
});

test('values that a run has put in are no cell of the person’s', () => {
    const cells = [
        { id: 'a', cell_type: 'code', source: ['x', '\ny'] },
        { cell_type: 'code', source: 'n = 2', metadata: { tags: ['injected-parameters'] } }
    ];
    expect(textCells({ cells })).toEqual([{ id: 'a', kind: 'code', source: 'x\ny' }]);
});
