import { Signal } from '@lumino/signaling';

import type { Run, RunDetail } from '../api/wire';
import { Said, run, settled } from './made';
import { asConnection, registered, version } from './madeModels';
import { RegisterForm } from './registerForm';
import { Registry } from './registry';
import type { Runs } from './runs';
import { untranslated as trans } from './translation';

const MODELS = [
    { id: 'm-1', name: 'plain' },
    { id: 'm-2', name: 'boosted' }
];

class Known {
    readonly changed = new Signal<Known, void>(this);
    constructor(readonly all: readonly Run[]) {}
    get(id: string): Run | undefined {
        return this.all.find(one => one.id === id);
    }
}

function form(
    key: string | null,
    runs: readonly Run[],
    models = [registered(version({ name: 'loans', run_id: 'run_0' }))]
): { form: RegisterForm; sent: object[]; refuse: (error: Error) => void } {
    const sent: object[] = [];
    let refusal: Error | null = null;
    const registry = new Registry({ models: () => Promise.resolve(models) }, asConnection(new Said()));
    const made = new RegisterForm(
        {
            run: id => {
                const found = runs.find(one => one.id === id);
                return found
                    ? Promise.resolve({ run: found, attempts: [], outputs: [], held: [] } as RunDetail)
                    : Promise.reject(new Error('no such run'));
            }
        },
        {
            register: (name, request) => {
                sent.push({ name, ...request });
                return refusal ? Promise.reject(refusal) : Promise.resolve(version({ name, version: '2' }));
            }
        },
        registry,
        new Known(runs) as unknown as Runs,
        key,
        trans
    );
    return {
        form: made,
        sent,
        refuse: error => {
            refusal = error;
        }
    };
}

it('offers what the notebook logged the model as, and the model that it made before', async () => {
    const first = run({ id: 'run_1', models: MODELS.slice(0, 1) });
    const one = form('run_1', [first]);
    await one.form.load();
    expect(one.form.name).toBe('plain');
    expect(one.form.nextVersion).toBe(1);
    const other = form('run_1', [first, run({ id: 'run_0' })]);
    await other.form.load();
    expect(other.form.name).toBe('loans');
    expect(other.form.nextVersion).toBe(2);
});

it('offers the notebook’s name where the model is called no more than a model', async () => {
    const { form: made } = form('run_1', [run({ id: 'run_1', models: [{ id: 'm-1', name: 'model' }] })]);
    await made.load();
    expect(made.name).toBe('train');
});

it('offers for each of several models its own name', async () => {
    const { form: made } = form('run_1', [run({ id: 'run_1', models: MODELS }), run({ id: 'run_0' })]);
    await made.load();
    expect(made.name).toBe('boosted');
    made.choose('m-1');
    expect(made.name).toBe('plain');
});

it('of several models registers the one that was chosen', async () => {
    const { form: made, sent } = form('run_1', [run({ id: 'run_1', number: 7, models: MODELS })]);
    await made.load();
    expect(made.model).toBe('m-2');
    made.choose('m-1');
    made.setName('churn');
    made.setDescription('with plan');
    expect(made.command).toBe(
        "gristmill models register churn --run 7 --model plain --description 'with plan'"
    );
    await made.register();
    expect(sent).toEqual([{ name: 'churn', run: 'run_1', model: 'm-1', description: 'with plan' }]);
    expect(made.registered?.version).toBe('2');
});

it('keeps what was typed when it is refused', async () => {
    const { form: made, refuse } = form('run_1', [run({ id: 'run_1', models: MODELS })]);
    await made.load();
    made.setName('churn');
    refuse(new Error('MLflow is away'));
    await made.register();
    expect([made.name, made.registered]).toEqual(['churn', null]);
    expect(made.problem).toBeInstanceOf(Error);
});

it('says what is in the way', async () => {
    const { form: made } = form('run_1', [run({ id: 'run_1', models: MODELS })]);
    await made.load();
    made.setName('a/b');
    expect(made.hindrance).not.toBeNull();
    const { form: bare } = form('run_1', [run({ id: 'run_1' })]);
    await bare.load();
    expect(bare.hindrance).toBe('The run logged no model.');
});

it('without a run lets one be chosen of those that logged a model', async () => {
    const with_ = run({ id: 'run_2', state: 'succeeded', models: MODELS });
    const { form: made } = form(null, [with_, run({ id: 'run_1', state: 'succeeded' })]);
    expect(made.candidates.map(one => one.id)).toEqual(['run_2']);
    await made.chooseRun('run_2');
    await settled();
    expect(made.run?.id).toBe('run_2');
});
