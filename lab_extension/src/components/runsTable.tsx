import { UseSignal } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { Run } from '../api/wire';
import type { Connection } from '../models/connection';
import { FEWEST, MOST } from '../models/comparison';
import type { RunsTable } from '../models/runsTable';
import { type Group, type ISavedView, commandOf } from '../models/tableView';
import type { ITrans } from '../models/translation';
import { ColumnChooser } from './columnChooser';
import { Loading, Problem } from './common';
import { ConnectionNotice } from './connection';
import { MenuButton } from './menuButton';
import { QueryBox } from './queryBox';
import { toField } from './rows';
import { SavedViews } from './savedViews';
import { TableGrid } from './tableGrid';
import { Press } from './press';

export interface IRunsTableProps {
    readonly table: RunsTable;
    readonly connection: Connection;
    readonly trans: ITrans;
    readonly views: readonly ISavedView[];
    readonly onOpen: (run: Run) => void;
    readonly onStart: () => void;
    readonly onCompare: (runs: readonly Run[]) => void;
    readonly onLabel: (runs: readonly Run[]) => void;
    readonly onDelete: (runs: readonly Run[]) => void;
    readonly onCsv: () => void;
    readonly onCopy: (text: string) => void;
    readonly onSaveView: (name: string) => void;
    readonly onDeleteView: (name: string) => void;
}

/** Runs by query, in any order, with any of what they have as columns. */
export function RunsTableView(props: IRunsTableProps): React.JSX.Element {
    const { connection, trans, table } = props;
    const box = React.useRef<HTMLInputElement>(null);
    const grid = React.useRef<HTMLDivElement>(null);
    return (
        <div
            className="gr-RunsTable"
            onKeyDown={event => {
                toField(event, box.current);
            }}
        >
            <ConnectionNotice connection={connection} trans={trans} />
            <UseSignal signal={table.changed}>{() => <Shown {...props} box={box} grid={grid} />}</UseSignal>
        </div>
    );
}

interface IShownProps extends IRunsTableProps {
    readonly box: React.RefObject<HTMLInputElement>;
    readonly grid: React.RefObject<HTMLDivElement>;
}

function Shown(props: IShownProps): React.JSX.Element {
    const { table, trans, onStart, onOpen, onDelete, grid } = props;
    const { rows, view } = table;
    const nothing = table.loaded && rows.length === 0 && !table.busy;
    return (
        <>
            <Toolbar {...props} />
            {table.problem ? (
                <Problem
                    problem={table.problem}
                    trans={trans}
                    title={
                        table.loaded
                            ? trans.__('This may be out of date')
                            : trans.__('The runs cannot be listed')
                    }
                >
                    <button
                        className="jp-mod-styled"
                        onClick={() => {
                            void table.load();
                        }}
                    >
                        {trans.__('Try again')}
                    </button>
                </Problem>
            ) : null}
            {!table.loaded && !table.problem ? <Loading text={trans.__('Looking for runs …')} /> : null}
            {nothing && view.query === '' ? (
                <div className="gr-Empty">
                    <p>
                        {trans.__(
                            'Every run of a notebook becomes a row here, with its parameters and metrics.'
                        )}
                    </p>
                    <button className="jp-mod-styled jp-mod-accept" onClick={onStart}>
                        {trans.__('Run the open notebook')}
                    </button>
                </div>
            ) : null}
            {nothing && view.query !== '' && !table.queryFault ? (
                <div className="gr-Empty">
                    <p>{trans.__('No run is like “%1”.', view.query)}</p>
                    <button
                        className="jp-mod-styled"
                        onClick={() => {
                            void table.show({ query: '' });
                        }}
                    >
                        {trans.__('Show all runs')}
                    </button>
                </div>
            ) : null}
            {table.loaded && rows.length > 0 ? (
                <TableGrid
                    table={table}
                    trans={trans}
                    grid={grid}
                    onOpen={onOpen}
                    onDelete={() => {
                        onDelete(table.selection.runs);
                    }}
                />
            ) : null}
            <Foot {...props} />
        </>
    );
}

