import { UseSignal } from '@jupyterlab/ui-components';
import * as React from 'react';

import { ProblemError } from '../api/problem';
import type { TryIt } from '../models/endpointPage';
import { milliseconds } from '../models/traffic';
import type { ITrans } from '../models/translation';
import { Loading, Problem, sentence } from './common';
import { CopyButton } from './copying';
import { Field } from './field';
import { Press } from './press';

/** One row, asked by hand: a field for each column of the signature, or JSON. */
export function TryItView(props: { tryIt: TryIt; ready: boolean; trans: ITrans }): React.JSX.Element {
    const { tryIt, trans } = props;
    return (
        <section aria-label={trans.__('Try it')}>
            <h2>{trans.__('Try it')}</h2>
            <UseSignal signal={tryIt.changed}>{() => <Filled {...props} />}</UseSignal>
        </section>
    );
}

function Filled(props: { tryIt: TryIt; ready: boolean; trans: ITrans }): React.JSX.Element {
    const { tryIt, ready, trans } = props;
    if (!tryIt.loaded) {
        return <Loading text={trans.__('Looking what it takes …')} />;
    }
    const hindrance = ready ? tryIt.hindrance : trans.__('The endpoint is not ready.');
    return (
        <form
            className="gr-TryIt"
            onSubmit={event => {
                event.preventDefault();
                if (hindrance === null) {
                    void tryIt.ask();
                }
            }}
        >
            {tryIt.asJson ? <Json tryIt={tryIt} trans={trans} /> : <Columns tryIt={tryIt} trans={trans} />}
            <div className="gr-TryIt-buttons">
                <Press
                    type="submit"
                    className="jp-mod-styled jp-mod-accept"
                    off={tryIt.busy || hindrance !== null}
                    title={hindrance ?? ''}
                >
                    {tryIt.busy ? trans.__('Asking …') : trans.__('Predict')}
                </Press>
                {tryIt.columns ? (
                    <button
                        type="button"
                        className="jp-mod-styled jp-mod-minimal"
                        onClick={() => {
                            tryIt.showJson(!tryIt.asJson);
                        }}
                    >
                        {tryIt.asJson ? trans.__('As fields') : trans.__('As JSON')}
                    </button>
                ) : null}
                <span className="gr-hint" role="status">
                    {hindrance ?? (tryIt.asJson ? '' : trans.__('Enter in a field asks, too'))}
                </span>
            </div>
            <Answer tryIt={tryIt} trans={trans} />
        </form>
    );
}

function Columns({ tryIt, trans }: { tryIt: TryIt; trans: ITrans }): React.JSX.Element {
    return (
        <div className="gr-Fields">
            {[...(tryIt.columns ?? []), ...tryIt.params].map(column => (
                <Field
                    key={column.name}
                    parameter={column}
                    text={tryIt.text(column.name)}
                    isSet={false}
                    fault={tryIt.fault(column.name)}
                    trans={trans}
                    onChange={text => {
                        tryIt.set(column.name, text);
                    }}
                />
            ))}
        </div>
    );
}

function Json({ tryIt, trans }: { tryIt: TryIt; trans: ITrans }): React.JSX.Element {
    const id = React.useId();
    const fault = tryIt.jsonFault;
    return (
        <>
            <label className="gr-hidden" htmlFor={id}>
                {trans.__('Request as JSON')}
            </label>
            <textarea
                id={id}
                className="jp-mod-styled gr-Json"
                rows={8}
                spellCheck={false}
                value={tryIt.json}
                aria-invalid={fault !== null}
                onChange={event => {
                    tryIt.setJson(event.target.value);
                }}
            />
            {fault ? (
                <div className="gr-Field-fault" role="alert">
                    {sentence(fault)}
                </div>
            ) : null}
        </>
    );
}

/** What it answered, which comes into view and is read out; the place for it is always there, as readers need it. */
function Answer(props: { tryIt: TryIt; trans: ITrans }): React.JSX.Element {
    const { answer, problem } = props.tryIt;
    const place = React.useRef<HTMLDivElement>(null);
    React.useEffect(() => {
        if (answer || problem) {
            place.current?.scrollIntoView({ block: 'nearest' });
        }
    }, [answer, problem]);
    return (
        <div ref={place} role="status" aria-live="polite">
            <Answered {...props} />
        </div>
    );
}

function Answered({ tryIt, trans }: { tryIt: TryIt; trans: ITrans }): React.JSX.Element | null {
    const { answer, problem } = tryIt;
    if (problem) {
        const faults = problem instanceof ProblemError ? problem.faults : [];
        return (
            <Problem problem={problem} trans={trans} title={trans.__('It did not answer')}>
                {faults.length > 1 ? (
                    <ul>
                        {faults.map(fault => (
                            <li key={`${fault.where} ${fault.message}`}>
                                {sentence(`${fault.where}: ${fault.message}`)}
                            </li>
                        ))}
                    </ul>
                ) : null}
            </Problem>
        );
    }
    if (!answer) {
        return null;
    }
    const text = JSON.stringify(answer.answer, null, 2);
    return (
        <div className="gr-Answer">
            <span className="gr-dim">
                {trans.__('answered in %1', milliseconds(answer.milliseconds / 1000))}
                <CopyButton text={text} label={trans.__('Copy: answer')} trans={trans} />
            </span>
            <pre className="gr-Json" aria-label={trans.__('Answer')} tabIndex={0}>
                {text}
            </pre>
        </div>
    );
}
