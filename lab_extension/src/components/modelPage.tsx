import { UseSignal } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { Endpoint, ModelVersion } from '../api/wire';
import type { Connection } from '../models/connection';
import type { Endpoints } from '../models/endpoints';
import { type IMeasured, type ModelPage, measured, metricNames } from '../models/modelPage';
import { ago, exact, metric, number } from '../models/quantities';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Loading, Problem, useNow } from './common';
import { ConnectionNotice } from './connection';
import { MlflowLink } from './mlflowLink';
import { SignatureView } from './signature';

export interface IModelPageProps {
    readonly page: ModelPage;
    readonly endpoints: Endpoints;
    readonly connection: Connection;
    readonly trans: TranslationBundle;
    /** MLflow’s page of a version. */
    readonly mlflowUrl: (version: ModelVersion) => string;
    readonly onRun: (run: string) => void;
    readonly onEndpoint: (endpoint: Endpoint) => void;
    readonly onDeploy: (version: ModelVersion) => void;
}

/** One registered model: a version beside the one before it, and all of them side by side. */
export function ModelPageView(props: IModelPageProps): React.JSX.Element {
    const { page, endpoints, connection, trans } = props;
    return (
        <div className="gr-Page">
            <ConnectionNotice connection={connection} trans={trans} />
            <UseSignal signal={page.changed}>
                {() => <UseSignal signal={endpoints.changed}>{() => <Loaded {...props} />}</UseSignal>}
            </UseSignal>
        </div>
    );
}

function Loaded(props: IModelPageProps): React.JSX.Element {
    const { page, trans } = props;
    const { model, number: shown } = page;
    if (!model || shown === null) {
        return page.problem || page.registry.fault ? (
            <Problem
                problem={page.problem ?? page.registry.fault}
                trans={trans}
                title={trans.__('Model %1 cannot be shown', page.name)}
            />
        ) : page.registry.loaded ? (
            <div className="gr-Empty">
                {model
                    ? trans.__('%1 has no version yet.', page.name)
                    : trans.__('There is no registered model %1.', page.name)}
            </div>
        ) : (
            <Loading text={trans.__('Looking for the model …')} />
        );
    }
    const version = page.version ?? page.versions.find(one => one.version === shown);
    return version ? (
        <Shown {...props} version={version} />
    ) : (
        <div className="gr-Empty">{trans.__('%1 has no version %2.', page.name, shown)}</div>
    );
}

function Shown(props: IModelPageProps & { version: ModelVersion }): React.JSX.Element {
    const { page, version, trans, onDeploy } = props;
    const key = `${version.name}/${version.version}`;
    return (
        <>
            <header className="gr-Page-head">
                <h1>{key}</h1>
                <span className="gr-Page-facts">
                    {[
                        version.description,
                        ...version.aliases.map(alias => `@${alias}`),
                        ...version.flavors.filter(one => one !== 'python_function')
                    ]
                        .filter(Boolean)
                        .join(' · ')}
                </span>
                <span className="gr-Page-buttons">
                    <button
                        className="jp-mod-styled jp-mod-accept"
                        onClick={() => {
                            onDeploy(version);
                        }}
                    >
                        {trans.__('Deploy…')}
                    </button>
                </span>
            </header>
            {page.problem ? (
                <Problem problem={page.problem} trans={trans}>
                    <button
                        className="jp-mod-styled"
                        onClick={() => {
                            void page.load();
                        }}
                    >
                        {trans.__('Try again')}
                    </button>
                </Problem>
            ) : null}
            <div className="gr-Page-body">
                <div className="gr-Columns">
                    <Metrics {...props} before={page.before} />
                    <Origin {...props} />
                </div>
                {page.version ? (
                    <SignatureView version={version} trans={trans} />
                ) : page.problem ? null : (
                    <Loading text={trans.__('Reading its files …')} />
                )}
                <Versions {...props} />
            </div>
        </>
    );
}

/** Beside what the version before has; which of the two is better, only who knows the metric can say. */
function Metrics(
    props: IModelPageProps & { version: ModelVersion; before: ModelVersion | null }
): React.JSX.Element {
    const { version, before, trans } = props;
    const own = measured(version.metrics ?? {});
    const theirs = measured(before?.metrics ?? {});
    const names = metricNames(before ? [version, before] : [version]);
    return (
        <section>
            <h2>{trans.__('Metrics')}</h2>
            {names.length === 0 ? <p className="gr-dim">{trans.__('Its run reported none.')}</p> : null}
            {names.length > 0 ? (
                <table className="gr-Facts gr-Measured">
                    <thead>
                        <tr>
                            <td />
                            <th scope="col">{version.version}</th>
                            {before ? (
                                <>
                                    <th scope="col">{before.version}</th>
                                    <th scope="col">{trans.__('difference')}</th>
                                </>
                            ) : null}
                        </tr>
                    </thead>
                    <tbody>
                        {names.map(name => (
                            <tr key={name}>
                                <th scope="row">{name}</th>
                                <td>{shownMetric(own.get(name))}</td>
                                {before ? (
                                    <>
                                        <td>{shownMetric(theirs.get(name))}</td>
                                        <td>{difference(own.get(name), theirs.get(name))}</td>
                                    </>
                                ) : null}
                            </tr>
                        ))}
                    </tbody>
                </table>
            ) : null}
        </section>
    );
}

