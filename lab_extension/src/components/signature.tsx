import * as React from 'react';

import type { ModelVersion } from '../api/wire';
import { type ISpec, signatureOf, typeText } from '../models/signature';
import type { ITrans } from '../models/translation';
import { sentence } from './common';

/** What a model takes and answers, and a request that it was logged with. */
export function SignatureView(props: { version: ModelVersion; trans: ITrans }): React.JSX.Element {
    const { version, trans } = props;
    const signature = signatureOf(version);
    return (
        <div className="gr-Columns">
            {signature ? (
                <>
                    <Specs title={trans.__('Takes')} specs={signature.inputs} trans={trans} />
                    {signature.params.length > 0 ? (
                        <Specs title={trans.__('Parameters')} specs={signature.params} trans={trans} />
                    ) : null}
                    <Specs title={trans.__('Answers')} specs={signature.outputs} trans={trans} />
                </>
            ) : null}
            <section>
                <h2>{trans.__('Input example')}</h2>
                {version.input_example ? (
                    <pre className="gr-Json" tabIndex={0} aria-label={trans.__('Input example')}>
                        {JSON.stringify(version.input_example, null, 2)}
                    </pre>
                ) : (
                    <p className="gr-dim">{trans.__('It was logged without one.')}</p>
                )}
            </section>
            {version.suggestion ? (
                <section>
                    <h2>{trans.__('What is missing')}</h2>
                    <p className="gr-warn">{sentence(version.suggestion)}</p>
                </section>
            ) : null}
        </div>
    );
}

function Specs(props: { title: string; specs: readonly ISpec[]; trans: ITrans }): React.JSX.Element {
    const { title, specs, trans } = props;
    return (
        <section>
            <h2>{title}</h2>
            {specs.length === 0 ? <p className="gr-dim">{trans.__('The signature does not say.')}</p> : null}
            <table className="gr-Facts">
                <tbody>
                    {specs.map((spec, at) => (
                        <tr key={spec.name ?? at}>
                            <th scope="row">{spec.name ?? trans.__('(no name)')}</th>
                            <td>
                                {typeText(spec, trans)}
                                {spec.required === false ? ` · ${trans.__('may be missing')}` : ''}
                            </td>
                        </tr>
                    ))}
                </tbody>
            </table>
        </section>
    );
}
