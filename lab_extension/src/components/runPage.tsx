import { UseSignal } from '@jupyterlab/ui-components';
import type { Widget } from '@lumino/widgets';
import * as React from 'react';

import type { IApi } from '../api/client';
import type { Run, RunDetail } from '../api/wire';
import type { Connection } from '../models/connection';
import {
    ago,
    baseName,
    duration,
    elapsed,
    exact,
    mainMetric,
    metric,
    size,
    value
} from '../models/quantities';
import { isOver } from '../models/runEvents';
import type { RunPage } from '../models/runPage';
import type { ITrans } from '../models/translation';
import { Loading, Problem, State, progressText, sentence, useNow } from './common';
import { ConnectionNotice } from './connection';
import { Hosted } from './hosted';

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

function Overview(props: IRunPageProps & { run: Run }): React.JSX.Element {
    const { run, trans, page } = props;
    const now = useNow(false);
    const given = new Set(run.given);
    const metrics = Object.entries(run.metrics ?? {});
    return (
        <>
            <Failure run={run} page={page} trans={trans} />
            <Timeline page={page} trans={trans} />
            <div className="gr-Columns">
                <Facts title={trans.__('Metrics')} empty={trans.__('None reported yet.')}>
                    {metrics.map(([name, one]) => [name, metric(one)])}
                </Facts>
                <Facts title={trans.__('Parameters')} empty={trans.__('None.')} bold={given}>
                    {Object.entries(run.parameters).map(([name, one]) => [name, value(one)])}
                </Facts>
                <Facts title={trans.__('Run')} empty="">
                    {[
                        [trans.__('notebook'), run.notebook],
                        [trans.__('profile'), run.profile],
                        [
                            run.environment ? trans.__('environment') : trans.__('kernel'),
                            run.environment?.name ?? run.kernel
                        ],
                        [trans.__('made'), `${ago(run.created_at, now, trans)} (${exact(run.created_at)})`],
                        [trans.__('by'), run.created_by],
                        [trans.__('attempts'), String(props.page.detail?.attempts.length ?? 0)],
                        [trans.__('snapshot'), run.snapshot],
                        ...run.models.map((one): [string, string] => [trans.__('model'), one.name])
                    ]}
                </Facts>
            </div>
        </>
    );
}

/** What a failed run is about: which cell, the error, its source with the line, the traceback. */
function Failure(props: { run: Run; page: RunPage; trans: ITrans }): React.JSX.Element | null {
    const { run, page, trans } = props;
    const { fault } = run;
    if (!fault) {
        return null;
    }
    const lines = (fault.source ?? '').split('\n');
    const number = typeof fault.cell === 'number' ? (page.cells[fault.cell]?.number ?? null) : null;
    return (
        <section className="gr-Failure" aria-label={trans.__('Why it failed')}>
            <h2>
                {number === null ? sentence(fault.message) : trans.__('Cell %1: %2', number, fault.message)}
            </h2>
            {fault.hint ? <p className="gr-hint">{sentence(fault.hint)}</p> : null}
            {fault.source ? (
                <pre className="gr-Failure-source">
                    {lines.map((line, at) => (
                        <span key={at} className={at + 1 === fault.line ? 'gr-mod-failed' : undefined}>
                            {line}
                            {'\n'}
                        </span>
                    ))}
                </pre>
            ) : null}
            {fault.traceback.length > 0 ? (
                <details open>
                    <summary>{trans.__('Traceback')}</summary>
                    <pre className="gr-Failure-traceback">{plain(fault.traceback.join('\n'))}</pre>
                </details>
            ) : null}
        </section>
    );
}

/** Without the colours that a terminal would show. */
export function plain(text: string): string {
    return text.replace(/\u001b\[[0-9;]*m/g, '');
}

function Timeline({ page, trans }: { page: RunPage; trans: ITrans }): React.JSX.Element | null {
    const cells = page.cells.filter(cell => cell.number !== null);
    const longest = Math.max(0.05, ...cells.map(cell => cell.seconds ?? 0));
    if (cells.length === 0) {
        return null;
    }
    return (
        <div className="gr-Timeline" role="img" aria-label={trans.__('Time of each cell')}>
            {cells.map(cell => (
                <span
                    key={cell.number}
                    className={`gr-mod-${cell.state}`}
                    style={{ height: `${Math.max(8, 100 * Math.sqrt((cell.seconds ?? 0) / longest))}%` }}
                    title={
                        cell.seconds === null
                            ? trans.__('cell %1', cell.number ?? 0)
                            : trans.__('cell %1: %2', cell.number ?? 0, duration(cell.seconds))
                    }
                />
            ))}
        </div>
    );
}

function Facts(props: {
    title: string;
    empty: string;
    bold?: ReadonlySet<string>;
    children: readonly (readonly string[])[];
}): React.JSX.Element {
    return (
        <section>
            <h2>{props.title}</h2>
            {props.children.length === 0 ? <p className="gr-dim">{props.empty}</p> : null}
            <table className="gr-Facts">
                <tbody>
                    {props.children.map(([name = '', text = '']) => (
                        <tr
                            key={`${name} ${text}`}
                            className={props.bold?.has(name) ? 'gr-mod-set' : undefined}
                        >
                            <th scope="row">{name}</th>
                            <td title={text}>{text}</td>
                        </tr>
                    ))}
                </tbody>
            </table>
        </section>
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
