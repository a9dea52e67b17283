import { caretDownIcon, caretRightIcon, caretUpIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { Run } from '../api/wire';
import { baseName } from '../models/quantities';
import { isOver } from '../models/runEvents';
import type { RunsTable } from '../models/runsTable';
import { cellOf, columnTitle, columnWidth, difference, isFigure, isSortable } from '../models/tableView';
import type { ITrans } from '../models/translation';
import { State, useNow } from './common';

export const ROW = 28; // pixels
const SPARE = 12; // rows above and below those in sight
const CHECK = 34; // pixels

export interface ITableGridProps {
    readonly table: RunsTable;
    readonly trans: ITrans;
    readonly grid: React.RefObject<HTMLDivElement>;
    readonly onOpen: (run: Run) => void;
    readonly onDelete: () => void;
}

/**
 * The rows in sight, and nothing else. Arrows move, Enter opens, Space picks, Shift picks all between; a group opens by
 * Right and closes by Left.
 */
export function TableGrid(props: ITableGridProps): React.JSX.Element {
    const { table, trans, grid, onOpen, onDelete } = props;
    const [sight, setSight] = React.useState({ top: 0, height: 600 });
    const [active, setActive] = React.useState(0);
    const anchor = React.useRef(0);
    const { columns, rows, selection, baseline } = table;
    const now = useNow(false);
    const { length } = rows;
    const first = Math.max(0, Math.floor(sight.top / ROW) - SPARE);
    const last = Math.min(length - 1, Math.ceil((sight.top + sight.height) / ROW) + SPARE);
    const at = Math.min(active, Math.max(0, length - 1));

    React.useEffect(() => {
        table.ensure(first, last);
    });
    React.useLayoutEffect(() => {
        const node = grid.current;
        if (!node) {
            return undefined;
        }
        const measure = (): void => {
            setSight({ top: node.scrollTop, height: node.clientHeight });
            table.atTop = node.scrollTop < ROW;
        };
        const sizes = new ResizeObserver(measure);
        sizes.observe(node);
        node.addEventListener('scroll', measure, { passive: true });
        measure();
        return () => {
            sizes.disconnect();
            node.removeEventListener('scroll', measure);
        };
    }, [grid, table]);

    // Another question begins at its first answer.
    const question = JSON.stringify([table.view.query, table.view.sort, table.view.group]);
    const asked = React.useRef(question);
    React.useLayoutEffect(() => {
        if (asked.current !== question) {
            asked.current = question;
            setActive(0);
            if (grid.current) {
                grid.current.scrollTop = 0;
            }
        }
    }, [question, grid]);

    const sample = rows.first;
    const figures = new Set(
        columns.filter(
            column =>
                isFigure(column) ||
                (sample && cellOf(sample, column, now, table.prices, trans).figure !== null)
        )
    );
    const widths = columns.map(columnWidth);
    const width = CHECK + widths.reduce((sum, one) => sum + one, 0);
    const template = `${CHECK}px ${widths.map(one => `minmax(${one}px, ${one}fr)`).join(' ')}`;
    const pinned = baseline ? 1 : 0;
    const head = (1 + pinned) * ROW;

    const reveal = (place: number): void => {
        const node = grid.current;
        if (!node) {
            return;
        }
        const top = place * ROW;
        const room = node.clientHeight - head - 4;
        if (top < node.scrollTop) {
            node.scrollTop = top;
        } else if (top + ROW > node.scrollTop + room) {
            node.scrollTop = top + ROW - room;
        }
    };
    const moveTo = (place: number, extend: boolean): void => {
        const next = Math.max(0, Math.min(length - 1, place));
        setActive(next);
        reveal(next);
        if (extend) {
            pickBetween(anchor.current, next);
        } else {
            anchor.current = next;
        }
    };
    const pickBetween = (from: number, to: number): void => {
        const [low, high] = from < to ? [from, to] : [to, from];
        const found: Run[] = [];
        for (let place = low; place <= high; place += 1) {
            const row = table.row(place);
            if (row.kind === 'run' && row.run) {
                found.push(row.run);
            }
        }
        selection.add(found);
    };
    const activate = (place: number): void => {
        const row = table.row(place);
        if (row.kind === 'group') {
            table.toggle(row.group.key ?? null);
        } else if (row.run) {
            onOpen(row.run);
        }
    };
    const onKeyDown = (event: React.KeyboardEvent): void => {
        if (event.target !== event.currentTarget) {
            return;
        }
        const page = Math.max(1, Math.floor(sight.height / ROW) - 2);
        const places: Readonly<Record<string, number>> = {
            ArrowDown: at + 1,
            ArrowUp: at - 1,
            PageDown: at + page,
            PageUp: at - page,
            Home: 0,
            End: length - 1
        };
        const place = places[event.key];
        const row = table.row(at);
        if (place !== undefined) {
            moveTo(place, event.shiftKey);
        } else if (event.key === 'Enter') {
            activate(at);
        } else if (event.key === ' ') {
            if (row.kind === 'run' && row.run) {
                selection.toggle(row.run);
            } else {
                activate(at);
            }
        } else if (
            row.kind === 'group' &&
            ((event.key === 'ArrowRight' && !row.open) || (event.key === 'ArrowLeft' && row.open))
        ) {
            activate(at);
        } else if (event.key === 'Escape' && selection.size > 0) {
            selection.clear();
        } else if (event.key === 'Delete' && selection.size > 0) {
            onDelete();
        } else {
            return;
        }
        event.preventDefault();
        event.stopPropagation();
    };

    const drawn: React.ReactNode[] = [];
    for (let place = first; place <= last; place += 1) {
        const row = table.row(place);
        const shared = {
            id: `gr-table-row-${place}`,
            role: 'row',
            'aria-rowindex': place + 2,
            style: { top: place * ROW, gridTemplateColumns: template }
        };
        if (row.kind === 'group') {
            const Caret = row.open ? caretDownIcon : caretRightIcon;
            const { group } = row;
            const key = group.key ?? null;
            drawn.push(
                <div
                    key={`group ${key ?? ''}`}
                    {...shared}
                    className={`gr-Table-row gr-mod-group ${place === at ? 'gr-mod-active' : ''}`}
                    aria-expanded={row.open}
                    onClick={() => {
                        setActive(place);
                        table.toggle(key);
                    }}
                >
                    <span role="gridcell" className="gr-Table-group" title={key ?? ''}>
                        <Caret.react tag="span" />
                        <strong>{groupTitle(key, table, trans)}</strong>
                        <span className="gr-dim">
                            {group.count === 1 ? trans.__('1 run') : trans.__('%1 runs', group.count)}
                        </span>
                    </span>
                </div>
            );
            continue;
        }
        const { run } = row;
        if (!run) {
            drawn.push(
                <div
                    key={`place ${place}`}
                    {...shared}
                    className="gr-Table-row gr-mod-coming"
                    aria-busy="true"
                >
                    <span role="gridcell" />
                    {columns.map(column => (
                        <span key={column} role="gridcell" className="gr-Table-cell">
                            <span className="gr-Table-skeleton" />
                        </span>
                    ))}
                </div>
            );
            continue;
        }
        drawn.push(
            <div
                key={run.id}
                {...shared}
                data-run={run.name}
                className={`gr-Table-row ${place === at ? 'gr-mod-active' : ''} ${selection.has(run.id) ? 'gr-mod-picked' : ''}`}
                aria-selected={selection.has(run.id)}
                onClick={event => {
                    setActive(place);
                    if (event.shiftKey) {
                        pickBetween(anchor.current, place);
                    } else if (event.metaKey || event.ctrlKey) {
                        selection.toggle(run);
                        anchor.current = place;
                    } else {
                        anchor.current = place;
                    }
                }}
                onDoubleClick={() => {
                    onOpen(run);
                }}
                onContextMenu={() => {
                    setActive(place);
                    if (!selection.has(run.id)) {
                        selection.only(run);
                    }
                }}
            >
                <span role="gridcell" className="gr-Table-check">
                    <input
                        type="checkbox"
                        tabIndex={-1}
                        aria-label={trans.__('Pick %1', run.name)}
                        checked={selection.has(run.id)}
                        onClick={event => {
                            event.stopPropagation();
                        }}
                        onChange={event => {
                            if (event.nativeEvent instanceof MouseEvent && event.nativeEvent.shiftKey) {
                                pickBetween(anchor.current, place);
                            } else {
                                selection.toggle(run);
                            }
                            anchor.current = place;
                        }}
                    />
                </span>
                <Cells {...props} run={run} now={now} />
            </div>
        );
    }

    return (
        <div
            ref={grid}
            className="gr-Table"
            role="grid"
            tabIndex={0}
            aria-label={trans.__('Runs')}
            aria-rowcount={length + 1}
            aria-colcount={columns.length + 1}
            aria-multiselectable="true"
            aria-activedescendant={length > 0 ? `gr-table-row-${at}` : undefined}
            aria-busy={table.busy}
            onKeyDown={onKeyDown}
        >
            <div className="gr-Table-all" style={{ height: head + length * ROW, minWidth: width }}>
                <div className="gr-Table-top" role="rowgroup" style={{ minWidth: width }}>
                    <div
                        className="gr-Table-head"
                        role="row"
                        aria-rowindex={1}
                        onKeyDown={moveAmongHeads}
                        style={{ gridTemplateColumns: template }}
                    >
                        <span role="columnheader" aria-label={trans.__('Picked')} />
                        {columns.map(column => (
                            <Head
                                key={column}
                                {...props}
                                column={column}
                                isRight={figures.has(column)}
                                isTabStop={column === columns.find(isSortable)}
                            />
                        ))}
                    </div>
                    {baseline ? (
                        <div
                            className="gr-Table-row gr-mod-baseline"
                            role="row"
                            style={{ gridTemplateColumns: template }}
                            title={trans.__('The baseline: differences from it stand beside the values')}
                        >
                            <span role="gridcell" className="gr-Table-check">
                                <button
                                    className="jp-mod-styled jp-mod-minimal"
                                    aria-label={trans.__('Unpin the baseline %1', baseline.name)}
                                    title={trans.__('Unpin the baseline %1', baseline.name)}
                                    onClick={() => {
                                        void table.show({ baseline: null });
                                    }}
                                >
                                    ⚑
                                </button>
                            </span>
                            <Cells {...props} run={baseline} now={now} isBaseline />
                        </div>
                    ) : null}
                </div>
                <div className="gr-Table-rows" role="rowgroup">
                    {drawn}
                </div>
            </div>
        </div>
    );
}

function groupTitle(key: string | null, table: RunsTable, trans: ITrans): string {
    if (key === null) {
        return trans.__('without a commit');
    }
    return table.view.group === 'commit' ? key.slice(0, 8) : baseName(key);
}

interface IHeadProps extends ITableGridProps {
    readonly column: string;
    readonly isRight: boolean;
    readonly isTabStop: boolean;
}

/** The heads are one stop of the Tab key, so that the rows are near to what can be done with them. */
function moveAmongHeads(event: React.KeyboardEvent<HTMLElement>): void {
    const heads = [...event.currentTarget.querySelectorAll<HTMLElement>('button')];
    const at = heads.findIndex(head => head === document.activeElement);
    const to: Readonly<Record<string, number>> = {
        ArrowRight: at + 1,
        ArrowLeft: at - 1,
        Home: 0,
        End: heads.length - 1
    };
    const next = to[event.key];
    if (next !== undefined) {
        heads[next]?.focus();
        event.preventDefault();
    }
}

function Head(props: IHeadProps): React.JSX.Element {
    const { table, column, trans, isRight, isTabStop } = props;
    const { sort } = table.view;
    const own = sort?.by === column ? sort : null;
    const Caret = own?.descending ? caretDownIcon : caretUpIcon;
    const title = columnTitle(column, trans);
    const figure = isRight ? 'gr-mod-figure' : '';
    if (!isSortable(column)) {
        return (
            <span role="columnheader" className={`gr-Table-cell ${figure}`} title={column}>
                {title}
            </span>
        );
    }
    return (
        <span
            role="columnheader"
            className={`gr-Table-cell ${figure}`}
            aria-sort={own ? (own.descending ? 'descending' : 'ascending') : 'none'}
        >
            <button
                tabIndex={isTabStop ? 0 : -1}
                title={trans.__('Sort by %1', column)}
                onClick={() => {
                    void table.sortBy(column);
                }}
            >
                <span>{title}</span>
                {own ? <Caret.react tag="span" /> : null}
            </button>
        </span>
    );
}

function Cells(props: ITableGridProps & { run: Run; now: Date; isBaseline?: boolean }): React.JSX.Element {
    const { table, run, now, trans, onOpen, isBaseline } = props;
    const { baseline, columns, prices } = table;
    return (
        <>
            {columns.map(column => {
                const cell = cellOf(run, column, now, prices, trans);
                const figure = isFigure(column) || cell.figure !== null ? 'gr-mod-figure' : '';
                const apart =
                    baseline && !isBaseline && baseline.id !== run.id
                        ? difference(cell, cellOf(baseline, column, now, prices, trans))
                        : '';
                return (
                    <span
                        key={column}
                        role="gridcell"
                        className={`gr-Table-cell ${figure}`}
                        title={cell.title}
                    >
                        {column === 'state' ? (
                            <State state={run.state} trans={trans} />
                        ) : column === 'name' ? (
                            <button
                                tabIndex={-1}
                                className="gr-Table-name"
                                onClick={event => {
                                    event.stopPropagation();
                                    onOpen(run);
                                }}
                            >
                                {cell.text}
                            </button>
                        ) : (
                            <span className={isOver(run) ? undefined : 'gr-mod-live'}>{cell.text}</span>
                        )}
                        {apart ? <span className="gr-Table-apart">{apart}</span> : null}
                    </span>
                );
            })}
        </>
    );
}
