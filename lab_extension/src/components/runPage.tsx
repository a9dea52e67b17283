import { UseSignal } from '@jupyterlab/ui-components';
import type { Widget } from '@lumino/widgets';
import * as React from 'react';

import type { IApi } from '../api/client';
import type { Run, RunDetail } from '../api/wire';
import type { Connection } from '../models/connection';
import { baseName, duration, elapsed, mainMetric, metric, size } from '../models/quantities';
import { isOver } from '../models/runEvents';
import type { RunPage } from '../models/runPage';
import type { ITrans } from '../models/translation';
import { Loading, Problem, State, plain, progressText, useNow } from './common';
import { ConnectionNotice } from './connection';
import { Hosted } from './hosted';
import { Overview } from './overview';

export interface IRunPageProps {
    readonly page: RunPage;
    readonly api: IApi;
    readonly connection: Connection;
    readonly trans: ITrans;
    /** The executed notebook, which is no React: its outputs are rendered by rendermime. */
    readonly notebook: Widget;
    readonly onCancel: (run: Run) => void;
    readonly onRerun: (run: Run) => void;
    readonly onStartAnyway: (run: Run) => void;
    readonly onDelete: (run: Run) => void;
    readonly onSource: (run: Run) => void;
}

type Tab = 'overview' | 'notebook' | 'log' | 'outputs';

export function RunPageView(props: IRunPageProps): React.JSX.Element {
    return (
        <div className="gr-Page">
            <ConnectionNotice connection={props.connection} trans={props.trans} />
            <UseSignal signal={props.page.changed}>{() => <Loaded {...props} />}</UseSignal>
        </div>
    );
}

function Loaded(props: IRunPageProps): React.JSX.Element {
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

function Shown(props: IRunPageProps & { detail: RunDetail }): React.JSX.Element {
    const { detail, page, trans, notebook } = props;
    const [tab, setTab] = React.useState<Tab>('overview');
    const tabs: readonly (readonly [Tab, string])[] = [
        ['overview', trans.__('Overview')],
        ['notebook', trans.__('Notebook')],
        ['log', trans.__('Log')],
        [
            'outputs',
            detail.outputs.length > 0 ? trans.__('Outputs %1', detail.outputs.length) : trans.__('Outputs')
        ]
    ];
    return (
        <>
            <Head {...props} run={detail.run} />
            {page.problem ? <Problem problem={page.problem} trans={trans} /> : null}
            <div className="gr-Tabs" role="tablist">
                {tabs.map(([name, label]) => (
                    <button
                        key={name}
                        role="tab"
                        aria-selected={tab === name}
                        onClick={() => {
                            setTab(name);
                        }}
                    >
                        {label}
                    </button>
                ))}
            </div>
            <div className="gr-Page-body" role="tabpanel">
                {tab === 'overview' ? <Overview {...props} run={detail.run} /> : null}
                {tab === 'notebook' ? <Hosted widget={notebook} /> : null}
                {tab === 'log' ? <Log text={page.log} live={!isOver(detail.run)} trans={trans} /> : null}
                {tab === 'outputs' ? <Outputs {...props} /> : null}
            </div>
        </>
    );
}

function Head(props: IRunPageProps & { run: Run }): React.JSX.Element {
    const { run, trans, onCancel, onRerun, onDelete, onSource, onStartAnyway } = props;
    const over = isOver(run);
    const now = useNow(!over);
    const seconds = elapsed(run, now);
    const main = mainMetric(run);
    const facts = [
        over ? '' : progressText(run, trans),
        seconds === null ? '' : duration(seconds),
        main ? `${main[0]} ${metric(main[1])}` : ''
    ];
    return (
        <header className="gr-Page-head">
            <h1>
                <State state={run.state} trans={trans} /> {run.name}
            </h1>
            <span className="gr-Page-facts" title={run.notebook}>
                {[baseName(run.notebook), ...facts].filter(Boolean).join(' · ')}
            </span>
            <span className="gr-Page-buttons">
                {run.state === 'queued' && run.waiting ? (
                    <Button label={trans.__('Start anyway')} onClick={onStartAnyway} run={run} />
                ) : null}
                {over ? null : (
                    <Button
                        label={run.cancel_requested ? trans.__('Stopping …') : trans.__('Cancel run')}
                        onClick={onCancel}
                        run={run}
                        disabled={run.cancel_requested}
                    />
                )}
                <Button
                    label={
                        typeof run.fault?.cell === 'number'
                            ? trans.__('Open source at this cell')
                            : trans.__('Open notebook')
                    }
                    onClick={onSource}
                    run={run}
                />
                <Button label={trans.__('Run once more')} onClick={onRerun} run={run} />
                {over ? <Button label={trans.__('Delete…')} onClick={onDelete} run={run} /> : null}
            </span>
        </header>
    );
}

function Button(props: {
    label: string;
    run: Run;
    disabled?: boolean;
    onClick: (run: Run) => void;
}): React.JSX.Element {
    return (
        <button
            className="jp-mod-styled"
            disabled={props.disabled ?? false}
            onClick={() => {
                props.onClick(props.run);
            }}
        >
            {props.label}
        </button>
    );
}

function Log(props: { text: string; live: boolean; trans: ITrans }): React.JSX.Element {
    const { text, live, trans } = props;
    const [wanted, setWanted] = React.useState('');
    const box = React.useRef<HTMLPreElement>(null);
    const follows = React.useRef(true);
    React.useEffect(() => {
        if (live && follows.current && box.current) {
            box.current.scrollTop = box.current.scrollHeight;
        }
    }, [text, live]);
    const lines = plain(text).split('\n');
    const found = wanted ? lines.filter(line => line.toLowerCase().includes(wanted.toLowerCase())) : lines;
    return (
        <div className="gr-Log">
            <input
                className="jp-mod-styled"
                type="search"
                placeholder={trans.__('lines with …')}
                aria-label={trans.__('Show only lines with this text')}
                value={wanted}
                onChange={event => {
                    setWanted(event.target.value);
                }}
            />
            {text ? null : <p className="gr-dim">{trans.__('Nothing was printed yet.')}</p>}
            <pre
                ref={box}
                tabIndex={0}
                aria-label={trans.__('Log')}
                onScroll={event => {
                    const { scrollHeight, scrollTop, clientHeight } = event.currentTarget;
                    follows.current = scrollHeight - scrollTop - clientHeight < 24;
                }}
            >
                {found.join('\n')}
            </pre>
        </div>
    );
}

function Outputs(props: IRunPageProps & { detail: RunDetail }): React.JSX.Element {
    const { detail, api, trans } = props;
    if (detail.outputs.length === 0) {
        return <p className="gr-dim">{trans.__('The run made no files in its folder.')}</p>;
    }
    return (
        <table className="gr-Facts">
            <tbody>
                {detail.outputs.map(output => (
                    <tr key={output.name}>
                        <th scope="row">
                            <a
                                href={api.outputUrl(detail.run.id, output.name)}
                                download={baseName(output.name)}
                            >
                                {output.name}
                            </a>
                        </th>
                        <td className="gr-number">{size(output.size)}</td>
                        <td>{output.description ?? ''}</td>
                    </tr>
                ))}
            </tbody>
        </table>
    );
}