function Toolbar(props: IShownProps): React.JSX.Element {
    const { table, trans, views, box, grid, onCsv, onCopy, onSaveView, onDeleteView } = props;
    const { view } = table;
    const onQuery = React.useCallback(
        (query: string) => {
            void table.show({ query });
        },
        [table]
    );
    return (
        <div className="gr-RunsTable-bar" role="toolbar" aria-label={trans.__('What is shown')}>
            <QueryBox
                query={view.query}
                fault={table.queryFault}
                trans={trans}
                box={box}
                onQuery={onQuery}
                onLeave={() => grid.current?.focus()}
            />
            <label className="gr-RunsTable-group">
                {trans.__('group')}
                <select
                    className="jp-mod-styled"
                    value={view.group ?? ''}
                    onChange={event => {
                        const { value } = event.target;
                        void table.show({ group: value === '' ? null : (value as Group) });
                    }}
                >
                    <option value="">{trans.__('none')}</option>
                    <option value="notebook">{trans.__('notebook')}</option>
                    <option value="commit">{trans.__('commit')}</option>
                </select>
            </label>
            <MenuButton label={trans.__('columns')} title={trans.__('Which columns are shown')}>
                {() => <ColumnChooser table={table} trans={trans} />}
            </MenuButton>
            <MenuButton label={trans.__('views')} title={trans.__('Views that were saved')}>
                {close => (
                    <SavedViews
                        views={views}
                        trans={trans}
                        onTake={saved => {
                            void table.show({ ...saved.view, baseline: view.baseline });
                            close();
                        }}
                        onSave={name => {
                            onSaveView(name);
                            close();
                        }}
                        onDelete={onDeleteView}
                    />
                )}
            </MenuButton>
            <Press
                className="jp-mod-styled jp-mod-minimal"
                off={table.rows.total === 0}
                title={trans.__('Download these runs with these columns as CSV')}
                onClick={onCsv}
            >
                {trans.__('CSV')}
            </Press>
            <button
                className="jp-mod-styled jp-mod-minimal"
                title={trans.__('Copy the command that lists the same: %1', commandOf(view))}
                onClick={() => {
                    onCopy(commandOf(view));
                }}
            >
                {trans.__('⌘ CLI')}
            </button>
        </div>
    );
}

function Foot(props: IShownProps): React.JSX.Element {
    const { table, trans, grid, onCompare, onLabel, onDelete } = props;
    const { selection } = table;
    const { runs } = selection;
    const only = runs.length === 1 ? runs[0] : undefined;
    const comparable = runs.length >= FEWEST && runs.length <= MOST;
    return (
        <div className="gr-RunsTable-foot" role="toolbar" aria-label={trans.__('What is picked')}>
            <span className="gr-dim" role="status">
                {table.rows.total === 1
                    ? trans.__('1 run')
                    : trans.__('%1 runs', table.rows.total.toLocaleString('en'))}
                {selection.size > 0 ? trans.__(', %1 selected', selection.size) : ''}
            </span>
            {table.arrived > 0 ? (
                <button
                    className="jp-mod-styled jp-mod-accept gr-RunsTable-new"
                    onClick={() => {
                        if (grid.current) {
                            grid.current.scrollTop = 0;
                        }
                        void table.load();
                    }}
                >
                    {table.arrived === 1 ? trans.__('1 new run') : trans.__('%1 new runs', table.arrived)}
                </button>
            ) : null}
            <span className="gr-RunsTable-picked">
                {only ? (
                    <button
                        className="jp-mod-styled"
                        onClick={() => {
                            void table.show({ baseline: table.view.baseline === only.id ? null : only.id });
                        }}
                    >
                        {table.view.baseline === only.id
                            ? trans.__('Unpin baseline')
                            : trans.__('Pin as baseline')}
                    </button>
                ) : null}
                <Press
                    className="jp-mod-styled"
                    off={!comparable}
                    title={comparable ? undefined : trans.__('%1 to %2 runs can be compared', FEWEST, MOST)}
                    onClick={() => {
                        onCompare(runs);
                    }}
                >
                    {trans.__('Compare')}
                </Press>
                <Press
                    className="jp-mod-styled"
                    off={runs.length === 0}
                    onClick={() => {
                        onLabel(runs);
                    }}
                >
                    {trans.__('Label…')}
                </Press>
                <Press
                    className="jp-mod-styled"
                    off={runs.length === 0}
                    onClick={() => {
                        onDelete(runs);
                    }}
                >
                    {trans.__('Delete…')}
                </Press>
                {runs.length > 0 ? (
                    <button
                        className="jp-mod-styled jp-mod-minimal"
                        onClick={() => {
                            selection.clear();
                        }}
                    >
                        {trans.__('Clear')}
                    </button>
                ) : null}
            </span>
        </div>
    );
}
