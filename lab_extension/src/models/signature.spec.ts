import { version } from './madeModels';
import { fieldsOf, firstRow, firstTexts, signatureOf, typeText, typedBody } from './signature';
import { untranslated as trans } from './translation';

const INPUTS = [
    { name: 'minutes', type: 'double', required: true },
    { name: 'plan', type: 'string', required: false },
    { name: 'calls', type: 'long', required: true }
];
const PARAMS = [{ name: 'threshold', type: 'double', default: 0.5, shape: null }];
const EXAMPLE = {
    dataframe_split: {
        columns: ['minutes', 'plan', 'calls'],
        data: [
            [1.5, 'yes', 3],
            [2, 'no', 4]
        ]
    }
};

it('makes a typed field of each column', () => {
    const fields = fieldsOf(INPUTS, trans);
    expect(fields?.map(one => [one.name, one.type, one.nullable])).toEqual([
        ['minutes', 'float', false],
        ['plan', 'str', true],
        ['calls', 'int', false]
    ]);
    expect(
        fieldsOf([{ type: 'tensor', 'tensor-spec': { dtype: 'float64', shape: [-1, 3] } }], trans)
    ).toBeNull();
    expect(fieldsOf([{ type: 'double' }], trans)).toBeNull();
});

it('begins with the first row of the example and with the defaults of parameters', () => {
    const columns = fieldsOf(INPUTS, trans) ?? [];
    const params = fieldsOf(PARAMS, trans) ?? [];
    expect(firstTexts(columns, params, EXAMPLE)).toEqual({
        minutes: '1.5',
        plan: 'yes',
        calls: '3',
        threshold: '0.5'
    });
});

it('reads the first row of every form that a request may have', () => {
    expect(firstRow({ dataframe_records: [{ a: 1 }] })).toEqual({ a: 1 });
    expect(firstRow({ inputs: { a: [1, 2] } })).toEqual({ a: 1 });
    expect(firstRow({ inputs: [[1, 2]] })).toEqual({});
    expect(firstRow(null)).toEqual({});
});

it('sends typed values, leaves out what may be missing, and says which field does not fit', () => {
    const columns = fieldsOf(INPUTS, trans) ?? [];
    const params = fieldsOf(PARAMS, trans) ?? [];
    const typed = typedBody(columns, params, { minutes: '2', plan: '', calls: '7', threshold: '0.1' }, trans);
    expect(typed.faults).toEqual({});
    expect(typed.body).toEqual({
        dataframe_split: { columns: ['minutes', 'calls'], data: [[2, 7]] },
        params: { threshold: 0.1 }
    });
    expect(typedBody(columns, [], { minutes: 'many', calls: '' }, trans).faults).toEqual({
        minutes: 'expected a number',
        calls: 'needs a value'
    });
});

it('says what a type is', () => {
    expect(typeText({ type: 'tensor', 'tensor-spec': { dtype: 'float64', shape: [-1, 3] } }, trans)).toBe(
        'float64 tensor (-1, 3)'
    );
    const list: object = { type: 'array', items: { type: 'long' } };
    expect(typeText(list, trans)).toBe('list of long');
});

it('has no signature where the model has none', () => {
    expect(signatureOf(version())).toBeNull();
    expect(signatureOf(version({ signature: { inputs: INPUTS, outputs: null } }))?.inputs).toHaveLength(3);
});
