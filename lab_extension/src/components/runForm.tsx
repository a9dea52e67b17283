import { UseSignal, refreshIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { Fault, Run } from '../api/wire';
import { baseName } from '../models/quantities';
import { type RunForm, moreFault } from '../models/runForm';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Loading, Problem, sentence } from './common';
import { Field } from './field';
import { Profiles } from './profiles';

interface IRunFormProps {
    readonly form: RunForm;
    readonly trans: TranslationBundle;
    readonly onLaunched: (run: Run) => void;
    readonly onCancel: () => void;
}

/** The form beside the notebook. Enter in a field runs; what was typed stays whatever the server says. */
export function RunFormView(props: IRunFormProps): React.JSX.Element {
    return <UseSignal signal={props.form.changed}>{() => <Filled {...props} />}</UseSignal>;
}

function Filled(props: IRunFormProps): React.JSX.Element {
    const { form, trans, onLaunched, onCancel } = props;
    const launch = (launched: Promise<Run | null>): void => {
        void launched.then(run => {
            if (run) {
                onLaunched(run);
            }
        });
    };
    if (!form.facts) {
        return (
            <div className="gr-Form">
                {form.busy ? (
                    <Loading text={trans.__('Reading the notebook …')} />
                ) : (
                    <Problem
                        problem={form.problem}
                        trans={trans}
                        title={trans.__('The notebook cannot be run as it is')}
                    >
                        <button
                            className="jp-mod-styled"
                            onClick={() => {
                                void form.load();
                            }}
                        >
                            {trans.__('Try again')}
                        </button>
                    </Problem>
                )}
            </div>
        );
    }
    const { hindrance } = form;
    const busy = form.busy !== null;
    return (
        <form
            className="gr-Form"
            aria-label={trans.__('Run %1', baseName(form.source.path))}
            onSubmit={event => {
                event.preventDefault();
                launch(form.run());
            }}
        >
            <header>
                <h1>{trans.__('Run %1', baseName(form.source.path))}</h1>
                <button
                    type="button"
                    className="jp-mod-styled jp-mod-minimal"
                    title={trans.__('Back to what the notebook says')}
                    onClick={() => {
                        form.reset();
                    }}
                >
                    <refreshIcon.react tag="span" className="gr-ButtonIcon" /> {trans.__('Defaults')}
                </button>
            </header>
            <Parameters {...props} />
            <h2>{trans.__('Compute')}</h2>
            <Profiles
                profiles={form.profiles}
                chosen={form.profile}
                trans={trans}
                onChoose={name => {
                    form.choose(name);
                }}
            />
            <Secrets {...props} />
            <More {...props} />
            {form.problem ? (
                <Problem problem={form.problem} trans={trans} title={trans.__('The run was not started')}>
                    <Others
                        faults={form.otherFaults}
                        trans={trans}
                        onDataRoot={place => {
                            launch(form.useDataRoot(place));
                        }}
                    />
                </Problem>
            ) : null}
            <footer>
                <span className="gr-hint" role="status">
                    {hindrance ?? ''}
                </span>
                <button type="button" className="jp-mod-styled jp-mod-reject" onClick={onCancel}>
                    {trans.__('Cancel')}
                </button>
                <button
                    type="submit"
                    className="jp-mod-styled jp-mod-accept"
                    disabled={busy || hindrance !== null}
                    title={hindrance ?? trans.__('Saves the notebook and runs a copy of it')}
                >
                    {form.busy === 'saving'
                        ? trans.__('Saving …')
                        : form.busy === 'launching'
                          ? trans.__('Starting …')
                          : trans.__('Run')}
                </button>
            </footer>
        </form>
    );
}

function Parameters({ form, trans }: IRunFormProps): React.JSX.Element {
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
                        text={form.text(parameter)}
                        isSet={form.isSet(parameter)}
                        fault={form.fault(parameter)}
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

/** What a notebook without a parameters cell could have as parameters. */
function Suggested({ form, trans }: { form: RunForm; trans: TranslationBundle }): React.JSX.Element {
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

function Secrets({ form, trans }: IRunFormProps): React.JSX.Element | null {
    if (form.secrets.length === 0) {
        return null;
    }
    return (
        <fieldset className="gr-Checks">
            <legend>{trans.__('Secrets the run may read')}</legend>
            {form.secrets.map(secret => (
                <label key={secret.name}>
                    <input
                        type="checkbox"
                        checked={form.isGranted(secret.name)}
                        onChange={event => {
                            form.grant(secret.name, event.target.checked);
                        }}
                    />
                    {secret.name}
                </label>
            ))}
        </fieldset>
    );
}

function More({ form, trans }: IRunFormProps): React.JSX.Element {
    const { more } = form;
    const fault = moreFault(more);
    const rows: readonly (readonly [keyof typeof more, string, string])[] = [
        ['name', trans.__('name'), trans.__('default: the notebook’s name and the number')],
        ['labels', trans.__('labels'), trans.__('as team=risk, try=2')],
        ['timeout', trans.__('timeout'), trans.__('minutes; empty: none')],
        ['retries', trans.__('retries'), trans.__('more attempts, if one fails')]
    ];
    return (
        <details>
            <summary>{trans.__('More: name, labels, timeout, retries')}</summary>
            <div className="gr-Fields">
                {rows.map(([name, label, about]) => (
                    <div key={name} className={`gr-Field${fault === name ? ' gr-mod-faulty' : ''}`}>
                        <label htmlFor={`gr-more-${name}`}>{label}</label>
                        <input
                            id={`gr-more-${name}`}
                            className="jp-mod-styled"
                            value={more[name]}
                            aria-invalid={fault === name}
                            onChange={event => {
                                form.setMore({ [name]: event.target.value });
                            }}
                        />
                        <span className="gr-Field-about">{about}</span>
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

const DATA = 'data:';

function Others(props: {
    faults: readonly Fault[];
    trans: TranslationBundle;
    onDataRoot: (place: string) => void;
}): React.JSX.Element {
    const { faults, trans, onDataRoot } = props;
    return (
        <ul>
            {faults.map(fault => (
                <li key={`${fault.where} ${fault.message}`}>
                    {sentence(fault.message)}{' '}
                    {fault.hint ? <span className="gr-hint">{sentence(fault.hint)}</span> : null}
                    {fault.where.startsWith(DATA) ? (
                        <button
                            type="button"
                            className="jp-mod-styled"
                            onClick={() => {
                                onDataRoot(fault.where.slice(DATA.length));
                            }}
                        >
                            {trans.__('Use %1 as a data root and run', fault.where.slice(DATA.length))}
                        </button>
                    ) : null}
                </li>
            ))}
        </ul>
    );
}
