import { Clipboard } from '@jupyterlab/apputils';
import { checkIcon, copyIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { ITrans } from '../models/translation';

const SHOWN = 2000; // ms that a button says what it did

/** Copies `text`, and says that it did. What it says of itself is `label`, for who does not see the icon. */
export function CopyButton(props: {
    text: string | (() => Promise<string>);
    label: string;
    trans: ITrans;
    words?: boolean;
    onFault?: (error: unknown) => void;
}): React.JSX.Element {
    const { text, label, trans, words, onFault } = props;
    const [copied, setCopied] = React.useState(false);
    React.useEffect(() => {
        if (!copied) {
            return undefined;
        }
        const timer = setTimeout(() => {
            setCopied(false);
        }, SHOWN);
        return () => {
            clearTimeout(timer);
        };
    }, [copied]);
    const button = React.useRef<HTMLButtonElement>(null);
    const copy = async (): Promise<void> => {
        const had = document.activeElement === button.current;
        Clipboard.copyToSystem(typeof text === 'string' ? text : await text());
        setCopied(true);
        if (had) {
            button.current?.focus(); // copying selects on the page, which may take the focus
        }
    };
    const Icon = copied ? checkIcon : copyIcon;
    return (
        <button
            ref={button}
            type="button"
            className="jp-mod-styled jp-mod-minimal gr-Copy"
            {...(words ? {} : { 'aria-label': label, title: label })}
            onClick={() => {
                copy().catch((error: unknown) => {
                    onFault?.(error);
                });
            }}
        >
            <Icon.react tag="span" className="gr-ButtonIcon" />
            {words ? <span>{label}</span> : null}
            <span className="gr-hidden" role="status">
                {copied ? trans.__('Copied') : ''}
            </span>
        </button>
    );
}

/** Text to be pasted somewhere, with a button that copies it. */
export function Pasteable(props: {
    text: string;
    label: string;
    trans: ITrans;
    children?: React.ReactNode;
}): React.JSX.Element {
    const { text, label, trans, children } = props;
    return (
        <div className="gr-Pasteable">
            <pre tabIndex={0} aria-label={label}>
                {text}
            </pre>
            <div>
                <CopyButton text={text} label={trans.__('Copy: %1', label)} trans={trans} />
                {children}
            </div>
        </div>
    );
}

/** The equivalent command of a form, behind a button: learn by doing. */
export function CommandLine(props: { command: string; trans: ITrans }): React.JSX.Element {
    const { command, trans } = props;
    const [shown, setShown] = React.useState(false);
    const button = React.useRef<HTMLButtonElement>(null);
    return (
        <div
            className="gr-CommandLine"
            onKeyDown={event => {
                if (event.key === 'Escape' && shown) {
                    event.preventDefault(); // the form stays
                    setShown(false);
                    button.current?.focus();
                }
            }}
        >
            <button
                ref={button}
                type="button"
                className="jp-mod-styled jp-mod-minimal gr-Cli"
                aria-expanded={shown}
                title={trans.__('The same on the command line')}
                onClick={() => {
                    setShown(!shown);
                }}
            >
                ⌘ CLI
            </button>
            {shown ? <Pasteable text={command} label={trans.__('command')} trans={trans} /> : null}
        </div>
    );
}
