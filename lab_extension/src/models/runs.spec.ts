import type { Run, RunDetail } from '../api/wire';
import type { Connection } from './connection';
import { Said, event, run, settled } from './made';
import { Runs } from './runs';

class Api {
    listed: Run[] = [run()];
    asked = 0;
    now: Run = run();

    runs(): Promise<readonly Run[]> {
        return Promise.resolve(this.listed);
    }

    run(): Promise<RunDetail> {
        this.asked += 1;
        return Promise.resolve({ run: this.now, attempts: [], outputs: [], held: [] });
    }
}

function made(): { api: Api; said: Said; runs: Runs } {
    const api = new Api();
    const said = new Said();
    const runs = new Runs(api, said as unknown as Connection);
    return { api, said, runs };
}

const attempt = {
    id: 'attempt_1',
    project_id: 'default',
    run_id: 'run_1',
    number: 1,
    state: 'running' as const,
    created_at: '2026-03-01T12:00:00Z',
    progress: { cell: 0, cells: 0 },
    provenance: {}
};

test('runs are asked for when something may have been missed, newest first', async () => {
    const { api, said, runs } = made();
    api.listed = [run(), run({ id: 'run_2', number: 2, name: 'train-2' })];
    said.refreshed.emit();
    await settled();
    expect(runs.loaded).toBe(true);
    expect(runs.all.map(one => one.name)).toEqual(['train-2', 'train-1']);
});

test('progress and metrics are applied without a question', async () => {
    const { api, said, runs } = made();
    api.listed = [run({ attempt })];
    said.refreshed.emit();
    await settled();
    said.happened.emit(event('cell.started', { number: 7, of: 20 }));
    said.happened.emit(event('metric', { metrics: { auc: { value: 0.9 } } }));
    expect(runs.get('run_1')?.attempt?.progress).toMatchObject({ cell: 7, cells: 20 });
    expect(runs.get('run_1')?.metrics).toEqual({ auc: { value: 0.9 } });
    expect(api.asked).toBe(0);
});

test('a kernel that was kept and is let go of is asked for', async () => {
    const { api, said } = made();
    const until = '2026-03-01T12:30:00Z';
    const kept_kernel = { connection_file: '', since: '', until, ending: false, deleting: false };
    api.listed = [run({ state: 'failed', attempt: { ...attempt, state: 'failed', kept_kernel } })];
    said.refreshed.emit();
    await settled();
    said.happened.emit(event('run.freed'));
    await settled();
    expect(api.asked).toBe(1);
});

test('a change of state is asked for once, and who started it is told of its end once', async () => {
    const { api, said, runs } = made();
    said.refreshed.emit();
    await settled();
    runs.add(run());
    const ended: string[] = [];
    runs.ended.connect((_, { run: one }) => {
        ended.push(one.state);
    });
    api.now = run({ state: 'succeeded' });
    said.happened.emit(event('attempt.finished', { state: 'succeeded' }));
    said.happened.emit(event('run.succeeded', { state: 'succeeded' }));
    await settled();
    said.happened.emit(event('run.succeeded', { state: 'succeeded' }));
    await settled();
    expect(runs.get('run_1')?.state).toBe('succeeded');
    expect(ended).toEqual(['succeeded']);
    expect(api.asked).toBe(2);
});

test('of a run that others started nobody is told here that it ended', async () => {
    const { api, said, runs } = made();
    said.refreshed.emit();
    await settled();
    const ended: string[] = [];
    runs.ended.connect((_, { run: one }) => {
        ended.push(one.state);
    });
    api.now = run({ state: 'succeeded' });
    said.happened.emit(event('run.succeeded', { state: 'succeeded' }));
    await settled();
    expect(runs.get('run_1')?.state).toBe('succeeded');
    expect(ended).toEqual([]);
});

test('an answer that was long on its way does not bring back what is over', async () => {
    const { said, runs } = made();
    runs.add(run({ state: 'succeeded' }));
    said.refreshed.emit();
    await settled();
    expect(runs.get('run_1')?.state).toBe('succeeded');
});

test('a deleted run goes', async () => {
    const { said, runs } = made();
    said.refreshed.emit();
    await settled();
    said.happened.emit(event('run.deleted'));
    expect(runs.all).toEqual([]);
});

test('events about endpoints are passed over', async () => {
    const { api, said } = made();
    said.happened.emit(event('endpoint.ready', {}, { subject: 'endpoint_1' }));
    await settled();
    expect(api.asked).toBe(0);
});

test('the filter wants every word: names, states, parameters', async () => {
    const { api, said, runs } = made();
    api.listed = [
        run(),
        run({ id: 'run_2', number: 2, name: 'other-2', notebook: 'score.ipynb', state: 'failed' })
    ];
    said.refreshed.emit();
    await settled();
    expect(runs.matching('depth=4 train').map(one => one.name)).toEqual(['train-1']);
    expect(runs.matching('FAILED').map(one => one.name)).toEqual(['other-2']);
    expect(runs.matching('failed train')).toEqual([]);
});

test('what cannot be asked for is told, and what is known stays', async () => {
    const { api, said, runs } = made();
    said.refreshed.emit();
    await settled();
    api.runs = () => Promise.reject(new Error('away'));
    said.refreshed.emit();
    await settled();
    expect(runs.fault).toEqual(new Error('away'));
    expect(runs.all).toHaveLength(1);
});
