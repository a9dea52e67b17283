import * as React from 'react';

import { Copyable } from './copy';
import type { IPartProps } from './formParts';

/** Secrets that the run may read, by name: those that the notebook asks for are marked, also where there is none. */
export function Secrets({ form, trans }: IPartProps): React.JSX.Element | null {
    if (form.secrets.length === 0) {
        return null;
    }
    return (
        <fieldset className="gr-Checks">
            <legend>{trans.__('Secrets the run may read')}</legend>
            {form.secrets.map(({ name, asked, stored }) =>
                stored ? (
                    <label key={name}>
                        <input
                            type="checkbox"
                            checked={form.choices.isGranted(name)}
                            onChange={event => {
                                form.grant(name, event.target.checked);
                            }}
                        />
                        <span>{name}</span>
                        {asked ? (
                            <span className={form.choices.isGranted(name) ? 'gr-dim' : 'gr-warn'}>
                                {form.choices.isGranted(name)
                                    ? trans.__('asked for by this notebook')
                                    : trans.__('asked for by this notebook, and not granted')}
                            </span>
                        ) : null}
                    </label>
                ) : (
                    <div key={name} className="gr-Warning">
                        {trans.__(
                            'The notebook asks for the secret %1, and there is none of this name.',
                            name
                        )}
                        <Copyable
                            text={`gristmill secrets set ${name}`}
                            label={trans.__('what stores %1', name)}
                            trans={trans}
                        />
                    </div>
                )
            )}
        </fieldset>
    );
}
