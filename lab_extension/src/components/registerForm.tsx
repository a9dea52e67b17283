import { UseSignal } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { ModelVersion } from '../api/wire';
import type { Connection } from '../models/connection';
import type { RegisterForm } from '../models/registerForm';
import type { ITrans } from '../models/translation';
import { ago, mainMetric, metric } from '../models/quantities';
import { Problem, sentence, useNow } from './common';
import { ConnectionNotice } from './connection';
import { CommandLine } from './copying';
import { Foot, NotRead } from './formFrame';
import { ROW, moveAmong } from './rows';

export interface IRegisterFormProps {
    readonly form: RegisterForm;
    readonly connection: Connection;
    readonly trans: ITrans;
    /** Whether what is registered is to be deployed next. */
    readonly thenDeploy: boolean;
    readonly onOpen: (version: ModelVersion) => void;
    readonly onDeploy: (version: ModelVersion) => void;
    readonly onCancel: () => void;
}

/** One model of a run becomes a version. Enter in a field registers. */
export function RegisterFormView(props: IRegisterFormProps): React.JSX.Element {
    return <UseSignal signal={props.form.changed}>{() => <Filled {...props} />}</UseSignal>;
}

function Filled(props: IRegisterFormProps): React.JSX.Element {
    const { form, trans, onCancel, onDeploy, thenDeploy } = props;
    const { run, hindrance, registered } = form;
    if (form.key === null) {
        return <Runs {...props} />;
    }
    if (!run) {
        return (
            <NotRead
                problem={form.problem}
                title={trans.__('The run cannot be read')}
                reading={trans.__('Looking for the run’s models …')}
                trans={trans}
                onRetry={() => {
                    void form.load();
                }}
            />
        );
    }
    if (registered) {
        return <Registered {...props} version={registered} />;
    }
    return (
        <form
            className="gr-Form"
            aria-label={trans.__('Register a model of %1', run.name)}
            onSubmit={event => {
                event.preventDefault();
                void form.register().then(version => {
                    if (version && thenDeploy) {
                        onDeploy(version);
                    }
                });
            }}
        >
            <ConnectionNotice connection={props.connection} trans={trans} />
            <header>
                <h1>{trans.__('Register a model of %1', run.name)}</h1>
                <CommandLine command={form.command} trans={trans} />
            </header>
            {form.logged.length === 0 ? (
                <p className="gr-warn">
                    {trans.__(
                        'This run logged no model. Log one in the notebook: mlflow.sklearn.log_model(model, name="model", signature=…), and run it again.'
                    )}
                </p>
            ) : (
                <>
                    <Choice {...props} />
                    <Fields {...props} />
                </>
            )}
            {form.problem ? (
                <Problem problem={form.problem} trans={trans} title={trans.__('It was not registered')} />
            ) : null}
            <Foot
                hindrance={hindrance}
                busy={form.busy}
                label={
                    form.busy
                        ? trans.__('Registering …')
                        : thenDeploy
                          ? trans.__('Register and deploy…')
                          : trans.__('Register')
                }
                trans={trans}
                onCancel={onCancel}
            />
        </form>
    );
}

/** Which run: the newest that logged a model. */
function Runs({ form, trans }: IRegisterFormProps): React.JSX.Element {
    const now = useNow(false);
    const runs = form.candidates;
    return (
        <div className="gr-Form">
            <header>
                <h1>{trans.__('Register a run’s model')}</h1>
            </header>
            {runs.length === 0 ? (
                <p className="gr-dim">
                    {trans.__(
                        'No run here has logged a model yet. Log one in the notebook, as with mlflow.sklearn.log_model(model, name="model", signature=…), and run it.'
                    )}
                </p>
            ) : (
                <div
                    role="list"
                    aria-label={trans.__('Runs that logged a model')}
                    onKeyDown={event => {
                        moveAmong(event, ROW);
                    }}
                >
                    {runs.map(run => {
                        const main = mainMetric(run);
                        return (
                            <div key={run.id} role="listitem">
                                <button
                                    className="gr-Row"
                                    title={run.notebook}
                                    onClick={() => {
                                        void form.chooseRun(run.id);
                                    }}
                                >
                                    <span className="gr-Row-line">
                                        <span className="gr-Row-name">{run.name}</span>
                                        <span className="gr-number">
                                            {main ? `${main[0]} ${metric(main[1])}` : ''}
                                        </span>
                                    </span>
                                    <span className="gr-Row-line gr-dim">
                                        <span className="gr-Row-name">
                                            {run.models.map(one => one.name).join(', ')}
                                        </span>
                                        <span>{ago(run.created_at, now, trans)}</span>
                                    </span>
                                </button>
                            </div>
                        );
                    })}
                </div>
            )}
        </div>
    );
}

