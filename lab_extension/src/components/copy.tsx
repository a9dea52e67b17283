import { Clipboard } from '@jupyterlab/apputils';
import { copyIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { ITrans } from '../models/translation';

const SAID = 2000; // ms that it says that it was copied

/** A command as it is typed, and the button that copies it. */
export function Copyable(props: { text: string; label: string; trans: ITrans }): React.JSX.Element {
    const { text, label, trans } = props;
    const [copied, setCopied] = React.useState(false);
    React.useEffect(() => {
        const timer = setTimeout(() => {
            setCopied(false);
        }, SAID);
        return () => {
            clearTimeout(timer);
        };
    }, [copied]);
    return (
        <div className="gr-Copyable">
            <code tabIndex={0} aria-label={label}>
                {text}
            </code>
            <button
                type="button"
                className="jp-mod-styled jp-mod-minimal"
                title={trans.__('Copy')}
                aria-label={trans.__('Copy: %1', label)}
                onClick={() => {
                    Clipboard.copyToSystem(text);
                    setCopied(true);
                }}
            >
                <copyIcon.react tag="span" className="gr-ButtonIcon" aria-hidden="true" />
                <span role="status">{copied ? trans.__('Copied') : ''}</span>
            </button>
        </div>
    );
}
