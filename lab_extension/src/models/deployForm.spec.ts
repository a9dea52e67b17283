import type { IModelsApi } from '../api/models';
import type { DeployRequest, Endpoint, ProfileStatus, TryOut, VariantStatus } from '../api/wire';
import { DeployForm } from './deployForm';
import { Endpoints } from './endpoints';
import { Said, settled } from './made';
import { asConnection, endpoint, version } from './madeModels';
import { untranslated as trans } from './translation';
import { TryOutRun } from './tryOut';

function profile(name: string, said: Partial<ProfileStatus['profile']> = {}): ProfileStatus {
    return {
        profile: {
            name,
            resources: { cpu: 1, memory: 1e9, accelerators: 0 },
            description: '',
            rate_per_hour: 0,
            uses: ['run', 'endpoint'],
            groups: [],
            default: false,
            default_for: [],
            tolerations: [],
            shared_memory: 0,
            ...said
        },
        free_slots: 1,
        in_use: 0,
        kept: 0
    };
}

function tried(state: TryOut['state'], said: Partial<TryOut> = {}): TryOut {
    return {
        id: 'endpoint_9',
        model: 'churn',
        version: '2',
        profile: 'small',
        state,
        expires_at: '2026-03-01T12:15:00Z',
        ...said
    };
}

class Play {
    readonly begun: object[] = [];
    readonly ended: string[] = [];
    readonly deployed: DeployRequest[] = [];
    readonly answers: TryOut[];
    refusal: Error | null = null;
    existing: Endpoint[] = [];
    waits: (() => void)[] = [];
    readonly form: DeployForm;
    readonly endpoints: Endpoints;

    constructor(...answers: TryOut[]) {
        this.answers = answers;
        const api = {
            endpoints: () => Promise.resolve(this.existing),
            version: () => Promise.resolve(version({ version: '2' })),
            beginTryOut: (request: object) => {
                this.begun.push(request);
                return Promise.resolve(this.next());
            },
            tryOut: () => Promise.resolve(this.next()),
            endTryOut: (id: string) => {
                this.ended.push(id);
                return Promise.resolve(tried('failed'));
            },
            deploy: (name: string, request: DeployRequest) => {
                this.deployed.push(request);
                return this.refusal
                    ? Promise.reject(this.refusal)
                    : Promise.resolve(endpoint({ name, generation: 3 }));
            }
        } as unknown as IModelsApi;
        const profiles = [
            profile('medium', { default: true }),
            profile('small', { default_for: ['endpoint'] }),
            profile('gpu', { uses: ['run'] })
        ];
        this.endpoints = new Endpoints(api, asConnection(new Said()));
        const tryOut = new TryOutRun(api, () => new Promise(resolve => this.waits.push(resolve)));
        this.form = new DeployForm(
            { profiles: () => Promise.resolve(profiles) },
            api,
            this.endpoints,
            'churn',
            '2',
            trans,
            tryOut
        );
    }

    async load(): Promise<void> {
        void this.form.load();
        await settled();
    }

    private next(): TryOut {
        return this.answers.shift() ?? tried('ready');
    }
}

const OUTCOME: VariantStatus = { name: 'main', model: 'churn', version: '2', answers: 'labels', notes: [] };

it('tries the version out at once, on the default for endpoints, and gives it back when it is known', async () => {
    const play = new Play(tried('starting'), tried('ready', { status: OUTCOME }));
    await play.load();
    expect(play.begun).toEqual([{ model: 'churn', version: '2', profile: 'small', answers: null }]);
    expect(play.form.hindrance).toContain('being tried out');
    play.waits.shift()?.();
    await settled();
    expect(play.form.hindrance).toBeNull();
    expect(play.form.answers).toBe('labels');
    expect(play.ended).toEqual(['endpoint_9']);
    expect(play.form.profiles.map(one => one.profile.name)).toEqual(['medium', 'small']);
});

it('deploys what was chosen, and shows how far it is', async () => {
    const play = new Play(tried('ready', { status: OUTCOME }));
    await play.load();
    play.form.setName('credit');
    play.form.answerWith('probabilities');
    expect(play.form.command).toBe(
        'gristmill deploy churn/2 --endpoint credit --profile small --answers probabilities'
    );
    await play.form.deploy();
    expect(play.deployed).toEqual([
        {
            model: 'churn',
            version: '2',
            target: 'dev',
            profile: 'small',
            open: false,
            answers: 'probabilities'
        }
    ]);
    expect(play.form.progress?.step).toBe('starting');
    play.endpoints.add(
        endpoint({
            name: 'credit',
            generation: 3,
            observed: { generation: 3, state: 'ready', variants: [], restarts: 0 }
        })
    );
    expect(play.form.progress?.step).toBe('ready');
});

it('keeps what was typed when it is refused', async () => {
    const play = new Play(tried('ready'));
    await play.load();
    play.form.setName('credit');
    play.refusal = new Error('no');
    await play.form.deploy();
    expect(play.form.problem).toBe(play.refusal);
    expect([play.form.name, play.form.endpoint]).toEqual(['credit', null]);
});

it('does not deploy what cannot be served, nor under a name that cannot be', async () => {
    const play = new Play(tried('failed', { message: 'no lightgbm' }));
    await play.load();
    expect(play.form.hindrance).toContain('try-out');
    expect(await play.form.deploy()).toBeNull();
    play.form.setName('Not a name');
    expect(play.form.hindrance).toContain('name');
});

it('can be deployed without a try-out, which is ended then', async () => {
    const play = new Play(tried('starting', { waiting: 'waiting for 1 core' }));
    await play.load();
    play.form.skip();
    expect(play.form.hindrance).toBeNull();
    expect(play.ended).toEqual(['endpoint_9']);
});

it('leaves no try-out behind when it is closed', async () => {
    const play = new Play(tried('starting'));
    await play.load();
    play.form.dispose();
    expect(play.ended).toEqual(['endpoint_9']);
    play.waits.shift()?.();
    await settled();
    expect(play.ended.filter(id => id !== 'endpoint_9')).toEqual([]);
});

it('begins with the profile of the endpoint that it replaces', async () => {
    const play = new Play(tried('ready'));
    const [variant] = endpoint().variants;
    play.existing = variant ? [endpoint({ variants: [{ ...variant, profile: 'medium' }] })] : [];
    await play.load();
    expect(play.form.profile).toBe('medium');
    expect(play.form.replaced?.variants[0]?.version).toBe('1');
});
