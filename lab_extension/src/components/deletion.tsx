import * as React from 'react';

import type { Endpoint, Traffic } from '../api/wire';
import { ago } from '../models/quantities';
import type { TranslationBundle } from '@jupyterlab/translation';
import { callerText } from './endpointPage';

/** What breaks when an endpoint is deleted: its URL, and who called it lately. */
export function DeletionWarning(props: {
    endpoint: Endpoint;
    traffic: Traffic | null;
    trans: TranslationBundle;
}): React.JSX.Element {
    const { endpoint, traffic, trans } = props;
    const now = new Date();
    const callers = traffic?.callers ?? [];
    return (
        <div className="gr-Deletion">
            <p>
                {trans.__('This URL stops answering at once, and is not had again:')}
                <br />
                <code>{`${endpoint.url}/invocations`}</code>
            </p>
            {callers.length > 0 ? (
                <>
                    <p>{trans.__('Who called it lately:')}</p>
                    <ul>
                        {callers.map(caller => (
                            <li key={caller.key}>
                                {trans._n(
                                    '%2, %3: one request',
                                    '%2, %3: %1 requests',
                                    caller.requests,
                                    callerText(caller.name, caller.created_by, caller.key, trans),
                                    ago(caller.last_at, now, trans)
                                )}
                            </li>
                        ))}
                    </ul>
                </>
            ) : (
                <p>
                    {traffic === null
                        ? trans.__('Who called it lately is not known: it does not answer now.')
                        : traffic.requests > 0
                          ? trans.__('%1 requests were answered, without a key.', traffic.requests)
                          : trans.__('Nobody called it since its worker started.')}
                </p>
            )}
            <p>
                {trans.__(
                    'Its API keys are gone with it. The model version %1 stays.',
                    endpoint.variants.map(one => `${one.model}/${one.version}`).join(', ')
                )}
            </p>
        </div>
    );
}
