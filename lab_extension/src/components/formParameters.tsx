import * as React from 'react';

import { Problem, sentence } from './common';
import { Field } from './field';
import type { IPartProps } from './formParts';

/** A field for each parameter; or what the notebook could have as parameters. */
export function Parameters({ form, trans }: IPartProps): React.JSX.Element {
    const facts = form.facts;
    return (
        <>
            <h2>{trans.__('Parameters')}</h2>
            {facts?.fault ? (
                <p className="gr-warn">
                    {sentence(facts.fault)} {facts.hint ? sentence(facts.hint) : ''}
                </p>
            ) : form.parameters.length === 0 ? (
                <Suggested form={form} trans={trans} />
            ) : null}
            <div className="gr-Fields">
                {form.parameters.map(parameter => (
                    <Field
                        key={parameter.name}
                        parameter={parameter}
                        text={form.values.text(parameter)}
                        isSet={form.values.isSet(parameter)}
                        fault={form.values.fault(parameter)}
                        trans={trans}
                        onChange={text => {
                            form.set(parameter, text);
                        }}
                    />
                ))}
            </div>
        </>
    );
}

function Suggested({ form, trans }: IPartProps): React.JSX.Element {
    const { suggestion } = form;
    const [problem, setProblem] = React.useState<unknown>(null);
    if (!suggestion) {
        return (
            <p className="gr-dim">
                {trans.__(
                    'This notebook has no parameters: it runs as it stands. Tag a cell with settings “parameters” (property inspector, Cell tags) to have a field for each.'
                )}
            </p>
        );
    }
    return (
        <div className="gr-dim">
            <p>
                {trans.__(
                    'This notebook has no parameters yet. Cell %1 sets %2: tagged “parameters”, each has a field here.',
                    suggestion.cell,
                    suggestion.names.join(', ')
                )}
            </p>
            <button
                type="button"
                className="jp-mod-styled"
                onClick={() => {
                    form.source.makeParameters(suggestion.cell).catch(setProblem);
                }}
            >
                {trans.__('Make these parameters')}
            </button>
            {problem ? <Problem problem={problem} trans={trans} /> : null}
        </div>
    );
}
