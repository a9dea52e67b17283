import { UseSignal } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { Connection, State } from '../models/connection';
import { exact } from '../models/quantities';
import type { ITrans } from '../models/translation';
import { sentence } from './common';

/** Nothing while all is well, but that people are not kept apart where they are not; else since when what is shown is the last that is known, and why. */
export function ConnectionNotice(props: { connection: Connection; trans: ITrans }): React.JSX.Element {
    return (
        <UseSignal signal={props.connection.changed}>
            {() => <Notice state={props.connection.state} trans={props.trans} />}
        </UseSignal>
    );
}

function Notice({ state, trans }: { state: State; trans: ITrans }): React.JSX.Element | null {
    if (state.state === 'ready') {
        return 'unisolated' in state && state.unisolated ? (
            <div className="gr-Notice gr-mod-quiet" role="note">
                {trans.__('Not isolated: notebooks of several people run as one user of this machine.')}
            </div>
        ) : null;
    }
    if (state.state === 'starting') {
        return (
            <div className="gr-Notice gr-late" role="status">
                {trans.__('Starting Gristmill …')}
            </div>
        );
    }
    const since = new Date(state.since).toLocaleTimeString();
    return (
        <div className="gr-Notice gr-mod-away" role="status" title={exact(state.since)}>
            <strong>
                {state.state === 'lacking'
                    ? trans.__('This Jupyter server lacks its half of Gristmill')
                    : trans.__('Reconnecting since %1', since)}
            </strong>
            <div>
                {state.state === 'lacking'
                    ? trans.__('Install gristmill[lab] where the server runs, then restart it.')
                    : said(state, trans)
                          .filter((text): text is string => Boolean(text))
                          .map(sentence)
                          .join(' ')}
            </div>
        </div>
    );
}

function said(state: State, trans: ITrans): readonly (string | null | undefined)[] {
    switch ('code' in state ? state.code : undefined) {
        case 'silent':
            return [trans.__('This Jupyter server does not answer')];
        case 'closed':
            return [trans.__('The connection was closed')];
        default:
            return [state.message, 'hint' in state ? state.hint : null];
    }
}
