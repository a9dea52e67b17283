import type { ModelVersion, Parameter, ParameterType } from '../api/wire';
import { parse, textOf } from './parameters';
import type { ITrans } from './translation';

/** One column or parameter of a model's signature, as MLflow writes it. */
export interface ISpec {
    readonly name?: string;
    readonly type?: unknown;
    readonly required?: boolean;
    readonly default?: unknown;
    readonly shape?: unknown;
    readonly 'tensor-spec'?: { readonly dtype?: string; readonly shape?: readonly number[] };
}

export interface ISignature {
    readonly inputs: readonly ISpec[];
    readonly outputs: readonly ISpec[];
    readonly params: readonly ISpec[];
}

export function signatureOf(version: ModelVersion): ISignature | null {
    const signature = version.signature;
    if (!signature) {
        return null;
    }
    const side = (name: string): readonly ISpec[] => {
        const specs = signature[name];
        return Array.isArray(specs) ? specs.filter(isSpec) : [];
    };
    return { inputs: side('inputs'), outputs: side('outputs'), params: side('params') };
}

function isSpec(value: unknown): value is ISpec {
    return typeof value === 'object' && value !== null;
}

/** `double`, `array of long`, `float64 tensor (-1, 3)`. */
export function typeText(spec: ISpec, trans: ITrans): string {
    const tensor = spec['tensor-spec'];
    if (tensor) {
        return trans.__('%1 tensor (%2)', tensor.dtype ?? '', (tensor.shape ?? []).join(', '));
    }
    const items: unknown = 'items' in spec ? spec.items : undefined;
    if (spec.type === 'array' && isSpec(items)) {
        return trans.__('list of %1', typeText(items, trans));
    }
    return typeof spec.type === 'string' ? spec.type : trans.__('any');
}

const TYPES: Readonly<Record<string, ParameterType>> = {
    boolean: 'bool',
    integer: 'int',
    long: 'int',
    float: 'float',
    double: 'float',
    string: 'str',
    datetime: 'datetime',
    binary: 'str',
    array: 'list',
    object: 'dict',
    map: 'dict'
};

/** A field for each column: what a form asks for one row of. Null where the model takes no named columns. */
export function fieldsOf(specs: readonly ISpec[], trans: ITrans): readonly Parameter[] | null {
    const named = specs.filter((spec): spec is ISpec & { name: string } => typeof spec.name === 'string');
    if (named.length === 0 || named.length < specs.length || named.some(spec => spec['tensor-spec'])) {
        return null;
    }
    return named.map(spec => ({
        name: spec.name,
        type: spec.shape ? 'list' : (TYPES[String(spec.type)] ?? 'any'),
        required: spec.required !== false && !('default' in spec),
        default: 'default' in spec ? spec.default : null,
        nullable: spec.required === false || 'default' in spec,
        help: typeText(spec, trans),
        exclusive_minimum: false,
        exclusive_maximum: false,
        choices: []
    }));
}

type Row = Readonly<Record<string, unknown>>;

/** The first row of an input example, by column; empty where it has no columns. */
export function firstRow(example: unknown): Row {
    if (!isRow(example)) {
        return {};
    }
    const split = example['dataframe_split'];
    if (isRow(split) && Array.isArray(split['columns']) && Array.isArray(split['data'])) {
        const [row] = split['data'] as readonly unknown[];
        const columns = split['columns'].map(String);
        return Array.isArray(row)
            ? Object.fromEntries(columns.map((name, at) => [name, row[at] as unknown]))
            : {};
    }
    const records = example['dataframe_records'];
    if (Array.isArray(records) && isRow(records[0])) {
        return records[0];
    }
    const inputs = example['inputs'];
    return isRow(inputs)
        ? Object.fromEntries(
              Object.entries(inputs).map(([name, column]): [string, unknown] => [
                  name,
                  Array.isArray(column) ? (column[0] as unknown) : column
              ])
          )
        : {};
}

function isRow(value: unknown): value is Row {
    return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** One request that is being typed: a field per column where the model has a signature of columns, else JSON. */
export interface ITyped {
    readonly body: unknown;
    readonly faults: Readonly<Record<string, string>>;
}

/** The body of what was typed; `texts` are by column. A column that may be missing and is empty is left out. */
export function typedBody(
    columns: readonly Parameter[],
    params: readonly Parameter[],
    texts: Readonly<Record<string, string>>,
    trans: ITrans
): ITyped {
    const faults: Record<string, string> = {};
    const read = (parameter: Parameter): unknown => {
        const text = texts[parameter.name] ?? '';
        if (text === '' && parameter.nullable) {
            return null;
        }
        const parsed = parse(parameter, text, trans);
        if ('fault' in parsed) {
            faults[parameter.name] = parsed.fault;
            return null;
        }
        return parsed.value;
    };
    const values = columns
        .map((column): [Parameter, unknown] => [column, read(column)])
        .filter(([column, value]) => value !== null || !column.nullable);
    const given = params
        .map((one): [string, unknown] => [one.name, read(one)])
        .filter(([, value]) => value !== null);
    const split = {
        columns: values.map(([column]) => column.name),
        data: [values.map(([, value]) => value)]
    };
    const body = {
        dataframe_split: split,
        ...(given.length > 0 ? { params: Object.fromEntries(given) } : {})
    };
    return { body, faults };
}

/** What the fields show at first: the example's first row, and the defaults of parameters. */
export function firstTexts(
    columns: readonly Parameter[],
    params: readonly Parameter[],
    example: unknown
): Record<string, string> {
    const row = firstRow(example);
    return Object.fromEntries([
        ...columns.map((one): [string, string] => [one.name, textOf(row[one.name])]),
        ...params.map((one): [string, string] => [one.name, textOf(one.default)])
    ]);
}
