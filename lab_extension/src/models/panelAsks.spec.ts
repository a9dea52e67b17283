import { planOf } from './panelAsks';
import { untranslated } from './translation';

const at = (method: string, path: string, body?: unknown): ReturnType<typeof planOf> =>
    planOf({ id: '1', method, path, body }, 'work/deep/mine.ipynb', untranslated);

test('looking needs nobody to agree, and only what panels look at is looked at', () => {
    expect(at('GET', 'api/runs?limit=20')).toEqual({
        method: 'GET',
        path: 'api/runs?limit=20',
        consent: null
    });
    expect(at('GET', 'api/endpoints/churn/traffic')?.consent).toBeNull();
    for (const path of [
        'api/secrets',
        'api/blobs/abc',
        'api/runs/1/outputs/x',
        'api/runs/../secrets',
        'api/runs/%2e%2e',
        'api/runs/a%2Fb',
        '/api/runs',
        'endpoints/churn/calls'
    ]) {
        expect(at('GET', path)).toBeNull();
    }
});

test('a run is told with its values and its secrets, of a notebook beside the one that asks', () => {
    const plan = at('POST', 'launch', { path: '../train.ipynb', parameters: { depth: 4 }, secrets: ['DB'] });
    expect(plan?.body).toEqual({ path: 'work/train.ipynb', parameters: { depth: 4 }, secrets: ['DB'] });
    expect(plan?.consent).toEqual({
        what: 'Run work/train.ipynb',
        button: 'Run',
        destroys: false,
        details: ['with depth = 4', 'which may read the secrets DB']
    });
    expect(at('POST', 'launch', { path: '../../../train.ipynb' })).toBeNull();
    expect(at('POST', 'launch', { path: '/etc/train.ipynb' })).toBeNull();
    expect(at('POST', 'launch')).toBeNull();
});

test('what else a run is to have is told too, and what it is not to have is not', () => {
    const more = { environment: 'light', name: 'night', labels: { team: 'risk' }, timeout_s: 60, retries: 2 };
    expect(at('POST', 'launch', { path: 'a.ipynb', ...more })?.consent?.details).toEqual([
        'in the environment light',
        'called night',
        'with the labels team = risk',
        'ended after the seconds 60',
        'tried again, if it fails: 2'
    ]);
    const none = { environment: null, name: null, labels: {}, timeout_s: null, retries: 0, data_roots: [] };
    expect(at('POST', 'launch', { path: 'a.ipynb', ...none })?.consent?.details).toEqual([]);
    expect(at('GET', 'api/environments')?.consent).toBeNull();
});

test('what is destroyed, deployed, registered or asked is named, and nothing else is done', () => {
    expect(at('DELETE', 'endpoints/churn')?.consent).toMatchObject({
        what: 'Delete the endpoint churn',
        destroys: true
    });
    expect(at('PUT', 'api/endpoints/churn', { model: 'churn', version: '2' })?.consent?.what).toBe(
        'Deploy churn/2'
    );
    expect(at('POST', 'api/models/churn/versions', { run: 'run_1' })?.consent?.details).toEqual([
        'of the run run_1'
    ]);
    expect(at('POST', 'endpoints/churn/predict', { inputs: [1] })?.consent?.details).toEqual([
        '{"inputs":[1]}'
    ]);
    expect(at('POST', 'api/runs/run_1/rerun')?.consent?.what).toBe('Run run_1 again');
    for (const [method, path] of [
        ['POST', 'endpoints/churn/calls'],
        ['DELETE', 'api/kernels/1'],
        ['PATCH', 'api/runs/1'],
        ['POST', 'api/runs/1/cancel?x=1']
    ] as const) {
        expect(at(method, path, {})).toBeNull();
    }
});