function shownMetric(one: IMeasured | undefined): string {
    return one ? metric(one) : '–';
}

function difference(one: IMeasured | undefined, other: IMeasured | undefined): string {
    if (!one || !other) {
        return '';
    }
    const change = one.value - other.value;
    return change === 0 ? '=' : `${change > 0 ? '+' : '−'}${number(Math.abs(change))}`;
}

/** Made by which run, served by which endpoint, when, by what. */
function Origin(props: IModelPageProps & { version: ModelVersion }): React.JSX.Element {
    const { version, endpoints, trans, onRun, onEndpoint } = props;
    const now = useNow(false);
    const serving = endpoints.serving(version.name, version.version);
    const { run_id: run } = version;
    return (
        <section>
            <h2>{trans.__('Version')}</h2>
            <table className="gr-Facts gr-Short">
                <tbody>
                    <tr>
                        <th scope="row">{trans.__('made by')}</th>
                        <td>
                            {run && version.run_name ? (
                                <LinkButton
                                    label={version.run_name}
                                    onClick={() => {
                                        onRun(run);
                                    }}
                                />
                            ) : run ? (
                                trans.__('a run that was deleted')
                            ) : (
                                trans.__('no run of this control plane')
                            )}
                        </td>
                    </tr>
                    <tr>
                        <th scope="row">{trans.__('served by')}</th>
                        <td>
                            {serving.length === 0 ? trans.__('no endpoint') : null}
                            {serving.map(endpoint => (
                                <LinkButton
                                    key={endpoint.id}
                                    label={endpoint.name}
                                    onClick={() => {
                                        onEndpoint(endpoint);
                                    }}
                                />
                            ))}
                        </td>
                    </tr>
                    <tr>
                        <th scope="row">{trans.__('made')}</th>
                        <td title={exact(version.created_at)}>{ago(version.created_at, now, trans)}</td>
                    </tr>
                    <tr>
                        <th scope="row">{trans.__('source')}</th>
                        <td>{version.source}</td>
                    </tr>
                    <tr>
                        <th scope="row">{trans.__('MLflow')}</th>
                        <td>
                            <MlflowLink href={props.mlflowUrl(version)} trans={trans} />
                        </td>
                    </tr>
                </tbody>
            </table>
        </section>
    );
}

export function LinkButton(props: { label: string; onClick: () => void }): React.JSX.Element {
    return (
        <button className="gr-Link" onClick={props.onClick}>
            {props.label}
        </button>
    );
}

/** Every version with every metric: columns are metrics, the one that is looked at is marked. */
function Versions(props: IModelPageProps & { version: ModelVersion }): React.JSX.Element | null {
    const { page, version: shown, endpoints, trans, onRun } = props;
    const now = useNow(false);
    const { versions } = page;
    const names = metricNames(versions);
    if (versions.length < 2) {
        return null;
    }
    return (
        <section>
            <h2>{trans.__('All versions')}</h2>
            <div className="gr-Wide">
                <table className="gr-Facts gr-Measured gr-Versions">
                    <thead>
                        <tr>
                            <th scope="col">{trans.__('version')}</th>
                            {names.map(name => (
                                <th key={name} scope="col">
                                    {name}
                                </th>
                            ))}
                            <th scope="col">{trans.__('aliases')}</th>
                            <th scope="col">{trans.__('served by')}</th>
                            <th scope="col">{trans.__('made by')}</th>
                            <th scope="col">{trans.__('made')}</th>
                        </tr>
                    </thead>
                    <tbody>
                        {versions.map(version => {
                            const own = measured(version.metrics ?? {});
                            const { run_id: run } = version;
                            return (
                                <tr
                                    key={version.version}
                                    className={version.version === shown.version ? 'gr-mod-set' : ''}
                                >
                                    <th scope="row">
                                        <LinkButton
                                            label={version.version}
                                            onClick={() => {
                                                page.choose(version.version);
                                            }}
                                        />
                                    </th>
                                    {names.map(name => (
                                        <td key={name}>{shownMetric(own.get(name))}</td>
                                    ))}
                                    <td className="gr-mod-text">{version.aliases.join(', ')}</td>
                                    <td className="gr-mod-text">
                                        {endpoints
                                            .serving(version.name, version.version)
                                            .map(one => one.name)
                                            .join(', ')}
                                    </td>
                                    <td className="gr-mod-text">
                                        {run && version.run_name ? (
                                            <LinkButton
                                                label={version.run_name}
                                                onClick={() => {
                                                    onRun(run);
                                                }}
                                            />
                                        ) : null}
                                    </td>
                                    <td className="gr-mod-text" title={exact(version.created_at)}>
                                        {ago(version.created_at, now, trans)}
                                    </td>
                                </tr>
                            );
                        })}
                    </tbody>
                </table>
            </div>
        </section>
    );
}
