import type { Observed } from '../api/wire';
import { Endpoints, askedAt, calledAs, endpointName, lookOf, nameFault, progressOf } from './endpoints';
import { Said, event, settled } from './made';
import { asConnection, endpoint } from './madeModels';
import { untranslated as trans } from './translation';

const seen: Observed = { generation: 1, state: 'starting', variants: [], restarts: 0 };

describe('the list', () => {
    it('is asked for once however many events come together, and again at the next', async () => {
        const connection = new Said();
        let asked = 0;
        const endpoints = new Endpoints(
            {
                endpoints: () => {
                    asked += 1;
                    return Promise.resolve([endpoint({ generation: asked })]);
                }
            },
            asConnection(connection)
        );
        connection.refreshed.emit();
        connection.happened.emit(event('endpoint.starting'));
        connection.happened.emit(event('endpoint.ready'));
        connection.happened.emit(event('try_out.ready'));
        await settled();
        expect(asked).toBe(1);
        connection.happened.emit(event('endpoint.ready'));
        await settled();
        expect(endpoints.find('churn')?.generation).toBe(2);
        expect(endpoints.serving('churn', '1')).toHaveLength(1);
        expect(endpoints.matching('dev churn/1')).toHaveLength(1);
        expect(endpoints.matching('dev churn/2')).toHaveLength(0);
        endpoints.dispose();
    });

    it('keeps the last that is known where the control plane is away', async () => {
        const connection = new Said();
        const answers = [Promise.resolve([endpoint()]), Promise.reject(new Error('away'))];
        const endpoints = new Endpoints(
            { endpoints: () => answers.shift() ?? Promise.resolve([]) },
            asConnection(connection)
        );
        connection.refreshed.emit();
        await settled();
        connection.refreshed.emit();
        await settled();
        expect(endpoints.all).toHaveLength(1);
        expect(endpoints.fault).toBeInstanceOf(Error);
    });
});

describe('where it is asked', () => {
    const gateway = 'https://hub.example/gateway/churn';
    const url = 'http://127.0.0.1:4000';

    it.each([
        ['by the gateway where there is one', { gateway, url }, gateway],
        ['at its own URL where there is none', { gateway: null, url }, url],
        ['at its own URL where it is open: the gateway wants a key', { gateway, url, open: true }, url]
    ])('%s', (_, said, expected) => {
        expect(askedAt(endpoint(said))).toBe(expected);
    });
});

describe('how it is called', () => {
    const before = calledAs(endpoint());

    it('stays with a new API key: the button that copied with it keeps the focus', () => {
        expect(calledAs(endpoint({ generation: 2 }))).toBe(before);
    });

    it('is another for another version, another URL, and without a key', () => {
        const { variants, url } = endpoint();
        const another = variants.map(one => ({ ...one, version: '2' }));
        for (const said of [{ variants: another }, { url: `${url}1` }, { open: true }]) {
            expect(calledAs(endpoint(said))).not.toBe(before);
        }
    });
});

describe('progress', () => {
    it('goes from starting by loading to ready', () => {
        const steps = [
            endpoint(),
            endpoint({ observed: { ...seen, phase: 'checking' } }),
            endpoint({ observed: { ...seen, state: 'ready' } })
        ].map(one => progressOf(one, 1, trans).step);
        expect(steps).toEqual(['starting', 'loading', 'ready']);
    });
    it('of a newer generation is not that of the one that serves', () => {
        const serving = endpoint({ generation: 2, observed: { ...seen, state: 'ready', phase: 'loading' } });
        expect(progressOf(serving, 2, trans)).toMatchObject({ step: 'loading', failed: false });
        const failed: Observed = {
            ...seen,
            state: 'ready',
            failed_generation: 2,
            message: 'no',
            hint: 'do'
        };
        expect(progressOf(endpoint({ generation: 2, observed: failed }), 2, trans)).toEqual({
            step: 'loading',
            failed: true,
            said: 'no',
            hint: 'do'
        });
    });
    it('says what it waits for', () => {
        const waiting = endpoint({ waiting: 'waiting for 1 core' });
        expect(progressOf(waiting, 1, trans).said).toBe('waiting for 1 core');
        expect(lookOf(waiting)).toBe('waiting');
        expect(lookOf(endpoint({ waiting: 'for more', state: 'ready' }))).toBe('ready');
    });
});

it('offers a name that an endpoint may have', () => {
    expect(endpointName('Churn model (v2)')).toBe('churn-model-v2');
    expect(nameFault('churn-2', trans)).toBeNull();
    expect(nameFault('Churn', trans)).toContain('for example churn');
    expect(nameFault('-', trans)).not.toBeNull();
});