/** Which of the models that the run logged; nothing where there is one. */
function Choice({ form, trans }: IRegisterFormProps): React.JSX.Element | null {
    const group = React.useId();
    if (form.logged.length < 2) {
        return null;
    }
    return (
        <fieldset className="gr-Checks">
            <legend>{trans.__('Model')}</legend>
            {form.logged.map(model => (
                <label key={model.id}>
                    <input
                        type="radio"
                        name={group}
                        checked={model.id === form.model}
                        onChange={() => {
                            form.choose(model.id);
                        }}
                    />
                    {model.name} <span className="gr-dim">{model.id}</span>
                </label>
            ))}
        </fieldset>
    );
}

function Fields({ form, trans }: IRegisterFormProps): React.JSX.Element {
    const id = React.useId();
    const fault = form.nameFault;
    return (
        <div className="gr-Fields gr-Register">
            <div className={`gr-Field${fault ? ' gr-mod-faulty' : ''}`}>
                <label htmlFor={`${id}-name`}>{trans.__('name')}</label>
                <input
                    id={`${id}-name`}
                    className="jp-mod-styled"
                    list={`${id}-names`}
                    spellCheck={false}
                    autoComplete="off"
                    value={form.name}
                    aria-invalid={fault !== null}
                    aria-describedby={`${id}-about`}
                    onChange={event => {
                        form.setName(event.target.value);
                    }}
                />
                <datalist id={`${id}-names`}>
                    {form.registry.all.map(model => (
                        <option key={model.name} value={model.name} />
                    ))}
                </datalist>
                <span className="gr-Field-about" id={`${id}-about`}>
                    {form.nextVersion === 1
                        ? trans.__('a new model: this is its version 1')
                        : trans.__('version %1 of this model', form.nextVersion)}
                </span>
                {fault ? (
                    <span className="gr-Field-fault" role="alert">
                        {fault}
                    </span>
                ) : null}
            </div>
            <div className="gr-Field">
                <label htmlFor={`${id}-description`}>{trans.__('description')}</label>
                <input
                    id={`${id}-description`}
                    className="jp-mod-styled"
                    value={form.description}
                    onChange={event => {
                        form.setDescription(event.target.value);
                    }}
                />
                <span className="gr-Field-about">{trans.__('what is new about it, for people')}</span>
            </div>
        </div>
    );
}

function Registered(props: IRegisterFormProps & { version: ModelVersion }): React.JSX.Element {
    const { version, trans, onOpen, onDeploy, onCancel } = props;
    const key = `${version.name}/${version.version}`;
    return (
        <div className="gr-Form" role="status">
            <header>
                <h1>{trans.__('%1 is registered', key)}</h1>
            </header>
            {version.suggestion ? (
                <p className="gr-Suggestion gr-warn">{sentence(version.suggestion)}</p>
            ) : null}
            <footer>
                <span className="gr-hint" />
                <button className="jp-mod-styled jp-mod-reject" onClick={onCancel}>
                    {trans.__('Close')}
                </button>
                <button
                    className="jp-mod-styled"
                    onClick={() => {
                        onOpen(version);
                    }}
                >
                    {trans.__('Open %1', key)}
                </button>
                {/* The form had the focus and is gone: else it would fall to the page. */}
                <button
                    className="jp-mod-styled jp-mod-accept"
                    autoFocus
                    onClick={() => {
                        onDeploy(version);
                    }}
                >
                    {trans.__('Deploy %1…', key)}
                </button>
            </footer>
        </div>
    );
}
