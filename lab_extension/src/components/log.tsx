import * as React from 'react';

import { type IFound, MOST_HITS, search } from '../models/logSearch';
import type { ITrans } from '../models/translation';
import { plain } from './common';

interface ILogProps {
    readonly text: string;
    readonly cut: boolean;
    readonly live: boolean;
    /** Where one searches: `/` leads there from everywhere on the page. */
    readonly field: React.RefObject<HTMLInputElement>;
    readonly trans: ITrans;
}

/** What a run printed, following its end while it goes on. Enter in the search goes to the next match. */
export function Log(props: ILogProps): React.JSX.Element {
    const { text, cut, live, field, trans } = props;
    const [wanted, setWanted] = React.useState('');
    const [only, setOnly] = React.useState(false);
    const [at, setAt] = React.useState(0);
    const [follows, setFollows] = React.useState(live);
    const box = React.useRef<HTMLPreElement>(null);
    const found = React.useMemo(() => search(plain(text), wanted, only), [text, wanted, only]);
    const here = found.hits === 0 ? -1 : at % found.hits;

    React.useEffect(() => {
        if (live && follows && wanted === '' && box.current) {
            box.current.scrollTop = box.current.scrollHeight;
        }
    }, [text, live, follows, wanted]);
    React.useEffect(() => {
        if (here >= 0) {
            box.current?.querySelector('mark.gr-mod-here')?.scrollIntoView({ block: 'center' });
        }
    }, [here, wanted, only]);

    const onKeyDown = (event: React.KeyboardEvent): void => {
        if (event.key === 'Enter' && found.hits > 0) {
            setAt((here + (event.shiftKey ? found.hits - 1 : 1)) % found.hits);
            event.preventDefault();
        } else if (event.key === 'Escape') {
            setWanted('');
            box.current?.focus();
        }
    };
    return (
        <div className="gr-Log">
            <div className="gr-Log-bar">
                <input
                    ref={field}
                    className="jp-mod-styled"
                    type="search"
                    placeholder={trans.__('search: Enter goes to the next')}
                    aria-label={trans.__('Search the log')}
                    value={wanted}
                    onChange={event => {
                        setWanted(event.target.value);
                        setAt(0);
                    }}
                    onKeyDown={onKeyDown}
                />
                <span className="gr-dim gr-number" role="status">
                    {wanted === '' ? '' : hitsText(found, here, trans)}
                </span>
                <label>
                    <input
                        type="checkbox"
                        checked={only}
                        onChange={event => {
                            setOnly(event.target.checked);
                        }}
                    />
                    {trans.__('only lines with it')}
                </label>
                {live && !follows ? (
                    <button
                        className="jp-mod-styled"
                        onClick={() => {
                            setFollows(true);
                        }}
                    >
                        {trans.__('Follow the end')}
                    </button>
                ) : null}
            </div>
            {cut ? (
                <p className="gr-dim">{trans.__('The log is long: its beginning is left out here.')}</p>
            ) : null}
            {text ? null : <p className="gr-dim">{trans.__('Nothing was printed yet.')}</p>}
            <pre
                ref={box}
                tabIndex={0}
                aria-label={trans.__('Log')}
                onScroll={event => {
                    const { scrollHeight, scrollTop, clientHeight } = event.currentTarget;
                    setFollows(scrollHeight - scrollTop - clientHeight < 24);
                }}
            >
                {wanted === '' ? plain(text) : <Lines found={found} here={here} />}
            </pre>
        </div>
    );
}

function hitsText(found: IFound, here: number, trans: ITrans): string {
    if (found.hits === 0) {
        return trans.__('nothing found');
    }
    return found.more
        ? trans.__('%1 of more than %2', here + 1, MOST_HITS)
        : trans.__('%1 of %2', here + 1, found.hits);
}

const Lines = React.memo(function Lines(props: { found: IFound; here: number }): React.JSX.Element {
    const { found, here } = props;
    return (
        <>
            {found.lines.map((line, number) => (
                <React.Fragment key={number}>
                    {line.map((piece, at) =>
                        piece.hit === null ? (
                            piece.text
                        ) : (
                            <mark key={at} className={piece.hit === here ? 'gr-mod-here' : undefined}>
                                {piece.text}
                            </mark>
                        )
                    )}
                    {'\n'}
                </React.Fragment>
            ))}
        </>
    );
});
