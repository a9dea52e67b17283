import type { Parameter, RunOrder } from '../api/wire';
import { command } from './command';
import { quoted } from './shell';

const ORDER: RunOrder = {
    path: 'work/my train.ipynb',
    retries: 0,
    priority: 0,
    secrets: [],
    data_roots: []
};

function parameter(name: string, type: Parameter['type'], nullable = false): Parameter {
    return {
        name,
        type,
        nullable,
        required: false,
        exclusive_minimum: false,
        exclusive_maximum: false,
        choices: []
    };
}

test('a word of the shell is quoted where it must be', () => {
    expect(quoted('rate=0.1')).toBe('rate=0.1');
    expect(quoted("it's")).toBe(`'it'"'"'s'`);
    expect(quoted('')).toBe("''");
});

test('all that was chosen is in the command', () => {
    const order: RunOrder = {
        ...ORDER,
        parameters: { rate: 0.1, names: ['a', 'b'], missing: null },
        profile: 'small',
        environment: 'ml',
        name: 'first',
        labels: { team: 'risk' },
        timeout_s: 90,
        retries: 1,
        priority: -2,
        secrets: [{ name: 'API_KEY' }, { name: 'DB', env: 'DB' }, { name: 'S3', env: 'AWS_KEY' }],
        data_roots: ['raw'],
        post_mortem_s: 1800
    };
    expect(command(order, [])).toBe(
        `gristmill run 'work/my train.ipynb' -p rate=0.1 -p 'names=["a","b"]' -p missing=none` +
            ' --profile small --environment ml --name first --timeout 90s --retries 1 --label team=risk' +
            ' --secret API_KEY --secret-env DB --secret-env S3=AWS_KEY --priority=-2 --post-mortem=1800s --yes'
    );
});

test('a text that would be read as something else is quoted for the command line', () => {
    const said = (value: unknown, one: Parameter): string =>
        command({ ...ORDER, path: 'a.ipynb', parameters: { x: value } }, [one]);
    expect(said('none', parameter('x', 'str', true))).toBe(`gristmill run a.ipynb -p 'x="none"'`);
    expect(said('1', parameter('x', 'any'))).toBe(`gristmill run a.ipynb -p 'x="1"'`);
    expect(said('1', parameter('x', 'str'))).toBe('gristmill run a.ipynb -p x=1');
});
