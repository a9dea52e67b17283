import * as React from 'react';

import { type IMore, moreFault } from '../models/more';
import type { IPartProps } from './formParts';

/** What few runs need: name, labels, times and tries. */
export function More({ form, trans }: IPartProps): React.JSX.Element {
    const { more } = form;
    const id = React.useId();
    const fault = moreFault(more);
    const [opened, setOpened] = React.useState(false);
    const rows: readonly (readonly [keyof IMore, string, string])[] = [
        ['name', trans.__('name'), trans.__('default: the notebook’s name and the number')],
        ['labels', trans.__('labels'), trans.__('as team=risk, try=2')],
        ['timeout', trans.__('timeout'), trans.__('minutes; empty: none')],
        ['retries', trans.__('retries'), trans.__('more attempts, if one fails: 0 to 100')],
        ['priority', trans.__('priority'), trans.__('whole number, −1000 to 1000; higher starts sooner')],
        ['postMortem', trans.__('keep kernel'), trans.__('minutes after a failure, at most 1440; empty: not')]
    ];
    return (
        <details
            open={opened || fault !== null}
            onToggle={event => {
                setOpened(event.currentTarget.open);
                if (event.currentTarget.open) {
                    event.currentTarget.scrollIntoView({ block: 'nearest' }); // it opens below what is seen
                }
            }}
        >
            <summary>{trans.__('More: name, labels, timeout, retries, priority, keep kernel')}</summary>
            <div className="gr-Fields">
                {rows.map(([name, label, about]) => (
                    <div key={name} className={`gr-Field${fault === name ? ' gr-mod-faulty' : ''}`}>
                        <label htmlFor={`${id}-${name}`}>{label}</label>
                        <input
                            id={`${id}-${name}`}
                            className="jp-mod-styled"
                            value={more[name]}
                            aria-invalid={fault === name}
                            aria-describedby={`${id}-${name}-about`}
                            onChange={event => {
                                form.setMore({ [name]: event.target.value });
                            }}
                        />
                        <span className="gr-Field-about" id={`${id}-${name}-about`}>
                            {about}
                        </span>
                        {fault === name ? (
                            <span className="gr-Field-fault" role="alert">
                                {trans.__('expected: %1', about)}
                            </span>
                        ) : null}
                    </div>
                ))}
            </div>
        </details>
    );
}
