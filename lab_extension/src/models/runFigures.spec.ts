import type { MetricHistory, Utilisation } from '../api/wire';
import type { ICell } from './cells';
import { hasCourse, lastOf, metricFigure, timelineFigure } from './runFigures';
import { untranslated } from './translation';

const history = (values: (number | null)[], steps = values.map((_, at) => at)): MetricHistory => ({
    name: 'loss',
    steps,
    values,
    times: values.map((_, at) => `2026-03-01T12:00:0${at}Z`),
    sampled: false
});

test('a metric is drawn over its steps, over time, or in its order where it has no steps', () => {
    const x = (one: MetricHistory, axis: 'step' | 'time'): unknown =>
        metricFigure(one, axis, false, untranslated).data[0]?.['x'];
    expect(x(history([1, 0.5, 0.2], [0, 10, 20]), 'step')).toEqual([0, 10, 20]);
    expect(x(history([1, 0.5, 0.2], [0, 0, 0]), 'step')).toEqual([0, 1, 2]);
    expect(x(history([1, 0.5, 0.2]), 'time')).toEqual([0, 1, 2]);
    expect(metricFigure(history([1, 2]), 'step', true, untranslated).layout['yaxis']).toMatchObject({
        type: 'log'
    });
});

test('what a metric was last is told with its range; values that are none are passed over', () => {
    expect(lastOf(history([1, 0.25, null]))).toBe('0.25 (0.25 – 1)');
    expect(lastOf(history([3]))).toBe('3');
    expect(lastOf(history([null]))).toBe('–');
    expect([[1], [1, 2], [1, null], [null, null]].map(one => hasCourse(history(one)))).toEqual([
        false,
        true,
        false,
        false
    ]);
});

const used = (gpus: number): Utilisation =>
    ({
        run: 'run_1',
        profile: 'small',
        given: { cpu: 2, memory: 4e9, accelerators: 0 },
        seconds: 2,
        busy: 1,
        cpu_peak: 1,
        memory_peak: 2e9,
        points: [1, 2].map(at => ({
            at,
            seconds: 1,
            cpu: 1,
            cpu_peak: 1,
            memory: 2e9,
            memory_peak: 2e9,
            gpus: Array.from({ length: gpus }, (_, index) => ({
                index,
                busy: 0.5,
                busy_peak: 1,
                memory_peak: 1
            }))
        }))
    }) as unknown as Utilisation;

const cell = (said: Partial<ICell>): ICell => ({
    kind: 'code',
    source: '',
    place: 0,
    number: 1,
    state: 'done',
    seconds: 1.5,
    started: '2026-03-01T12:00:01Z',
    outputs: [],
    injected: false,
    ...said
});

test('cells stand in time below what was used; each device has a row', () => {
    const cells = [
        cell({}),
        cell({ number: 2, state: 'running', seconds: null, started: '2026-03-01T12:00:02Z' })
    ];
    const figure = timelineFigure(used(1), cells, '2026-03-01T12:00:00Z', untranslated);
    expect(figure?.data.map(row => row['name'] ?? row['type'])).toEqual([
        'cores',
        'memory, GB',
        'GPU 0, %',
        'bar'
    ]);
    expect(figure?.data.at(-1)).toMatchObject({ base: [1, 2], x: [1.5, 0], text: ['1', '2'] });
    expect(figure?.data[2]?.['y']).toEqual([50, 50]);
});

test.each([1, 8])('what a row is called stands above its curve, and rows are apart, with %i GPUs', gpus => {
    const layout = timelineFigure(used(gpus), [cell({})], '2026-03-01T12:00:00Z', untranslated)?.layout ?? {};
    const titles = layout['annotations'] as readonly { y: number }[];
    const domains = titles.map((_, at) => (layout[`yaxis${at + 2}`] as { domain: [number, number] }).domain);
    const row = (titles[0]?.y ?? 0) - (titles[1]?.y ?? 0);
    titles.forEach(({ y }, at) => {
        const [from, to] = domains[at] ?? [0, 0];
        expect((y - to) / row).toBeGreaterThan(0.2);
        expect((to - from) / row).toBeGreaterThan(0.5);
        expect(from).toBeGreaterThan(titles[at + 1]?.y ?? 0);
    });
});

test('there is no chart where hardly anything was seen', () => {
    expect(timelineFigure({ ...used(0), points: [] }, [cell({})], null, untranslated)).toBeNull();
});
