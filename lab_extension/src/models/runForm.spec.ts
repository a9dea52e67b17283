import { Signal } from '@lumino/signaling';

import { ProblemError } from '../api/problem';
import type {
    Environment,
    Launched,
    NotebookFacts,
    Parameter,
    Preflight,
    PreflightOrder,
    ProfileStatus,
    Run,
    RunForecast,
    RunOrder,
    Secret
} from '../api/wire';
import { run } from './made';
import { RunForm } from './runForm';
import type { ISource } from './source';
import { untranslated } from './translation';

const depth: Parameter = {
    name: 'depth',
    type: 'int',
    required: false,
    default: 4,
    nullable: false,
    minimum: 2,
    maximum: 10,
    exclusive_minimum: false,
    exclusive_maximum: false,
    choices: []
};

function profile(name: string, isDefault: boolean): ProfileStatus {
    return {
        profile: {
            name,
            resources: { cpu: 1, memory: 1e9, accelerators: 0 },
            description: '',
            rate_per_hour: 0,
            uses: ['run'],
            groups: [],
            default: isDefault,
            default_for: [],
            tolerations: [],
            shared_memory: 0
        },
        free_slots: 1,
        in_use: 0,
        kept: 0
    };
}

const environment: Environment = {
    project_id: 'default',
    name: 'ml',
    kind: 'requirements',
    source: 'requirements.txt',
    python: '3.11',
    digest: 'sha256:0',
    packages: ['pandas==2.2'],
    created_by: 'me',
    created_at: ''
};

class Source implements ISource {
    path = 'train.ipynb';
    readonly pathChanged = new Signal<unknown, string>(this);
    readonly saved = new Signal<unknown, void>(this);
    isDirty = false;
    isDisposed = false;
    saves = 0;
    last: RunOrder | null = null;
    localPath(): string {
        return this.path;
    }
    read(): Promise<unknown> {
        return Promise.resolve({ cells: [] });
    }
    save(): Promise<void> {
        this.saves += 1;
        return Promise.resolve();
    }
    makeParameters(): Promise<void> {
        return Promise.resolve();
    }
    lastOrder(): Promise<RunOrder | null> {
        return Promise.resolve(this.last);
    }
    remember(order: RunOrder): Promise<void> {
        this.last = order;
        return Promise.resolve();
    }
    dispose(): void {
        this.isDisposed = true;
    }
}

class Api {
    readonly added: Environment[] = [];
    facts: NotebookFacts = {
        kernel: 'python3',
        language: 'python',
        parameters: { language: 'python', cell: 0, parameters: [depth], checked: true },
        suggestions: [],
        secrets: [],
        variables: []
    };
    stored: readonly Secret[] = [];
    looked: PreflightOrder[] = [];
    refusal: Error | null = null;
    orders: RunOrder[] = [];
    readNotebook(): Promise<NotebookFacts> {
        return Promise.resolve(this.facts);
    }
    profiles(): Promise<readonly ProfileStatus[]> {
        return Promise.resolve([profile('small', false), profile('medium', true)]);
    }
    secrets(): Promise<readonly Secret[]> {
        return Promise.resolve(this.stored);
    }
    environments(): Promise<readonly Environment[]> {
        return Promise.resolve([environment, ...this.added]);
    }
    forecasts(): Promise<readonly RunForecast[]> {
        return Promise.resolve([{ profile: 'small', wait_s: 40, seconds: 18 }]);
    }
    useVenv(): Promise<Environment> {
        const added = { name: 'own', packages: [] } as unknown as Environment;
        this.added.push(added);
        return Promise.resolve(added);
    }
    preflight(order: PreflightOrder): Promise<Preflight> {
        this.looked.push(order);
        const forecasts = [{ profile: 'small', wait_s: 0, seconds: 18 }];
        return Promise.resolve({ notebook: order.path, source: '', forecasts, data: [], notices: [] });
    }
    launch(order: RunOrder): Promise<Launched> {
        this.orders.push(order);
        return this.refusal ? Promise.reject(this.refusal) : Promise.resolve({ run: run(), notices: [] });
    }
}

async function loaded(source = new Source()): Promise<{ api: Api; form: RunForm; source: Source }> {
    const api = new Api();
    const form = new RunForm(api, source, untranslated);
    await form.load();
    return { api, form, source };
}

