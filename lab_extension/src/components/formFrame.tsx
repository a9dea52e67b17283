import * as React from 'react';

import type { ITrans } from '../models/translation';
import { Loading, Problem } from './common';
import { Press } from './press';

interface INotReadProps {
    /** Why it cannot be read; null as long as it is being read. */
    readonly problem: unknown;
    readonly title: string;
    readonly reading: string;
    readonly trans: ITrans;
    readonly onRetry: () => void;
}

/** In the place of a form that has nothing to be filled in yet. */
export function NotRead({ problem, title, reading, trans, onRetry }: INotReadProps): React.JSX.Element {
    return (
        <div className="gr-Form">
            {problem ? (
                <Problem problem={problem} trans={trans} title={title}>
                    <button className="jp-mod-styled" onClick={onRetry}>
                        {trans.__('Try again')}
                    </button>
                </Problem>
            ) : (
                <Loading text={reading} />
            )}
        </div>
    );
}

interface IFootProps {
    /** Why it cannot be sent now; null where it can. */
    readonly hindrance: string | null;
    readonly busy: boolean;
    /** What Enter does, in a word or two. */
    readonly label: string;
    readonly about?: string;
    readonly trans: ITrans;
    readonly onCancel: () => void;
}

/** The end of a form: what is in the way, and the two ways on. */
export function Foot(props: IFootProps): React.JSX.Element {
    const { hindrance, busy, label, about, trans, onCancel } = props;
    return (
        <footer>
            <span className="gr-hint" role="status">
                {hindrance ?? ''}
            </span>
            <button type="button" className="jp-mod-styled jp-mod-reject" onClick={onCancel}>
                {trans.__('Cancel')}
            </button>
            <Press
                type="submit"
                className="jp-mod-styled jp-mod-accept"
                off={busy || hindrance !== null}
                title={hindrance ?? about ?? ''}
            >
                {label}
            </Press>
        </footer>
    );
}
