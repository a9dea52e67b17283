import type { Parameter } from '../api/wire';
import type { ITrans } from './translation';

export type Parsed = { readonly value: unknown } | { readonly fault: string };

const INTEGER = /^[+-]?\d+$/;
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const DATE = /^\d{4}-\d{2}-\d{2}$/;
const DATETIME = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?$/;

/** `float, 0.001 – 0.5`, as it stands beside the field. */
export function describe(parameter: Parameter, trans: ITrans): string {
    const kind =
        parameter.type === 'list' && parameter.items
            ? trans.__('list of %1', parameter.items)
            : parameter.type;
    const range = rangeOf(parameter, trans);
    const words = parameter.type === 'literal' || kind === 'any' ? '' : kind;
    return [words, range].filter(Boolean).join(', ');
}

export function rangeOf(parameter: Parameter, trans: ITrans): string {
    const { minimum: low, maximum: high } = parameter;
    if (isNumber(low) && isNumber(high)) {
        const from = parameter.exclusive_minimum ? trans.__('above %1', low) : String(low);
        const to = parameter.exclusive_maximum ? trans.__('below %1', high) : String(high);
        return `${from} – ${to}`;
    }
    if (isNumber(low)) {
        return parameter.exclusive_minimum ? trans.__('above %1', low) : trans.__('at least %1', low);
    }
    if (isNumber(high)) {
        return parameter.exclusive_maximum ? trans.__('below %1', high) : trans.__('at most %1', high);
    }
    return '';
}

/** What the field shows for a value. */
export function textOf(value: unknown): string {
    if (value === null || value === undefined) {
        return '';
    }
    return typeof value === 'string' ? value : JSON.stringify(value);
}

/** The typed value of what was typed, or what is wrong with it. An empty field of a nullable parameter is null. */
export function parse(parameter: Parameter, text: string, trans: ITrans): Parsed {
    const trimmed = text.trim();
    if (trimmed === '' && parameter.type !== 'str') {
        return parameter.nullable
            ? { value: null }
            : { fault: parameter.required ? trans.__('needs a value') : trans.__('is empty') };
    }
    const parsed = typed(parameter, trimmed, text, trans);
    return 'fault' in parsed ? parsed : inRange(parameter, parsed, trans);
}

function typed(parameter: Parameter, trimmed: string, text: string, trans: ITrans): Parsed {
    switch (parameter.type) {
        case 'int':
            return INTEGER.test(trimmed)
                ? { value: Number(trimmed) }
                : { fault: trans.__('expected a whole number') };
        case 'float':
            return NUMBER.test(trimmed)
                ? { value: Number(trimmed) }
                : { fault: trans.__('expected a number') };
        case 'bool':
            return trimmed === 'true' || trimmed === 'false'
                ? { value: trimmed === 'true' }
                : { fault: trans.__('expected true or false') };
        case 'date':
            return DATE.test(trimmed)
                ? { value: trimmed }
                : { fault: trans.__('expected a date as 2026-11-23') };
        case 'datetime':
            return DATETIME.test(trimmed)
                ? { value: trimmed }
                : { fault: trans.__('expected a time as 2026-11-23T09:30') };
        case 'list':
            return json(trimmed, Array.isArray, trans.__('expected a list as [1, 2]'));
        case 'dict':
            return json(trimmed, isObject, trans.__('expected an object as {"a": 1}'));
        case 'literal':
            return chosen(parameter, trimmed, trans);
        case 'any':
            return loose(trimmed);
        case 'str':
            return { value: text };
    }
}

function chosen(parameter: Parameter, text: string, trans: ITrans): Parsed {
    const found = parameter.choices.find(choice => textOf(choice) === text);
    return found === undefined ? { fault: trans.__('expected one of the choices') } : { value: found };
}

function json(text: string, fits: (value: unknown) => boolean, fault: string): Parsed {
    try {
        const value: unknown = JSON.parse(text);
        return fits(value) ? { value } : { fault };
    } catch {
        return { fault };
    }
}

function loose(text: string): Parsed {
    try {
        return { value: JSON.parse(text) as unknown };
    } catch {
        return { value: text };
    }
}

function inRange(parameter: Parameter, parsed: { readonly value: unknown }, trans: ITrans): Parsed {
    const { minimum: low, maximum: high } = parameter;
    const { value } = parsed;
    if (typeof value !== 'number') {
        return parsed;
    }
    if (!Number.isFinite(value) || (parameter.type === 'int' && !Number.isSafeInteger(value))) {
        return { fault: trans.__('is too large') };
    }
    const above = !isNumber(low) || (parameter.exclusive_minimum ? value > low : value >= low);
    const below = !isNumber(high) || (parameter.exclusive_maximum ? value < high : value <= high);
    return above && below ? parsed : { fault: trans.__('expected %1', rangeOf(parameter, trans)) };
}

function isNumber(value: number | null | undefined): value is number {
    return typeof value === 'number';
}

function isObject(value: unknown): boolean {
    return typeof value === 'object' && value !== null && !Array.isArray(value);
}