test('what the notebook says is not sent again; the default profile is shown and left to the server', async () => {
    const { api, form, source } = await loaded();
    expect(form.choices.profile).toBe('medium');
    const made: Run | null = await form.run();
    expect(made?.name).toBe('train-1');
    expect(source.saves).toBe(1);
    expect(api.orders[0]).toMatchObject({ path: 'train.ipynb', parameters: {}, profile: null });
});

test('a fault is told once the field was touched, and keeps the run from starting', async () => {
    const { api, form } = await loaded();
    expect(form.values.fault(depth)).toBeNull();
    form.set(depth, '11');
    expect(form.values.fault(depth)).toBe('expected 2 – 10');
    expect(form.hindrance).toBe('To be corrected first: depth');
    expect(await form.run()).toBeNull();
    expect(api.orders).toEqual([]);
    form.set(depth, '7');
    await form.run();
    expect(api.orders[0]?.parameters).toEqual({ depth: 7 });
});

test('the server’s faults stand at their fields until these change; others stand alone', async () => {
    const { api, form } = await loaded();
    api.refusal = new ProblemError({
        type: '',
        title: '',
        status: 400,
        detail: 'two faults',
        code: 'invalid_input',
        faults: [
            { where: 'depth', message: 'too deep' },
            { where: 'data:data', message: 'is not there' }
        ]
    });
    form.set(depth, '7');
    expect(await form.run()).toBeNull();
    expect(form.values.fault(depth)).toBe('too deep');
    expect(form.otherFaults.map(fault => fault.where)).toEqual(['data:data']);
    expect(form.values.text(depth)).toBe('7');
    form.set(depth, '6');
    expect(form.values.fault(depth)).toBeNull();
    api.refusal = null;
    await form.useDataRoot('data');
    expect(api.orders.at(-1)?.data_roots).toEqual(['data']);
});

test('the last values come back, with their profile', async () => {
    const source = new Source();
    source.last = {
        path: 'train.ipynb',
        parameters: { depth: 9, gone: 1 },
        profile: 'small',
        retries: 0,
        priority: 0,
        secrets: [],
        data_roots: []
    };
    const { form } = await loaded(source);
    await form.takeLast();
    expect(form.order().parameters).toEqual({ depth: 9 });
    expect(form.choices.profile).toBe('small');
    form.reset();
    expect(form.values.text(depth)).toBe('4');
});

test('settings of the first cell that has some are offered as parameters', async () => {
    const { api, form } = await loaded();
    expect(form.suggestion).toBeNull();
    const rate = { ...depth, name: 'rate' };
    const none = { language: 'python', cell: null, parameters: [], checked: true };
    const suggestions = [
        { cell: 2, parameter: depth },
        { cell: 2, parameter: rate },
        { cell: 3, parameter: { ...depth, name: 'late' } }
    ];
    api.facts = { ...api.facts, parameters: none, suggestions };
    await form.reread();
    expect(form.suggestion).toEqual({ cell: 2, names: ['depth', 'rate'] });
});

test('all but the name is as it was the last time, where nobody has typed anything else', async () => {
    const source = new Source();
    source.last = {
        path: 'train.ipynb',
        parameters: { depth: 9 },
        environment: 'ml',
        name: 'once',
        labels: { team: 'risk' },
        timeout_s: 120,
        retries: 2,
        priority: 1,
        secrets: [{ name: 'KEY', env: null }],
        data_roots: [],
        post_mortem_s: 600
    };
    const { form } = await loaded(source);
    form.set(depth, '3');
    await form.takeLast();
    expect(form.order()).toEqual({ ...source.last, parameters: { depth: 3 }, profile: null, name: null });
});

test('a form adopts what another was refused with: values, faults at their fields, the reason', async () => {
    const { api, form: refused, source } = await loaded();
    refused.set(depth, '7');
    refused.setMore({ retries: '3' });
    api.refusal = new ProblemError({
        type: '',
        title: '',
        status: 400,
        detail: 'no',
        code: 'invalid_input',
        faults: [{ where: 'depth', message: 'too deep' }]
    });
    expect(await refused.run()).toBeNull();
    const { form } = await loaded(source);
    form.set(depth, '5');
    form.setMore({ timeout: '1 h' });
    form.adopt(refused);
    expect(form.more.timeout).toBe('');
    expect(form.values.text(depth)).toBe('7');
    expect(form.values.fault(depth)).toBe('too deep');
    expect(form.more.retries).toBe('3');
    expect(form.problem).toBe(api.refusal);
});

