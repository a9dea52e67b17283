import type { RegisteredModel } from '../api/wire';
import { Said, settled } from './made';
import { asConnection, registered, version } from './madeModels';
import { ModelPage, measured, metricNames } from './modelPage';
import { Registry, newestFirst, predecessor } from './registry';

const VERSIONS = ['2', '10', '9'].map(number =>
    version({ version: number, metrics: { auc: Number(number) } })
);

function page(chosen = ''): {
    page: ModelPage;
    asked: string[];
    registry: Registry;
    models: RegisteredModel[];
} {
    const asked: string[] = [];
    const models = [registered(...VERSIONS)];
    const registry = new Registry({ models: () => Promise.resolve([...models]) }, asConnection(new Said()));
    const made = new ModelPage(
        {
            version: (name, number) => {
                asked.push(number);
                return Promise.resolve(version({ name, version: number, suggestion: 'whole' }));
            }
        },
        registry,
        'churn',
        chosen
    );
    return { page: made, asked, registry, models };
}

it('orders versions by number and knows which came before', () => {
    expect(newestFirst(VERSIONS).map(one => one.version)).toEqual(['10', '9', '2']);
    expect(predecessor(VERSIONS, '9')?.version).toBe('2');
    expect(predecessor(VERSIONS, '2')).toBeNull();
});

it('shows the newest with the one before it, whole, and asks for each once', async () => {
    const { page: made, asked } = page();
    await made.load();
    expect(made.version?.version).toBe('10');
    expect(made.before?.suggestion).toBe('whole');
    made.choose('9');
    await settled();
    expect(made.version?.version).toBe('9');
    expect(asked).toEqual(['10', '9', '2']);
});

it('goes on to a newer version when there is one, unless one was chosen', async () => {
    const { page: made, registry, models } = page();
    await made.load();
    models[0] = registered(...VERSIONS, version({ version: '11' }));
    await registry.refresh();
    await settled();
    expect(made.version?.version).toBe('11');
});

it('makes one metric of MLflow’s three', () => {
    const metrics = { auc: 0.9, auc_std: 0.01, auc_count: 5, load_std: 2 };
    expect([...measured(metrics)]).toEqual([
        ['auc', { value: 0.9, spread: 0.01 }],
        ['load_std', { value: 2, spread: null }]
    ]);
    expect(metricNames([version({ metrics }), version({ metrics: { f1: 1, auc: 0 } })])).toEqual([
        'auc',
        'load_std',
        'f1'
    ]);
});
