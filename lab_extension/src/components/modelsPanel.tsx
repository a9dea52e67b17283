import { UseSignal, addIcon, caretDownIcon, caretRightIcon, refreshIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { Endpoint, ModelVersion, RegisteredModel } from '../api/wire';
import type { Connection } from '../models/connection';
import type { Endpoints } from '../models/endpoints';
import { measured } from '../models/modelPage';
import { ago, exact, metric } from '../models/quantities';
import { type Registry, newestFirst } from '../models/registry';
import type { TrafficWatch } from '../models/traffic';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Loading, Problem, useNow } from './common';
import { ConnectionNotice } from './connection';
import { EndpointState, errorsText, trafficText } from './endpointState';
import { moveAmong, onActivate, toFirst } from './rows';
import { TrafficLine } from './trafficLine';

export interface IModelsPanelProps {
    readonly registry: Registry;
    readonly endpoints: Endpoints;
    readonly traffic: TrafficWatch;
    readonly connection: Connection;
    readonly trans: TranslationBundle;
    readonly onModel: (version: ModelVersion) => void;
    readonly onEndpoint: (endpoint: Endpoint) => void;
    readonly onDeploy: (version: ModelVersion) => void;
    readonly onRegister: () => void;
}

const ROWS = '.gr-Row';
const SHOWN = 5; // versions of an open model; its page has them all

/** Registered models and endpoints. Arrows move, right and left open and close, Enter opens, `/` filters. */
export function ModelsPanel(props: IModelsPanelProps): React.JSX.Element {
    const { registry, endpoints, connection, trans } = props;
    const [text, setText] = React.useState('');
    const filter = React.useRef<HTMLInputElement>(null);
    return (
        <div
            className="gr-Models"
            onKeyDown={event => {
                if (event.key === '/' && event.target !== filter.current) {
                    event.preventDefault();
                    filter.current?.focus();
                }
            }}
        >
            <ConnectionNotice connection={connection} trans={trans} />
            <div className="gr-Models-head">
                <input
                    ref={filter}
                    className="jp-mod-styled"
                    type="search"
                    placeholder={trans.__('filter models and endpoints')}
                    aria-label={trans.__('Filter models and endpoints')}
                    value={text}
                    onChange={event => {
                        setText(event.target.value);
                    }}
                    onKeyDown={event => {
                        if (event.key === 'Escape') {
                            setText('');
                        }
                        toFirst(event, '.gr-Row');
                    }}
                />
                <button
                    className="jp-mod-styled jp-mod-minimal"
                    title={trans.__('Ask again: what was registered by MLflow alone is not told')}
                    aria-label={trans.__('Refresh models and endpoints')}
                    onClick={() => {
                        void registry.refresh();
                        void endpoints.refresh();
                    }}
                >
                    <refreshIcon.react tag="span" className="gr-ButtonIcon" />
                </button>
            </div>
            <section aria-label={trans.__('Models')}>
                <h2>
                    {trans.__('Models')}
                    <button
                        className="jp-mod-styled jp-mod-minimal"
                        title={trans.__('Register a run’s model…')}
                        aria-label={trans.__('Register a run’s model…')}
                        onClick={props.onRegister}
                    >
                        <addIcon.react tag="span" className="gr-ButtonIcon" />
                    </button>
                </h2>
                <UseSignal signal={registry.changed}>
                    {() => (
                        <UseSignal signal={endpoints.changed}>
                            {() => <ModelList {...props} text={text} />}
                        </UseSignal>
                    )}
                </UseSignal>
            </section>
            <section aria-label={trans.__('Endpoints')}>
                <h2>{trans.__('Endpoints')}</h2>
                <UseSignal signal={registry.changed}>
                    {() => (
                        <UseSignal signal={endpoints.changed}>
                            {() => (
                                <UseSignal signal={props.traffic.changed}>
                                    {() => <EndpointList {...props} text={text} />}
                                </UseSignal>
                            )}
                        </UseSignal>
                    )}
                </UseSignal>
            </section>
        </div>
    );
}

