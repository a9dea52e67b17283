import { ProblemError } from '../api/problem';
import type { Launched, NotebookFacts, Parameter, ProfileStatus, Run, RunOrder, Secret } from '../api/wire';
import { run } from './made';
import { type ISource, RunForm, labelsOf } from './runForm';
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
            default_for: []
        },
        free_slots: 1,
        in_use: 0,
        kept: 0
    };
}

class Source implements ISource {
    path = 'train.ipynb';
    saved = 0;
    last: RunOrder | null = null;
    localPath(): string {
        return this.path;
    }
    read(): Promise<unknown> {
        return Promise.resolve({ cells: [] });
    }
    save(): Promise<void> {
        this.saved += 1;
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
}

class Api {
    facts: NotebookFacts = {
        kernel: 'python3',
        language: 'python',
        parameters: { language: 'python', cell: 0, parameters: [depth], checked: true },
        suggestions: []
    };
    refusal: Error | null = null;
    orders: RunOrder[] = [];
    readNotebook(): Promise<NotebookFacts> {
        return Promise.resolve(this.facts);
    }
    profiles(): Promise<readonly ProfileStatus[]> {
        return Promise.resolve([profile('small', false), profile('medium', true)]);
    }
    secrets(): Promise<readonly Secret[]> {
        return Promise.resolve([]);
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
    expect(form.profile).toBe('medium');
    const made: Run | null = await form.run();
    expect(made?.name).toBe('train-1');
    expect(source.saved).toBe(1);
    expect(api.orders[0]).toMatchObject({ path: 'train.ipynb', parameters: {}, profile: null });
});

test('a fault is told once the field was touched, and keeps the run from starting', async () => {
    const { api, form } = await loaded();
    expect(form.fault(depth)).toBeNull();
    form.set(depth, '11');
    expect(form.fault(depth)).toBe('expected 2 – 10');
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
    expect(form.fault(depth)).toBe('too deep');
    expect(form.otherFaults.map(fault => fault.where)).toEqual(['data:data']);
    expect(form.text(depth)).toBe('7');
    form.set(depth, '6');
    expect(form.fault(depth)).toBeNull();
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
    expect(form.profile).toBe('small');
    form.reset();
    expect(form.text(depth)).toBe('4');
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

test('labels are pairs', () => {
    expect(labelsOf('team=risk, try = 2')).toEqual({ team: 'risk', try: '2' });
    expect(labelsOf('')).toEqual({});
    expect(labelsOf('team')).toBeNull();
});
