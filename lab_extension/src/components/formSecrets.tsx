import * as React from 'react';

import type { ISecretChoice } from '../models/choices';
import type { ITrans } from '../models/translation';
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
            {form.secrets.map(choice =>
                choice.stored ? (
                    <Stored key={choice.name} choice={choice} form={form} trans={trans} />
                ) : (
                    <div key={choice.name} className="gr-Warning">
                        {lacking(choice, trans)}
                        <Copyable
                            text={`gristmill secrets set ${choice.name}`}
                            label={trans.__('what stores %1', choice.name)}
                            trans={trans}
                        />
                    </div>
                )
            )}
        </fieldset>
    );
}

/** A tick grants it; a second one, of what is granted, puts it into the environment too. */
function Stored(props: IPartProps & { choice: ISecretChoice }): React.JSX.Element {
    const { choice, form, trans } = props;
    const { name } = choice;
    const isGranted = form.choices.isGranted(name);
    const variable = form.choices.variableOf(name);
    const isMet = isGranted && (choice.asked !== 'variable' || variable !== null);
    return (
        <>
            <label>
                <input
                    type="checkbox"
                    checked={isGranted}
                    onChange={event => {
                        form.grant(name, event.target.checked);
                    }}
                />
                <span>{name}</span>
                {choice.asked ? (
                    <span className={isMet ? 'gr-dim' : 'gr-warn'}>{told(choice, isGranted, trans)}</span>
                ) : null}
            </label>
            {isGranted ? (
                <label className="gr-Checks-more">
                    <input
                        type="checkbox"
                        checked={variable !== null}
                        onChange={event => {
                            form.grantAsVariable(name, event.target.checked);
                        }}
                    />
                    <span>{trans.__('as os.environ["%1"] too', variable ?? name)}</span>
                </label>
            ) : null}
        </>
    );
}

function told({ asked }: ISecretChoice, isGranted: boolean, trans: ITrans): string {
    if (asked === 'variable') {
        return isGranted
            ? trans.__('read from os.environ by this notebook')
            : trans.__('read from os.environ by this notebook, and not granted');
    }
    return isGranted
        ? trans.__('asked for by this notebook')
        : trans.__('asked for by this notebook, and not granted');
}

function lacking({ name, asked }: ISecretChoice, trans: ITrans): string {
    return asked === 'variable'
        ? trans.__(
              'The notebook reads %1 from os.environ, and there is no secret of this name. A run has only what it is granted.',
              name
          )
        : trans.__('The notebook asks for the secret %1, and there is none of this name.', name);
}
