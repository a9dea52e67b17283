import type * as React from 'react';

/** What of a list’s entry has the focus, in panels and where one is chosen. */
export const ROW = '.gr-Row';

/** The row that Tab leads to: what had the focus last, as long as it is among those shown; else the first. */
export function tabStop(focused: string | null, shown: readonly string[]): string | null {
    return focused !== null && shown.includes(focused) ? focused : (shown[0] ?? null);
}

/** Up and down move between the rows of a list, Home and End to its ends; up from the first leads to what is above. */
export function moveAmong(
    event: React.KeyboardEvent<HTMLElement>,
    selector: string,
    above?: HTMLElement | null
): void {
    const rows = [...event.currentTarget.querySelectorAll<HTMLElement>(selector)];
    const at = rows.findIndex(row => row === document.activeElement);
    const to: Readonly<Record<string, number>> = {
        ArrowDown: at + 1,
        ArrowUp: at - 1,
        Home: 0,
        End: rows.length - 1
    };
    const next = to[event.key];
    if (next !== undefined) {
        (next < 0 ? above : rows[next])?.focus();
        event.preventDefault();
    }
}

/** Down from a filter leads to the first row of what it filters. */
export function toFirst(event: React.KeyboardEvent<HTMLElement>, selector: string): void {
    const first = event.currentTarget.closest('.lm-Widget')?.querySelector<HTMLElement>(selector);
    if (event.key === 'ArrowDown' && first) {
        first.focus();
        event.preventDefault();
    }
}

/** What Enter or Space do on a row that has the focus itself. */
export function onActivate(act: () => void): (event: React.KeyboardEvent<HTMLElement>) => void {
    return event => {
        if (event.target === event.currentTarget && (event.key === 'Enter' || event.key === ' ')) {
            event.preventDefault();
            act();
        }
    };
}

/** `/` leads to a field from wherever nothing is typed. */
export function toField(event: React.KeyboardEvent<HTMLElement>, field: HTMLElement | null): void {
    if (
        event.key !== '/' ||
        event.ctrlKey ||
        event.metaKey ||
        event.altKey ||
        !field ||
        types(event.target)
    ) {
        return;
    }
    event.preventDefault();
    field.focus();
}

function types(target: EventTarget): boolean {
    return (
        target instanceof HTMLElement &&
        (target.isContentEditable || target.matches('input:not([type="checkbox"]), select, textarea'))
    );
}
