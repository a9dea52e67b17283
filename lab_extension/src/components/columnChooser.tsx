import * as React from 'react';

import type { RunsTable } from '../models/runsTable';
import { allColumns, columnTitle } from '../models/tableView';
import type { ITrans } from '../models/translation';
import { Press } from './press';

/** Which columns there are, and which are shown; those that are come in the order in which they were taken. */
export function ColumnChooser(props: { table: RunsTable; trans: ITrans }): React.JSX.Element {
    const { table, trans } = props;
    const [text, setText] = React.useState('');
    React.useEffect(() => {
        table.readColumns();
    }, [table]);
    const shown = table.columns;
    const groups = allColumns(table.known);
    const titles = {
        own: trans.__('Run'),
        metrics: trans.__('Metrics'),
        params: trans.__('Parameters'),
        labels: trans.__('Labels')
    };
    const toggle = (column: string): void => {
        const next = shown.includes(column) ? shown.filter(one => one !== column) : [...shown, column];
        void table.show({ columns: next });
    };
    const kinds = ['metrics', 'params', 'labels', 'own'] as const;
    return (
        <div className="gr-Columns-chooser">
            <input
                autoFocus
                className="jp-mod-styled"
                type="search"
                placeholder={trans.__('find a column')}
                aria-label={trans.__('Find a column')}
                value={text}
                onChange={event => {
                    setText(event.target.value);
                }}
            />
            <div className="gr-Columns-list">
                {kinds.map(kind => {
                    const found = groups[kind].filter(column =>
                        columnTitle(column, trans).toLowerCase().includes(text.toLowerCase())
                    );
                    return found.length === 0 ? null : (
                        <fieldset key={kind}>
                            <legend>{titles[kind]}</legend>
                            {found.map(column => (
                                <label key={column} title={column}>
                                    <input
                                        type="checkbox"
                                        checked={shown.includes(column)}
                                        onChange={() => {
                                            toggle(column);
                                        }}
                                    />
                                    {columnTitle(column, trans)}
                                </label>
                            ))}
                        </fieldset>
                    );
                })}
            </div>
            <Press
                className="jp-mod-styled"
                off={table.view.columns === null}
                onClick={() => {
                    void table.show({ columns: null });
                }}
            >
                {trans.__('The usual ones')}
            </Press>
        </div>
    );
}
