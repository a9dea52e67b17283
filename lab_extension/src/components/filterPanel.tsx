import * as React from 'react';

import type { Connection } from '../models/connection';
import type { ITrans } from '../models/translation';
import { ConnectionNotice } from './connection';
import { toField, toFirst } from './rows';

interface IFilterPanelProps {
    readonly className: string;
    readonly connection: Connection;
    readonly trans: ITrans;
    readonly label: string;
    readonly placeholder: string;
    /** Selects the rows of what is filtered: down from the filter leads to the first. */
    readonly rows: string;
    readonly text: string;
    readonly onText: (text: string) => void;
    readonly filter: React.RefObject<HTMLInputElement>;
    /** What stands beside the filter. */
    readonly beside: React.ReactNode;
    readonly children: React.ReactNode;
}

/** A panel at the side: a filter, and below it what it filters. `/` goes to the filter, Esc empties it. */
export function FilterPanel(props: IFilterPanelProps): React.JSX.Element {
    const { filter, onText, rows } = props;
    return (
        <div
            className={props.className}
            onKeyDown={event => {
                toField(event, filter.current);
            }}
        >
            <ConnectionNotice connection={props.connection} trans={props.trans} />
            <div className="gr-Filter">
                <input
                    ref={filter}
                    className="jp-mod-styled"
                    type="search"
                    placeholder={props.placeholder}
                    aria-label={props.label}
                    value={props.text}
                    onChange={event => {
                        onText(event.target.value);
                    }}
                    onKeyDown={event => {
                        if (event.key === 'Escape') {
                            onText('');
                        }
                        toFirst(event, rows);
                    }}
                />
                {props.beside}
            </div>
            {props.children}
        </div>
    );
}
