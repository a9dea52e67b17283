import { UseSignal, refreshIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { IModelsApi } from '../api/models';
import type { Endpoint } from '../api/wire';
import type { Connection } from '../models/connection';
import type { EndpointPage } from '../models/endpointPage';
import { askedAt, calledAs, progressOf } from '../models/endpoints';
import { ago, exact } from '../models/quantities';
import { type IRates, type TrafficWatch, milliseconds, perSecond } from '../models/traffic';
import type { TranslationBundle } from '@jupyterlab/translation';
import { CallsView } from './calls';
import { Loading, Problem, plain, sentence, useNow } from './common';
import { ConnectionNotice } from './connection';
import { EndpointState, Progress } from './endpointState';
import { LinkButton } from './modelPage';
import { type ITab, Tabs } from './tabs';
import { TrafficLine } from './trafficLine';
import { TryItView } from './tryIt';

export interface IEndpointPageProps {
    readonly page: EndpointPage;
    readonly api: IModelsApi;
    readonly traffic: TrafficWatch;
    readonly connection: Connection;
    readonly trans: TranslationBundle;
    readonly onVersion: (model: string, version: string) => void;
    readonly onDelete: (endpoint: Endpoint) => void;
    /** The panel with those that there are. */
    readonly onOthers: () => void;
}

type Tab = 'overview' | 'log';

/** One endpoint: how it is, what it answers, how it is called, and a form to ask it by hand. */
export function EndpointPageView(props: IEndpointPageProps): React.JSX.Element {
    const { page, connection, trans } = props;
    return (
        <div className="gr-Page">
            <ConnectionNotice connection={connection} trans={trans} />
            <UseSignal signal={page.changed}>{() => <Loaded {...props} />}</UseSignal>
        </div>
    );
}

function Loaded(props: IEndpointPageProps): React.JSX.Element {
    const { page, trans } = props;
    const { endpoint } = page;
    if (page.deleted) {
        return <Gone {...props} said={trans.__('Endpoint %1 was deleted.', page.name)} />;
    }
    if (!endpoint) {
        return page.endpoints.fault ? (
            <Problem
                problem={page.endpoints.fault}
                trans={trans}
                title={trans.__('Endpoint %1 cannot be shown', page.name)}
            />
        ) : page.endpoints.loaded ? (
            <Gone {...props} said={trans.__('There is no endpoint %1.', page.name)} />
        ) : (
            <Loading text={trans.__('Looking for the endpoint …')} />
        );
    }
    return <Shown {...props} endpoint={endpoint} />;
}

/** An endpoint that is not there: what one may want instead. */
function Gone({ said, trans, onOthers }: IEndpointPageProps & { said: string }): React.JSX.Element {
    return (
        <div className="gr-Empty">
            <p role="status">{said}</p>
            <button className="jp-mod-styled" onClick={onOthers}>
                {trans.__('Show models and endpoints')}
            </button>
        </div>
    );
}

function Shown(props: IEndpointPageProps & { endpoint: Endpoint }): React.JSX.Element {
    const { page, endpoint, trans, onDelete } = props;
    const [tab, setTab] = React.useState<Tab>('overview');
    const id = React.useId();
    const tabs: readonly ITab<Tab>[] = [
        { name: 'overview', label: trans.__('Overview') },
        { name: 'log', label: trans.__('Log') }
    ];
    const progress = progressOf(endpoint, endpoint.generation, trans);
    return (
        <>
            <header className="gr-Page-head">
                <h1>
                    <EndpointState endpoint={endpoint} trans={trans} /> {endpoint.name}
                </h1>
                <span className="gr-Page-facts">
                    {[
                        trans.__('in target %1', endpoint.target),
                        endpoint.open ? trans.__('open to everybody on this machine') : ''
                    ]
                        .filter(Boolean)
                        .join(' · ')}
                </span>
                <span className="gr-Page-buttons">
                    <button
                        className="jp-mod-styled"
                        onClick={() => {
                            onDelete(endpoint);
                        }}
                    >
                        {trans.__('Delete…')}
                    </button>
                </span>
            </header>
            {page.problem ? <Problem problem={page.problem} trans={trans} /> : null}
            {progress.failed ? (
                <Problem
                    problem={progress.said}
                    trans={trans}
                    title={
                        endpoint.state === 'ready'
                            ? trans.__('The newest version could not be served; the one before still is')
                            : trans.__('It cannot be served')
                    }
                >
                    {progress.hint ? <p className="gr-hint">{sentence(progress.hint)}</p> : null}
                </Problem>
            ) : progress.step === 'ready' ? null : (
                <Progress progress={progress} trans={trans} />
            )}
            <Tabs
                id={id}
                label={trans.__('About this endpoint')}
                tabs={tabs}
                chosen={tab}
                onChoose={name => {
                    setTab(name);
                    if (name === 'log') {
                        void page.readLog();
                    }
                }}
            />
            <div
                className="gr-Page-body"
                role="tabpanel"
                id={`${id}-panel`}
                aria-label={trans.__(
                    'Endpoint %1: %2',
                    endpoint.name,
                    tabs.find(({ name }) => name === tab)?.label ?? ''
                )}
            >
                {tab === 'overview' ? <Overview {...props} /> : <Log page={page} trans={trans} />}
            </div>
        </>
    );
}

function Overview(props: IEndpointPageProps & { endpoint: Endpoint }): React.JSX.Element {
    const { page, api, endpoint, traffic, trans } = props;
    return (
        <>
            <div className="gr-Columns">
                <UseSignal signal={traffic.changed}>
                    {() => (
                        <TrafficFacts rates={traffic.of(endpoint.name)} endpoint={endpoint} trans={trans} />
                    )}
                </UseSignal>
                <Serves {...props} />
            </div>
            <section>
                <h2>{trans.__('Call it')}</h2>
                <CallsView
                    key={calledAs(endpoint)}
                    name={endpoint.name}
                    url={askedAt(endpoint)}
                    api={api}
                    trans={trans}
                />
            </section>
            <TryItView tryIt={page.tryIt} ready={endpoint.state === 'ready'} trans={trans} />
        </>
    );
}

function TrafficFacts(props: {
    rates: IRates;
    endpoint: Endpoint;
    trans: TranslationBundle;
}): React.JSX.Element {
    const { rates, endpoint, trans } = props;
    const now = useNow(false);
    const rows: readonly (readonly [string, React.ReactNode])[] = [
        [
            trans.__('requests'),
            <>
                {rates.perSecond === null ? '…' : perSecond(rates.perSecond)}{' '}
                {rates.history.length > 1 ? (
                    <TrafficLine values={rates.history} label={trans.__('requests per second, lately')} />
                ) : null}
            </>
        ],
        [trans.__('latency'), latency(rates, trans)],
        [trans.__('errors'), String(rates.failed)],
        [trans.__('refused'), trans.__('%1 (the caller’s fault)', rates.refused)],
        [trans.__('answered'), trans.__('%1 since its worker’s start', rates.requests.toLocaleString('en'))]
    ];
    return (
        <section aria-label={trans.__('Traffic')}>
            <h2>{trans.__('Traffic')}</h2>
            {rates.last ? (
                <table className="gr-Facts gr-Short">
                    <tbody>
                        {rows.map(([name, said]) => (
                            <tr key={name}>
                                <th scope="row">{name}</th>
                                <td>{said}</td>
                            </tr>
                        ))}
                        {rates.last.callers.map(caller => (
                            <tr key={caller.key}>
                                <th scope="row">{trans.__('called by')}</th>
                                <td title={exact(caller.last_at)}>
                                    {callerText(caller.name, caller.created_by, caller.key, trans)}
                                    {` · ${caller.requests.toLocaleString('en')} · ${ago(caller.last_at, now, trans)}`}
                                </td>
                            </tr>
                        ))}
                    </tbody>
                </table>
            ) : endpoint.state !== 'ready' ? (
                <p className="gr-dim">{trans.__('It does not answer yet.')}</p>
            ) : rates.fault ? (
                <Problem problem={rates.fault} trans={trans} />
            ) : (
                <Loading text={trans.__('Asking it …')} />
            )}
        </section>
    );
}

/** Who called: the key's name where it has one, else who it was issued to. */
export function callerText(
    name: string | null | undefined,
    by: string | null | undefined,
    key: string,
    trans: TranslationBundle
): string {
    return name ?? (by ? trans.__('a key of %1', by) : trans.__('%1, revoked since', key));
}

function latency(rates: IRates, trans: TranslationBundle): string {
    return rates.p50 === null || rates.p99 === null
        ? trans.__('nobody asked in the last minute')
        : trans.__('p50 %1 · p99 %2', milliseconds(rates.p50), milliseconds(rates.p99));
}

function Serves(props: IEndpointPageProps & { endpoint: Endpoint }): React.JSX.Element {
    const { endpoint, trans, onVersion } = props;
    const now = useNow(false);
    const seen = endpoint.observed;
    return (
        <section>
            <h2>{trans.__('Serves')}</h2>
            <table className="gr-Facts gr-Short">
                <tbody>
                    {endpoint.variants.map(variant => (
                        <tr key={variant.name}>
                            <th scope="row">{trans.__('version')}</th>
                            <td>
                                <LinkButton
                                    label={`${variant.model}/${variant.version}`}
                                    onClick={() => {
                                        onVersion(variant.model, variant.version);
                                    }}
                                />
                                {` · ${String(variant.weight)} % · ${variant.profile}`}
                                {variant.answers ? ` · ${variant.answers}` : ''}
                            </td>
                        </tr>
                    ))}
                    {(seen?.variants ?? []).map(status => (
                        <tr key={status.name}>
                            <th scope="row">{trans.__('loaded')}</th>
                            <td>
                                {[
                                    status.tier,
                                    typeof status.load_s === 'number'
                                        ? trans.__('in %1', milliseconds(status.load_s))
                                        : null,
                                    typeof status.answer_ms === 'number'
                                        ? trans.__('example in %1', milliseconds(status.answer_ms / 1000))
                                        : null
                                ]
                                    .filter(Boolean)
                                    .join(' · ')}
                                {status.notes.map(note => (
                                    <div key={note} className="gr-warn">
                                        {sentence(note)}
                                    </div>
                                ))}
                            </td>
                        </tr>
                    ))}
                    <tr>
                        <th scope="row">{trans.__('deployed')}</th>
                        <td title={exact(endpoint.updated_at)}>
                            {trans.__('%1 by %2', ago(endpoint.updated_at, now, trans), endpoint.created_by)}
                        </td>
                    </tr>
                    {seen && seen.restarts > 0 ? (
                        <tr>
                            <th scope="row">{trans.__('restarts')}</th>
                            <td>{seen.restarts}</td>
                        </tr>
                    ) : null}
                </tbody>
            </table>
        </section>
    );
}

function Log(props: { page: EndpointPage; trans: TranslationBundle }): React.JSX.Element {
    const { page, trans } = props;
    const box = React.useRef<HTMLPreElement>(null);
    const { log } = page;
    React.useEffect(() => {
        if (box.current) {
            box.current.scrollTop = box.current.scrollHeight;
        }
    }, [log]);
    if (log === null) {
        return <Loading text={trans.__('Reading its log …')} />;
    }
    return (
        <div className="gr-Log">
            <button
                className="jp-mod-styled gr-Log-again"
                onClick={() => {
                    void page.readLog();
                }}
            >
                <refreshIcon.react tag="span" className="gr-ButtonIcon" /> {trans.__('Read it again')}
            </button>
            {log ? null : <p className="gr-dim">{trans.__('It wrote nothing.')}</p>}
            <pre ref={box} tabIndex={0} aria-label={trans.__('Log')}>
                {plain(log)}
            </pre>
        </div>
    );
}
