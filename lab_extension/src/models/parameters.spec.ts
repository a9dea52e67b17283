import type { Parameter } from '../api/wire';
import { describe as described, parse, textOf } from './parameters';
import { untranslated as trans } from './translation';

function parameter(said: Partial<Parameter>): Parameter {
    return {
        name: 'p',
        type: 'float',
        required: false,
        nullable: false,
        exclusive_minimum: false,
        exclusive_maximum: false,
        choices: [],
        ...said
    };
}

const reads = (said: Partial<Parameter>, text: string): unknown => {
    const parsed = parse(parameter(said), text, trans);
    return 'value' in parsed ? parsed.value : `! ${parsed.fault}`;
};

describe('a typed field', () => {
    test.each([
        [{ type: 'int' as const }, ' 12 ', 12],
        [{ type: 'int' as const }, '1.5', '! expected a whole number'],
        [{ type: 'int' as const }, '99999999999999999999', '! is too large'],
        [{ type: 'float' as const }, '1e-3', 0.001],
        [{ type: 'float' as const }, '.5', 0.5],
        [{ type: 'float' as const }, '0.9x', '! expected a number'],
        [{ type: 'float' as const }, '', '! is empty'],
        [{ type: 'float' as const, required: true }, '', '! needs a value'],
        [{ type: 'float' as const, nullable: true }, '', null],
        [{ type: 'bool' as const }, 'false', false],
        [{ type: 'str' as const }, ' kept as typed ', ' kept as typed '],
        [{ type: 'date' as const }, '2026-11-23', '2026-11-23'],
        [{ type: 'date' as const }, '23.11.2026', '! expected a date as 2026-11-23'],
        [{ type: 'list' as const }, '[1, 2]', [1, 2]],
        [{ type: 'list' as const }, '{"a": 1}', '! expected a list as [1, 2]'],
        [{ type: 'dict' as const }, '{"a": 1}', { a: 1 }],
        [{ type: 'literal' as const, choices: ['a', 2] }, '2', 2],
        [{ type: 'literal' as const, choices: ['a', 2] }, 'b', '! expected one of the choices'],
        [{ type: 'any' as const }, 'plain', 'plain'],
        [{ type: 'any' as const }, '3', 3]
    ])('%j reads %j as %j', (said, text, expected) => {
        expect(reads(said, text)).toEqual(expected);
    });

    test('a range is kept, its ends as the notebook says', () => {
        const said = { minimum: 0, maximum: 1, exclusive_minimum: true };
        expect(reads(said, '1')).toBe(1);
        expect(reads(said, '0')).toBe('! expected above 0 – 1');
        expect(reads(said, '2')).toBe('! expected above 0 – 1');
    });

    test('says what it takes', () => {
        expect(described(parameter({ minimum: 0.001, maximum: 0.5 }), trans)).toBe('float, 0.001 – 0.5');
        expect(described(parameter({ type: 'list', items: 'str' }), trans)).toBe('list of str');
        expect(described(parameter({ type: 'int', minimum: 2 }), trans)).toBe('int, at least 2');
    });

    test('shows a value as it is typed', () => {
        expect([0.1, 'a', true, null, [1]].map(textOf)).toEqual(['0.1', 'a', 'true', '', '[1]']);
    });
});
