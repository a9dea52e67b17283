import type { Run } from '../api/wire';
import { csv } from './csv';
import { NEWEST, cellOf, commandOf, difference, fieldOf, readView, usualColumns } from './tableView';
import { untranslated } from './translation';

const NOW = new Date('2026-11-28T12:00:00Z');
const RUN = {
    id: 'run_1',
    number: 1,
    name: 'train-1',
    notebook: 'work/train.ipynb',
    parameters: { rate: 0.123456789, features: 'all' },
    given: ['rate'],
    labels: { stage: 'good' },
    metrics: { auc: { value: 0.92351, spread: 0.012 } },
    profile: 'gpu',
    state: 'succeeded',
    started_at: '2026-11-28T11:00:00Z',
    ended_at: '2026-11-28T11:30:00Z',
    created_at: '2026-11-28T10:59:00Z',
    created_by: 'ada',
    commit: '4f2c1a9b77'
} as unknown as Run;

const cell = (column: string): string => cellOf(RUN, column, NOW, new Map([['gpu', 2]]), untranslated).text;

test('a cell has sensible digits and units', () => {
    expect(cell('metrics.auc')).toBe('0.9235 ± 0.012');
    expect(cell('params.rate')).toBe('0.1235');
    expect(cell('labels.stage')).toBe('good');
    expect(cell('duration')).toBe('30 min 0 s');
    expect(cell('cost')).toBe('$1.00');
    expect(cell('commit')).toBe('4f2c1a9b');
    expect(cell('metrics.other')).toBe('');
});

test('a difference has its sign; what is no number has none', () => {
    const [one, other] = [0.9243, 0.9227].map(figure => ({ text: '', title: '', figure }));
    expect(one && other && difference(one, other)).toBe('+0.0016');
    expect(one && other && difference(other, one)).toBe('−0.0016');
    expect(one && difference(one, { text: '', title: '', figure: null })).toBe('');
});

test('the usual columns are what was reported and given', () => {
    expect(usualColumns([RUN], false)).toEqual([
        'state',
        'name',
        'metrics.auc',
        'params.rate',
        'params.features',
        'duration',
        'by',
        'created'
    ]);
});

test('odd names stand in quotes', () => {
    expect(fieldOf('metrics.auc')).toBe('metrics.auc');
    expect(fieldOf('metrics.val loss')).toBe('metrics."val loss"');
    expect(fieldOf('duration')).toBe('duration');
});

test('what was kept by another version is read as far as it is understood', () => {
    expect(readView(null)).toEqual(NEWEST);
    expect(readView({ query: 'a', sort: { by: 'name' }, group: 'planet', columns: ['name', 3] })).toEqual({
        query: 'a',
        sort: { by: 'name', descending: true },
        group: null,
        columns: ['name'],
        baseline: null
    });
});

test('the command asks the same', () => {
    const view = { ...NEWEST, query: "name = 'a b'", sort: { by: 'metrics.auc', descending: false } };
    expect(commandOf(view)).toBe(
        `gristmill runs list --query 'name = '\\''a b'\\''' --sort 'metrics.auc' --ascending`
    );
});

test('a spreadsheet takes no text for a formula', () => {
    expect(csv([['a,b', '=1+1', 3, null, 'say "x"']])).toBe(`"a,b",'=1+1,3,,"say ""x"""\r\n`);
});
