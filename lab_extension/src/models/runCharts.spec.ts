import type { RunHistory, Utilisation } from '../api/wire';
import type { Connection } from './connection';
import { Said, event, settled } from './made';
import { RunCharts } from './runCharts';

function made(): { said: Said; charts: RunCharts; api: { asked: number; away: boolean } } {
    const said = new Said();
    const api = { asked: 0, away: false };
    const charts = new RunCharts(
        {
            runHistory: (): Promise<RunHistory> => {
                api.asked += 1;
                return api.away
                    ? Promise.reject(new Error('MLflow is away'))
                    : Promise.resolve({ run: 'run_1', attempt: 'a', metrics: [] });
            }
        },
        { utilisation: () => Promise.resolve({ run: 'run_1' } as Utilisation) },
        said as unknown as Connection,
        () => 'run_1',
        50
    );
    return { said, charts, api };
}

beforeEach(() => {
    jest.useFakeTimers();
});
afterEach(() => {
    jest.useRealTimers();
});

test('nothing is asked for before somebody looks; then again as the run goes on, not too often', async () => {
    const { said, charts, api } = made();
    said.happened.emit(event('metric', {}));
    expect(api.asked).toBe(0);
    await charts.want();
    await charts.want();
    expect(api.asked).toBe(1);
    said.happened.emit(event('metric', {}));
    said.happened.emit(event('metric', {}));
    said.happened.emit(event('metric', {}, { subject: 'run_2' }));
    jest.advanceTimersByTime(60);
    await settled();
    expect(api.asked).toBe(2);
    charts.dispose();
});

test('what is known stays where MLflow is away, and that is said', async () => {
    const { said, charts, api } = made();
    await charts.want();
    api.away = true;
    said.refreshed.emit();
    jest.advanceTimersByTime(10);
    await settled();
    expect(charts.history).not.toBeNull();
    expect(charts.historyProblem).toEqual(new Error('MLflow is away'));
    expect(charts.utilisation?.run).toBe('run_1');
});