function ModelList(props: IModelsPanelProps & { text: string }): React.JSX.Element {
    const { registry, trans, text, onRegister } = props;
    const [closed, setClosed] = React.useState<ReadonlySet<string>>(new Set());
    const [focused, setFocused] = React.useState<string | null>(null);
    const now = useNow(false);
    const shown = registry.matching(text);
    if (!registry.loaded) {
        return registry.fault ? (
            <Problem problem={registry.fault} trans={trans} title={trans.__('The models cannot be listed')} />
        ) : (
            <Loading text={trans.__('Looking for models …')} />
        );
    }
    if (registry.all.length === 0) {
        return (
            <div className="gr-Empty">
                <p>
                    {trans.__(
                        'A registered model is what a run logged, under a name and with a number: it can be compared with the one before it, and deployed.'
                    )}
                </p>
                <button className="jp-mod-styled jp-mod-accept" onClick={onRegister}>
                    {trans.__('Register a run’s model…')}
                </button>
            </div>
        );
    }
    if (shown.length === 0) {
        return <div className="gr-Empty">{trans.__('No model here has all of “%1”.', text)}</div>;
    }
    const toggle = (name: string, open: boolean): void => {
        const next = new Set(closed);
        next[open ? 'delete' : 'add'](name);
        setClosed(next);
    };
    const first = focused ?? shown[0]?.name ?? null;
    return (
        <>
            {registry.fault ? <Problem problem={registry.fault} trans={trans} /> : null}
            <div
                role="tree"
                aria-label={trans.__('Models')}
                onKeyDown={event => {
                    moveAmong(event, ROWS);
                }}
            >
                {shown.map(model => (
                    <Model
                        key={model.name}
                        {...props}
                        model={model}
                        now={now}
                        isOpen={!closed.has(model.name)}
                        tabStop={first}
                        onFocus={setFocused}
                        onToggle={open => {
                            toggle(model.name, open);
                        }}
                    />
                ))}
            </div>
        </>
    );
}

interface IModelProps extends IModelsPanelProps {
    readonly model: RegisteredModel;
    readonly now: Date;
    readonly isOpen: boolean;
    readonly tabStop: string | null;
    readonly onFocus: (key: string) => void;
    readonly onToggle: (open: boolean) => void;
}

function Model(props: IModelProps): React.JSX.Element {
    const { model, isOpen, trans, tabStop, onFocus, onToggle, onModel } = props;
    const versions = newestFirst(model.versions);
    const newest = versions[0];
    const Caret = isOpen ? caretDownIcon : caretRightIcon;
    return (
        <div role="none">
            <div
                role="treeitem"
                aria-level={1}
                aria-expanded={isOpen}
                aria-label={model.name}
                className="gr-Row"
                tabIndex={tabStop === model.name ? 0 : -1}
                title={model.description ?? model.name}
                data-model={model.name}
                onFocus={() => {
                    onFocus(model.name);
                }}
                onClick={() => {
                    onToggle(!isOpen);
                }}
                onDoubleClick={() => {
                    if (newest) {
                        onModel(newest);
                    }
                }}
                onKeyDown={event => {
                    if (event.key === 'ArrowRight' || event.key === 'ArrowLeft') {
                        onToggle(event.key === 'ArrowRight');
                    } else if (newest) {
                        onActivate(() => {
                            onModel(newest);
                        })(event);
                    }
                }}
            >
                <span className="gr-Row-line">
                    <Caret.react tag="span" className="gr-Row-caret" aria-hidden="true" />
                    <span className="gr-Row-name">{model.name}</span>
                    <span className="gr-Row-said gr-dim">
                        {trans._n('%1 version', '%1 versions', versions.length)}
                    </span>
                </span>
            </div>
            {isOpen ? (
                <div role="group">
                    {versions.slice(0, SHOWN).map(version => (
                        <Version key={version.version} {...props} version={version} />
                    ))}
                    {versions.length > SHOWN && newest ? (
                        <div
                            role="treeitem"
                            aria-level={2}
                            className="gr-Row gr-mod-version"
                            tabIndex={-1}
                            onClick={() => {
                                onModel(newest);
                            }}
                            onKeyDown={onActivate(() => {
                                onModel(newest);
                            })}
                        >
                            {trans.__('All %1 versions', versions.length)}
                        </div>
                    ) : null}
                </div>
            ) : null}
        </div>
    );
}

