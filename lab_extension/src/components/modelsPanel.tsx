import { UseSignal, addIcon, refreshIcon } from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { Endpoint, ModelVersion } from '../api/wire';
import type { Connection } from '../models/connection';
import type { Endpoints } from '../models/endpoints';
import type { Registry } from '../models/registry';
import type { TrafficWatch } from '../models/traffic';
import { EndpointList } from './endpointList';
import { FilterPanel } from './filterPanel';
import { ModelList } from './modelList';
import { ROW } from './rows';

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

/** Registered models and endpoints. Arrows move, right and left open and close, Enter opens, `/` filters. */
export function ModelsPanel(props: IModelsPanelProps): React.JSX.Element {
    const { registry, endpoints, connection, trans } = props;
    const [text, setText] = React.useState('');
    const filter = React.useRef<HTMLInputElement>(null);
    return (
        <FilterPanel
            className="gr-Models"
            connection={connection}
            trans={trans}
            label={trans.__('Filter models and endpoints')}
            placeholder={trans.__('filter models and endpoints')}
            rows={ROW}
            text={text}
            onText={setText}
            filter={filter}
            beside={
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
            }
        >
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
        </FilterPanel>
    );
}
