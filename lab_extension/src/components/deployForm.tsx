import { UseSignal } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { Endpoint } from '../api/wire';
import type { IModelsApi } from '../api/models';
import type { Connection } from '../models/connection';
import type { DeployForm } from '../models/deployForm';
import { askedAt, calledAs } from '../models/endpoints';
import type { TranslationBundle } from '@jupyterlab/translation';
import { CallsView } from './calls';
import { Problem, sentence } from './common';
import { ConnectionNotice } from './connection';
import { CommandLine } from './copying';
import { Foot, NotRead } from './formFrame';
import type { IKept } from './formHolders';
import { Progress } from './endpointState';
import { Profiles } from './profiles';
import { TryOutView } from './tryOut';

export interface IDeployFormProps extends IKept {
    readonly form: DeployForm;
    readonly api: IModelsApi;
    readonly connection: Connection;
    readonly trans: TranslationBundle;
    readonly onOpen: (endpoint: Endpoint) => void;
    readonly onCancel: () => void;
}

/** A version on its way to an endpoint: chosen, tried out, deployed, ready. Enter in a field deploys. */
export function DeployFormView(props: IDeployFormProps): React.JSX.Element {
    return <UseSignal signal={props.form.changed}>{() => <Filled {...props} />}</UseSignal>;
}

function Filled(props: IDeployFormProps): React.JSX.Element {
    const { form, trans, onCancel } = props;
    const key = `${form.model}/${form.number}`;
    if (!form.version) {
        return (
            <NotRead
                problem={form.problem}
                title={trans.__('%1 cannot be read', key)}
                reading={trans.__('Reading %1 …', key)}
                trans={trans}
                onRetry={() => {
                    void form.load();
                }}
            />
        );
    }
    if (form.endpoint) {
        return <Deployed {...props} endpoint={form.endpoint} />;
    }
    return (
        <form
            className="gr-Form"
            aria-label={trans.__('Deploy %1', key)}
            onSubmit={event => {
                event.preventDefault();
                void form.deploy();
            }}
        >
            <ConnectionNotice connection={props.connection} trans={trans} />
            <header>
                <h1>{trans.__('Deploy %1', key)}</h1>
                <CommandLine command={form.command} trans={trans} />
            </header>
            <h2>{trans.__('Endpoint')}</h2>
            <Name {...props} />
            <h2>{trans.__('Compute')}</h2>
            <Profiles
                profiles={form.profiles}
                chosen={form.profile}
                trans={trans}
                onChoose={name => {
                    form.choose(name);
                }}
            />
            <h2>{trans.__('Try-out')}</h2>
            <TryOutView form={form} trans={trans} kept={props.kept} onEnd={props.onEnd} />
            <details>
                <summary>{trans.__('More: access')}</summary>
                <div className="gr-Checks">
                    <label>
                        <input
                            type="checkbox"
                            checked={form.open}
                            onChange={event => {
                                form.setOpen(event.target.checked);
                            }}
                        />
                        {trans.__('answer without an API key, to everybody on this machine')}
                    </label>
                </div>
            </details>
            {form.problem ? (
                <Problem problem={form.problem} trans={trans} title={trans.__('It was not deployed')} />
            ) : null}
            <Foot
                hindrance={form.hindrance}
                busy={form.busy}
                label={form.busy ? trans.__('Deploying …') : trans.__('Deploy to dev')}
                trans={trans}
                onCancel={onCancel}
            />
        </form>
    );
}

function Name({ form, trans }: IDeployFormProps): React.JSX.Element {
    const id = React.useId();
    const fault = form.nameFault;
    const { replaced } = form;
    const serves = replaced?.variants.map(one => `${one.model}/${one.version}`).join(', ') ?? '';
    return (
        <div className="gr-Fields">
            <div className={`gr-Field${fault ? ' gr-mod-faulty' : ''}`}>
                <label htmlFor={id}>{trans.__('name')}</label>
                <input
                    id={id}
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
                    {form.endpoints.all.map(one => (
                        <option key={one.id} value={one.name} />
                    ))}
                </datalist>
                <span className="gr-Field-about" id={`${id}-about`}>
                    {replaced
                        ? trans.__('in target dev · replaces %1, which serves until this one answers', serves)
                        : trans.__('in target dev · a new endpoint, replaces nothing')}
                </span>
                {fault ? (
                    <span className="gr-Field-fault" role="alert">
                        {fault}
                    </span>
                ) : null}
            </div>
        </div>
    );
}

/** On its way, ready with how it is called, or failed with why and what to do. */
function Deployed(props: IDeployFormProps & { endpoint: Endpoint }): React.JSX.Element {
    const { form, api, endpoint, trans, onOpen, onCancel } = props;
    const { progress } = form;
    const serves = endpoint.observed?.state === 'ready';
    return (
        <div className="gr-Form">
            <header>
                <h1>{trans.__('%1 → endpoint %2', `${form.model}/${form.number}`, endpoint.name)}</h1>
            </header>
            {progress ? <Progress progress={progress} trans={trans} /> : null}
            {progress?.failed ? (
                <Problem problem={progress.said} trans={trans} title={trans.__('It could not be served')}>
                    {progress.hint ? <p className="gr-hint">{sentence(progress.hint)}</p> : null}
                    {serves ? <p>{trans.__('What served before still serves.')}</p> : null}
                    <button
                        className="jp-mod-styled"
                        onClick={() => {
                            form.change();
                        }}
                    >
                        {trans.__('Back to the form')}
                    </button>
                </Problem>
            ) : null}
            {progress?.step === 'ready' ? (
                <CallsView
                    key={calledAs(endpoint)}
                    name={endpoint.name}
                    url={askedAt(endpoint)}
                    api={api}
                    trans={trans}
                />
            ) : null}
            <footer>
                <span className="gr-hint" role="status">
                    {progress && progress.step !== 'ready' && !progress.failed
                        ? trans.__('This can be closed: it goes live by itself.')
                        : ''}
                </span>
                <button className="jp-mod-styled jp-mod-reject" onClick={onCancel}>
                    {trans.__('Close')}
                </button>
                {/* The form had the focus and is gone: else it would fall to the page. */}
                <button
                    className="jp-mod-styled jp-mod-accept"
                    autoFocus
                    onClick={() => {
                        onOpen(endpoint);
                    }}
                >
                    {trans.__('Open endpoint %1', endpoint.name)}
                </button>
            </footer>
        </div>
    );
}
