import type { Run, RunDetail, RunHistory } from '../api/wire';
import { curved, metricCurves, parallelCoordinates } from './compareFigures';
import { compare, comparisonRows, directionOf } from './comparison';
import { untranslated } from './translation';

function detail(number: number, more: Partial<Run>, packages?: readonly string[]): RunDetail {
    const run = {
        id: `run_${number}`,
        name: `train-${number}`,
        notebook: 'train.ipynb',
        profile: 'small',
        kernel: 'python3',
        state: 'succeeded',
        parameters: {},
        metrics: {},
        labels: {},
        data: [],
        ...more
    } as unknown as Run;
    const provenance = packages ? { worker: { environment: { packages } } } : {};
    return { run, attempts: [{ provenance }], outputs: [] } as unknown as RunDetail;
}

const ONE = detail(
    1,
    { parameters: { depth: 4, seed: 1, mode: 'a' }, metrics: { auc: { value: 0.9 }, loss: { value: 0.3 } } },
    ['numpy==2.0', 'pandas==2.2']
);
const OTHER = detail(
    2,
    { parameters: { depth: 6, seed: 1, mode: 'b' }, metrics: { auc: { value: 0.8 }, loss: { value: 0.2 } } },
    ['numpy==2.1', 'pandas==2.2']
);

test('equal rows are told from others, and the best by its direction', () => {
    const [parameters, metrics] = compare([ONE, OTHER], {}, untranslated);
    expect(parameters?.rows.map(row => [row.name, row.equal])).toEqual([
        ['depth', false],
        ['seed', true],
        ['mode', false]
    ]);
    expect(metrics?.rows.map(row => [row.name, row.best, row.direction])).toEqual([
        ['auc', [0], 'max'],
        ['loss', [1], 'min']
    ]);
});

test('which way is better can be said', () => {
    expect(directionOf('val_logloss', {})).toBe('min');
    expect(directionOf('auc', {})).toBe('max');
    expect(directionOf('auc', { auc: 'min' })).toBe('min');
    const [, metrics] = compare([ONE, OTHER], { auc: 'min' }, untranslated);
    expect(metrics?.rows[0]?.best).toEqual([1]);
});

test('packages that were not recorded are no difference', () => {
    const sections = compare([ONE, detail(3, {})], {}, untranslated);
    expect(sections.find(section => section.key === 'packages')?.note).toBe('Not recorded of train-3.');
    const both = compare([ONE, OTHER], {}, untranslated).find(section => section.key === 'packages');
    expect(both?.rows).toEqual([
        { name: 'numpy', cells: ['2.0', '2.1'], equal: false, best: [], direction: null },
        { name: 'pandas', cells: ['2.2', '2.2'], equal: true, best: [], direction: null }
    ]);
});

test('a spreadsheet has a column for each run', () => {
    const rows = comparisonRows([ONE, OTHER], compare([ONE, OTHER], {}, untranslated));
    expect(rows[0]).toEqual(['', '', 'train-1', 'train-2']);
    expect(rows[1]).toEqual(['Parameters', 'depth', '4', '6']);
});

test('an axis for what differs, a line for each run', () => {
    const figure = parallelCoordinates([ONE.run, OTHER.run]);
    expect(figure?.layout['xaxis']).toMatchObject({ ticktext: ['depth', 'mode', 'auc', 'loss'] });
    expect(figure?.data.map(line => line['y'])).toEqual([
        [0, 0, 1, 1],
        [1, 1, 0, 0]
    ]);
    expect(parallelCoordinates([ONE.run, ONE.run])).toBeNull();
});

test('a curve for each run that has the metric', () => {
    const history = {
        run: 'run_1',
        metrics: [
            { name: 'loss', steps: [0, 1], values: [1, 0.5] },
            { name: 'auc', steps: [0], values: [0.9] }
        ]
    } as unknown as RunHistory;
    const histories = new Map([['run_1', history]]);
    expect(curved(histories.values())).toEqual(['loss']);
    const figure = metricCurves('loss', [ONE.run, OTHER.run], histories);
    expect(figure.data).toHaveLength(1);
    expect(figure.data[0]).toMatchObject({ name: 'train-1', x: [0, 1], y: [1, 0.5] });
});

test('values without steps stand in their order, and one alone is a dot', () => {
    const metrics = [
        { name: 'loss', steps: [0, 0], values: [0.5, 0.5] },
        { name: 'auc', steps: [9], values: [0.9] }
    ];
    const histories = new Map([['run_1', { run: 'run_1', metrics } as unknown as RunHistory]]);
    expect(metricCurves('loss', [ONE.run], histories).data[0]).toMatchObject({
        mode: 'lines+markers',
        x: [0, 1]
    });
    expect(metricCurves('auc', [ONE.run], histories).data[0]).toMatchObject({ mode: 'markers', x: [9] });
});
