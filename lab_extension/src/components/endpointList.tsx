import * as React from 'react';

import type { Endpoint } from '../api/wire';
import { askedAt } from '../models/endpoints';
import { Loading, Problem } from './common';
import { EndpointState, errorsText, trafficText } from './endpointState';
import type { IModelsPanelProps } from './modelsPanel';
import { ROW, moveAmong, tabStop } from './rows';
import { TrafficLine } from './trafficLine';

/** Endpoints with what they serve and what is asked of them. */
export function EndpointList(props: IModelsPanelProps & { text: string }): React.JSX.Element {
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
    const first = tabStop(
        focused,
        shown.map(one => one.name)
    );
    return (
        <div
            role="list"
            aria-label={trans.__('Endpoints')}
            onKeyDown={event => {
                moveAmong(event, ROW);
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
                title={[askedAt(endpoint), said].filter(Boolean).join('\n')}
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
