import { caretDownIcon, caretUpIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { columnTitle, isSortable } from '../models/tableView';
import type { ITableGridProps } from './tableGrid';
import { Cells, kindOf } from './tableRow';

interface ITopProps extends ITableGridProps {
    readonly template: string;
    readonly width: number;
    /** Columns whose values are figures. */
    readonly figures: ReadonlySet<string>;
    readonly now: Date;
}

/** What stays while one scrolls down: the heads, and the baseline where one is pinned. */
export function TableTop(props: ITopProps): React.JSX.Element {
    const { table, trans, template, width, figures, now } = props;
    const { columns, baseline } = table;
    return (
        <div className="gr-Table-top" role="rowgroup" style={{ minWidth: width }}>
            <div
                className="gr-Table-head"
                role="row"
                aria-rowindex={1}
                onKeyDown={moveAmongHeads}
                style={{ gridTemplateColumns: template }}
            >
                <span role="columnheader" className="gr-Table-check" aria-label={trans.__('Picked')} />
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
    );
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
            <span role="columnheader" className={`gr-Table-cell ${kindOf(column)} ${figure}`} title={column}>
                {title}
            </span>
        );
    }
    return (
        <span
            role="columnheader"
            className={`gr-Table-cell ${kindOf(column)} ${figure}`}
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