function Version(props: IModelProps & { version: ModelVersion }): React.JSX.Element {
    const { version, endpoints, trans, now, tabStop, onFocus, onModel, onDeploy } = props;
    const key = `${version.name}/${version.version}`;
    const main = [...measured(version.metrics ?? {})][0];
    const serving = endpoints.serving(version.name, version.version);
    return (
        <div
            role="treeitem"
            aria-level={2}
            aria-label={key}
            className="gr-Row gr-mod-version"
            tabIndex={tabStop === key ? 0 : -1}
            data-version={key}
            title={[key, version.description, exact(version.created_at)].filter(Boolean).join(' · ')}
            onFocus={() => {
                onFocus(key);
            }}
            onClick={() => {
                onModel(version);
            }}
            onKeyDown={onActivate(() => {
                onModel(version);
            })}
        >
            <span className="gr-Row-line">
                <span className="gr-Row-number">{version.version}</span>
                <span className="gr-Row-name gr-number">
                    {main ? `${main[0]} ${metric({ value: main[1].value, spread: main[1].spread })}` : ''}
                </span>
                <span className="gr-Row-said">
                    {[...version.aliases.map(alias => `@${alias}`), ...serving.map(one => one.name)].map(
                        tag => (
                            <span key={tag} className="gr-Tag">
                                {tag}
                            </span>
                        )
                    )}
                </span>
                <button
                    className="jp-mod-styled jp-mod-minimal gr-Row-act"
                    tabIndex={-1}
                    title={trans.__('Deploy %1', key)}
                    aria-label={trans.__('Deploy %1', key)}
                    onClick={event => {
                        event.stopPropagation();
                        onDeploy(version);
                    }}
                >
                    {trans.__('Deploy')}
                </button>
            </span>
            <span className="gr-Row-line gr-Row-second">
                <span className="gr-Row-name">
                    {version.run_name
                        ? trans.__('from %1', version.run_name)
                        : trans.__('made outside a run')}
                </span>
                <span className="gr-Row-said">{ago(version.created_at, now, trans)}</span>
            </span>
        </div>
    );
}

function EndpointList(props: IModelsPanelProps & { text: string }): React.JSX.Element {
    const { endpoints, registry, trans, text, onDeploy } = props;
    const [focused, setFocused] = React.useState<string | null>(null);
    const shown = endpoints.matching(text);
    if (!endpoints.loaded) {
        return endpoints.fault ? (
            <Problem
                problem={endpoints.fault}
                trans={trans}
                title={trans.__('The endpoints cannot be listed')}
            />
        ) : (
            <Loading text={trans.__('Looking for endpoints …')} />
        );
    }
    if (endpoints.all.length === 0) {
        const version = registry.newest;
        return (
            <div className="gr-Empty">
                <p>
                    {trans.__(
                        'An endpoint is a URL that answers with a model’s predictions, as long as it is there.'
                    )}
                </p>
                {version ? (
                    <button
                        className="jp-mod-styled jp-mod-accept"
                        onClick={() => {
                            onDeploy(version);
                        }}
                    >
                        {trans.__('Deploy %1', `${version.name}/${version.version}`)}
                    </button>
                ) : null}
            </div>
        );
    }
    if (shown.length === 0) {
        return <div className="gr-Empty">{trans.__('No endpoint here has all of “%1”.', text)}</div>;
    }
    const first = focused ?? shown[0]?.name ?? null;
    return (
        <div
            role="list"
            aria-label={trans.__('Endpoints')}
            onKeyDown={event => {
                moveAmong(event, ROWS);
            }}
        >
            {shown.map(endpoint => (
                <EndpointEntry
                    key={endpoint.id}
                    {...props}
                    endpoint={endpoint}
                    isTabStop={first === endpoint.name}
                    onFocus={setFocused}
                />
            ))}
        </div>
    );
}

function EndpointEntry(
    props: IModelsPanelProps & {
        endpoint: Endpoint;
        isTabStop: boolean;
        onFocus: (key: string) => void;
    }
): React.JSX.Element {
    const { endpoint, traffic, trans, isTabStop, onFocus, onEndpoint } = props;
    const rates = traffic.of(endpoint.name);
    const isReady = endpoint.state === 'ready';
    const said = isReady ? trafficText(rates, trans) : (endpoint.waiting ?? endpoint.observed?.message ?? '');
    const serves = endpoint.variants.map(one => `${one.model}/${one.version}`).join(', ');
    return (
        <div role="listitem">
            <button
                className="gr-Row"
                tabIndex={isTabStop ? 0 : -1}
                data-endpoint={endpoint.name}
                title={[endpoint.url, said].filter(Boolean).join('\n')}
                onFocus={() => {
                    onFocus(endpoint.name);
                }}
                onClick={() => {
                    onEndpoint(endpoint);
                }}
            >
                <span className="gr-Row-line">
                    <EndpointState endpoint={endpoint} trans={trans} quiet />
                    <span className="gr-Row-name">{endpoint.name}</span>
                    <span className="gr-Row-said gr-dim">
                        {serves} · {endpoint.target}
                    </span>
                    {isReady && rates.history.length > 1 ? (
                        <TrafficLine values={rates.history} label={trans.__('requests per second, lately')} />
                    ) : null}
                </span>
                <span className="gr-Row-line gr-Row-second">
                    <span
                        className={`gr-Row-name gr-number${isReady && rates.failed > 0 ? ' gr-mod-errors' : ''}`}
                    >
                        {isReady ? said || errorsText(rates, trans) : said}
                    </span>
                </span>
            </button>
        </div>
    );
}