test('what was made meanwhile is offered when one comes back to the form, and what was typed stays', async () => {
    const { api, form } = await loaded();
    form.set(depth, '7');
    const secret = { created_at: '', created_by: '', changed_at: '', changed_by: '', vault: '' };
    api.stored = [{ ...secret, name: 'NEW' }];
    await form.refresh();
    expect(form.secrets.map(one => one.name)).toContain('NEW');
    expect(form.values.text(depth)).toBe('7');
});

test('the virtual environment of the project is added and chosen by one click', async () => {
    const { form } = await loaded();
    await form.useVenv();
    expect(form.choices.environment).toBe('own');
    expect(form.choices.environments.map(one => one.name)).toContain('own');
});

test('secrets that the notebook asks for come first, also where they are not stored', async () => {
    const { api, form } = await loaded();
    const secret = { created_at: '', created_by: '', changed_at: '', changed_by: '', vault: '' };
    api.stored = ['AAA', 'KEY'].map(name => ({ ...secret, name }));
    api.facts = { ...api.facts, secrets: ['KEY', 'GONE'] };
    await form.load();
    expect(form.secrets).toEqual([
        { name: 'KEY', asked: 'verb', stored: true },
        { name: 'GONE', asked: 'verb', stored: false },
        { name: 'AAA', asked: null, stored: true }
    ]);
    form.grant('KEY', true);
    expect(form.order().secrets).toEqual([{ name: 'KEY', env: null }]);
});

test('a form is left as it is found only before anything was typed, and after that was run', async () => {
    const { form } = await loaded();
    expect(form.isPristine).toBe(true);
    form.set(depth, 'no number');
    expect(form.isPristine).toBe(false);
    form.set(depth, '5');
    expect(form.isPristine).toBe(false);
    await form.run();
    expect(form.isPristine).toBe(true);
    form.setMore({ name: 'mine' });
    expect(form.isPristine).toBe(false);
    form.reset();
    form.set(depth, '5');
    expect(form.isPristine).toBe(true);
});

test('a secret that the notebook reads from its environment is granted as a variable', async () => {
    const { api, form } = await loaded();
    const secret = { created_at: '', created_by: '', changed_at: '', changed_by: '', vault: '' };
    api.stored = ['AAA', 'DB'].map(name => ({ ...secret, name }));
    api.facts = { ...api.facts, variables: ['http_proxy', 'DB', 'API_TOKEN'] };
    await form.load();
    expect(form.secrets).toEqual([
        { name: 'DB', asked: 'variable', stored: true },
        { name: 'API_TOKEN', asked: 'variable', stored: false },
        { name: 'AAA', asked: null, stored: true }
    ]);
    form.grant('DB', true);
    form.grant('AAA', true);
    expect(form.order().secrets).toEqual([
        { name: 'DB', env: 'DB' },
        { name: 'AAA', env: null }
    ]);
    form.grantAsVariable('DB', false);
    form.grantAsVariable('AAA', true);
    expect(form.order().secrets).toEqual([
        { name: 'DB', env: null },
        { name: 'AAA', env: 'AAA' }
    ]);
});

test('what is known of the run is asked for again with another environment, when saved, and when renamed', async () => {
    const { api, form, source } = await loaded();
    expect(api.looked).toEqual([{ path: 'train.ipynb', environment: null }]);
    expect(form.outlook.forecast('small')?.seconds).toBe(18);
    form.chooseEnvironment('ml');
    source.saved.emit();
    source.path = 'renamed.ipynb';
    source.pathChanged.emit('renamed.ipynb');
    expect(api.looked.slice(1)).toEqual([
        { path: 'train.ipynb', environment: 'ml' },
        { path: 'train.ipynb', environment: 'ml' },
        { path: 'renamed.ipynb', environment: 'ml' }
    ]);
    expect(form.order().path).toBe('renamed.ipynb');
    form.dispose();
    expect(source.isDisposed).toBe(true);
});

test('what is free is asked for again without reading the notebook again', async () => {
    const { api, form } = await loaded();
    await form.renew();
    expect(form.outlook.forecast('small')?.wait_s).toBe(40);
    expect(api.looked).toHaveLength(1);
});

test('what the settings say is where a form begins', async () => {
    const form = new RunForm(new Api(), new Source(), untranslated, () => ({
        profile: 'small',
        postMortem: 30
    }));
    await form.load();
    expect(form.order()).toMatchObject({ profile: 'small', post_mortem_s: 1800 });
});
