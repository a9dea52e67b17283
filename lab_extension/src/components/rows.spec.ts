import type * as React from 'react';

import { registered, version } from '../models/madeModels';
import { rowKeys } from '../models/registry';
import { tabStop, toField } from './rows';

describe('the row that Tab leads to', () => {
    it.each([
        ['the first at first', null, 'churn'],
        ['the one that had the focus', 'fraud', 'fraud'],
        ['the first where that one was filtered away or deleted', 'gone', 'churn']
    ])('is %s', (_, focused, expected) => {
        expect(tabStop(focused, ['churn', 'fraud'])).toBe(expected);
    });

    it('is none where there are no rows', () => {
        expect(tabStop('gone', [])).toBeNull();
    });

    it('is no version of a model that was closed, and none that is not among the newest', () => {
        const models = [registered(...['1', '2', '3'].map(number => version({ version: number })))];
        expect(rowKeys(models, new Set(), 2)).toEqual(['churn', 'churn/3', 'churn/2']);
        expect(rowKeys(models, new Set(['churn']), 2)).toEqual(['churn']);
    });
});

class Element {
    isContentEditable = false;
    focused = 0;

    constructor(private readonly tag = 'div') {}

    matches(selector: string): boolean {
        return selector.split(/[:,\s]+/).includes(this.tag);
    }

    focus(): void {
        this.focused += 1;
    }
}

describe('the key to a field', () => {
    const before = globalThis.HTMLElement;
    let field: Element;

    beforeEach(() => {
        Object.assign(globalThis, { HTMLElement: Element });
        field = new Element('input');
    });

    afterEach(() => {
        Object.assign(globalThis, { HTMLElement: before });
    });

    function press(target: Element, said: Partial<KeyboardEvent> = {}): boolean {
        const preventDefault = jest.fn();
        const event = {
            key: '/',
            ctrlKey: false,
            metaKey: false,
            altKey: false,
            target,
            preventDefault,
            ...said
        };
        toField(event as unknown as React.KeyboardEvent<HTMLElement>, field as unknown as HTMLElement);
        expect(preventDefault).toHaveBeenCalledTimes(field.focused);
        return field.focused > 0;
    }

    it('leads there', () => {
        expect(press(new Element())).toBe(true);
    });

    it.each(['ctrlKey', 'metaKey', 'altKey'])('is another one with %s', modifier => {
        expect(press(new Element(), { [modifier]: true })).toBe(false);
    });

    it('is text where one types', () => {
        const editor = new Element();
        editor.isContentEditable = true;
        expect(press(editor)).toBe(false);
        expect(press(new Element('textarea'))).toBe(false);
    });
});
