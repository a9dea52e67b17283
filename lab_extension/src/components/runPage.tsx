import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { UseSignal } from '@jupyterlab/ui-components';
import type { Widget } from '@lumino/widgets';
import * as React from 'react';

import type { IApi } from '../api/client';
import type { IRunApi } from '../api/runs';
import type { Run, RunDetail } from '../api/wire';
import type { Connection } from '../models/connection';
import type { RunCharts } from '../models/runCharts';
import { isOver } from '../models/runEvents';
import type { RunPage } from '../models/runPage';
import type { ITrans } from '../models/translation';
import { Loading, Problem } from './common';
import { ConnectionNotice } from './connection';
import { Hosted } from './hosted';
import { Log } from './log';
import { Metrics } from './metrics';
import { Outputs } from './outputs';
import { Overview } from './overview';
import { Provenance } from './provenance';
import type { IRunActions } from './runActions';
import { toField } from './rows';
import { RunHead } from './runHead';
import { type ITab, Tabs } from './tabs';

export interface IRunPageProps {
    readonly page: RunPage;
    readonly charts: RunCharts;
    readonly api: IApi;
    readonly runApi: IRunApi;
    readonly connection: Connection;
    readonly rendermime: IRenderMimeRegistry;
    readonly trans: ITrans;
    /** The executed notebook, which is no React: its outputs are rendered by rendermime. */
    readonly notebook: Widget;
    readonly actions: IRunActions;
    /** MLflow’s page of this run. */
    readonly mlflowUrl: (run: Run) => string;
}

type Tab = 'overview' | 'notebook' | 'metrics' | 'log' | 'outputs' | 'provenance';

export function RunPageView(props: IRunPageProps): React.JSX.Element {
    const search = React.useRef<HTMLInputElement>(null); // is there as long as the log is shown
    return (
        <div
            className="gr-Page"
            onKeyDown={event => {
                toField(event, search.current);
            }}
        >
            <ConnectionNotice connection={props.connection} trans={props.trans} />
            <UseSignal signal={props.page.changed}>{() => <Loaded {...props} search={search} />}</UseSignal>
        </div>
    );
}

interface ILoadedProps extends IRunPageProps {
    readonly search: React.RefObject<HTMLInputElement>;
}

function Loaded(props: ILoadedProps): React.JSX.Element {
    const { page, trans } = props;
    const { detail } = page;
    if (page.deleted) {
        return <div className="gr-Empty">{trans.__('This run was deleted.')}</div>;
    }
    if (!detail) {
        return page.problem ? (
            <Problem
                problem={page.problem}
                trans={trans}
                title={trans.__('Run %1 cannot be shown', page.key)}
            />
        ) : (
            <Loading text={trans.__('Looking for the run …')} />
        );
    }
    return <Shown {...props} detail={detail} />;
}

function Shown(props: ILoadedProps & { detail: RunDetail }): React.JSX.Element {
    const { detail, page, trans, notebook, actions } = props;
    const { run, outputs } = detail;
    const [tab, setTab] = React.useState<Tab>('overview');
    const id = React.useId();
    const tabs: readonly ITab<Tab>[] = [
        { name: 'overview', label: trans.__('Overview') },
        { name: 'notebook', label: trans.__('Notebook') },
        { name: 'metrics', label: trans.__('Metrics') },
        { name: 'log', label: trans.__('Log') },
        {
            name: 'outputs',
            label: outputs.length > 0 ? trans.__('Outputs %1', outputs.length) : trans.__('Outputs')
        },
        { name: 'provenance', label: trans.__('Provenance') }
    ];
    return (
        <>
            <RunHead run={run} actions={actions} trans={trans} />
            {page.problem ? <Problem problem={page.problem} trans={trans} /> : null}
            <Tabs id={id} label={trans.__('About this run')} tabs={tabs} chosen={tab} onChoose={setTab} />
            <div
                className="gr-Page-body"
                role="tabpanel"
                id={`${id}-panel`}
                aria-label={trans.__('Run %1: %2', run.name, tabs.find(one => one.name === tab)?.label ?? '')}
            >
                {tab === 'overview' ? (
                    <Overview
                        {...props}
                        onAll={() => {
                            setTab('provenance');
                        }}
                    />
                ) : null}
                {tab === 'notebook' ? <Hosted widget={notebook} /> : null}
                {tab === 'metrics' ? <Metrics {...props} run={run} /> : null}
                {tab === 'log' ? (
                    <Log
                        text={page.log}
                        cut={page.logIsCut}
                        live={!isOver(run)}
                        field={props.search}
                        trans={trans}
                    />
                ) : null}
                {tab === 'outputs' ? <Outputs {...props} /> : null}
                {tab === 'provenance' ? <Provenance {...props} /> : null}
            </div>
        </>
    );
}
