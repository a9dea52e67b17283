import { caretDownIcon, caretRightIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { Run } from '../api/wire';
import { baseName } from '../models/quantities';
import { isOver, runLook } from '../models/runEvents';
import type { RunsTable } from '../models/runsTable';
import { cellOf, difference, isFigure } from '../models/tableView';
import type { ITrans } from '../models/translation';
import { State } from './common';
import type { ITableGridProps } from './tableGrid';

export const ROW = 28; // pixels

interface IPlacedProps {
    readonly place: number;
    readonly template: string;
    readonly isActive: boolean;
}

function placed({ place, template }: IPlacedProps): React.HTMLAttributes<HTMLDivElement> {
    return {
        id: `gr-table-row-${place}`,
        role: 'row',
        'aria-rowindex': place + 2,
        style: { top: place * ROW, gridTemplateColumns: template }
    };
}

interface IGroupRowProps extends ITableGridProps, IPlacedProps {
    readonly row: Extract<ReturnType<RunsTable['row']>, { kind: 'group' }>;
    readonly onPlace: (place: number) => void;
}

/** What runs have in common, and how many there are. */
export function GroupRow(props: IGroupRowProps): React.JSX.Element {
    const { table, trans, row, place, isActive, onPlace } = props;
    const Caret = row.open ? caretDownIcon : caretRightIcon;
    const { group } = row;
    const key = group.key ?? null;
    return (
        <div
            {...placed(props)}
            className={`gr-Table-row gr-mod-group ${isActive ? 'gr-mod-active' : ''}`}
            aria-expanded={row.open}
            onClick={() => {
                onPlace(place);
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
}

function groupTitle(key: string | null, table: RunsTable, trans: ITrans): string {
    if (key === null) {
        return trans.__('without a commit');
    }
    return table.view.group === 'commit' ? key.slice(0, 8) : baseName(key);
}

/** Keeps the place of a run that is still being asked for. */
export function ComingRow(props: IPlacedProps & { columns: readonly string[] }): React.JSX.Element {
    return (
        <div {...placed(props)} className="gr-Table-row gr-mod-coming" aria-busy="true">
            <span role="gridcell" className="gr-Table-check" />
            {props.columns.map(column => (
                <span key={column} role="gridcell" className={`gr-Table-cell ${kindOf(column)}`}>
                    <span className="gr-Table-skeleton" />
                </span>
            ))}
        </div>
    );
}

interface IRunRowProps extends ITableGridProps, IPlacedProps {
    readonly run: Run;
    readonly now: Date;
    readonly onPlace: (place: number) => void;
    /** Where what is picked with Shift begins. */
    readonly onAnchor: () => void;
    readonly onPickTo: () => void;
}

/** A run. A click goes there, Ctrl picks it too, Shift all between, a double click opens. */
export function RunRow(props: IRunRowProps): React.JSX.Element {
    const { table, trans, run, now, place, isActive, onPlace, onAnchor, onPickTo, onOpen } = props;
    const { selection } = table;
    return (
        <div
            {...placed(props)}
            data-run={run.name}
            className={`gr-Table-row ${isActive ? 'gr-mod-active' : ''} ${selection.has(run.id) ? 'gr-mod-picked' : ''}`}
            aria-selected={selection.has(run.id)}
            onClick={event => {
                onPlace(place);
                if (event.shiftKey) {
                    onPickTo();
                } else if (event.metaKey || event.ctrlKey) {
                    selection.toggle(run);
                    onAnchor();
                } else {
                    onAnchor();
                }
            }}
            onDoubleClick={() => {
                onOpen(run);
            }}
            onContextMenu={() => {
                onPlace(place);
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
                            onPickTo();
                        } else {
                            selection.toggle(run);
                        }
                        onAnchor();
                    }}
                />
            </span>
            <Cells {...props} run={run} now={now} />
        </div>
    );
}

/** What a run has in each column. */
export function Cells(
    props: ITableGridProps & { run: Run; now: Date; isBaseline?: boolean }
): React.JSX.Element {
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
                        className={`gr-Table-cell ${kindOf(column)} ${figure}`}
                        title={cell.title}
                    >
                        {column === 'state' ? (
                            <State state={runLook(run)} trans={trans} />
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

/** The column that stays in sight, however far one scrolls sideways. */
export function kindOf(column: string): string {
    return column === 'name' ? 'gr-mod-name' : '';
}
