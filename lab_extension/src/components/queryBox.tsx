import * as React from 'react';

import type { IQueryFault } from '../models/runsTable';
import type { ITrans } from '../models/translation';
import { sentence } from './common';

/** The query as it is typed: asked for by Enter or after a pause; what is wrong stands below it, and where. */
export function QueryBox(props: {
    query: string;
    fault: IQueryFault | null;
    trans: ITrans;
    onQuery: (query: string) => void;
    onLeave: () => void;
    box: React.RefObject<HTMLInputElement>;
}): React.JSX.Element {
    const { query, fault, trans, onQuery, onLeave, box } = props;
    const [text, setText] = React.useState(query);
    const asked = React.useRef(query);
    React.useEffect(() => {
        if (query !== asked.current) {
            asked.current = query;
            setText(query); // another view was taken
        }
    }, [query]);
    const ask = React.useCallback(
        (next: string) => {
            if (next !== asked.current) {
                asked.current = next;
                onQuery(next);
            }
        },
        [onQuery]
    );
    React.useEffect(() => {
        const timer = setTimeout(() => {
            ask(text);
        }, 600);
        return () => {
            clearTimeout(timer);
        };
    }, [text, ask]);
    const said = fault && asked.current === text ? fault : null;
    return (
        <div className="gr-Query">
            <input
                ref={box}
                className="jp-mod-styled"
                type="search"
                spellCheck={false}
                autoComplete="off"
                placeholder={trans.__('metrics.auc > 0.9 and params.max_depth <= 6, or a text')}
                aria-label={trans.__('Query of runs')}
                aria-invalid={said !== null}
                aria-describedby={said ? 'gr-query-fault' : undefined}
                value={text}
                onChange={event => {
                    setText(event.target.value);
                }}
                onKeyDown={event => {
                    if (event.key === 'Enter') {
                        ask(text);
                    } else if (event.key === 'Escape') {
                        event.preventDefault();
                        event.stopPropagation();
                        if (text === '') {
                            onLeave();
                        } else {
                            setText('');
                            ask('');
                        }
                    } else if (event.key === 'ArrowDown') {
                        event.preventDefault();
                        onLeave();
                    }
                }}
            />
            {said ? (
                <div id="gr-query-fault" className="gr-Query-fault" role="alert">
                    <code aria-hidden="true">
                        {text.slice(0, said.position)}
                        <mark>{text.slice(said.position) || ' '}</mark>
                    </code>
                    <span>{sentence(said.message)}</span>
                    {said.hint ? <span className="gr-hint"> {sentence(said.hint)}</span> : null}
                </div>
            ) : null}
        </div>
    );
}
