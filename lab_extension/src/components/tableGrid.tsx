import * as React from 'react';

import type { Run } from '../api/wire';
import type { RunsTable } from '../models/runsTable';
import { cellOf, columnWidth, isFigure } from '../models/tableView';
import type { ITrans } from '../models/translation';
import { useNow } from './common';
import { TableTop } from './tableHead';
import { ComingRow, GroupRow, ROW, RunRow } from './tableRow';

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
        const placed = { place, template, isActive: place === at };
        if (row.kind === 'group') {
            drawn.push(
                <GroupRow
                    key={`group ${row.group.key ?? ''}`}
                    {...props}
                    {...placed}
                    row={row}
                    onPlace={setActive}
                />
            );
        } else if (row.run) {
            drawn.push(
                <RunRow
                    key={row.run.id}
                    {...props}
                    {...placed}
                    run={row.run}
                    now={now}
                    onPlace={setActive}
                    onAnchor={() => {
                        anchor.current = place;
                    }}
                    onPickTo={() => {
                        pickBetween(anchor.current, place);
                    }}
                />
            );
        } else {
            drawn.push(<ComingRow key={`place ${place}`} columns={columns} {...placed} />);
        }
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
                <TableTop {...props} template={template} width={width} figures={figures} now={now} />
                <div className="gr-Table-rows" role="rowgroup">
                    {drawn}
                </div>
            </div>
        </div>
    );
}
