import { UseSignal, closeIcon } from '@jupyterlab/ui-components';
import type { ISignal } from '@lumino/signaling';
import * as React from 'react';

import type { InteractiveRun, Run } from '../api/wire';
import type { Connection } from '../models/connection';
import type { Interactive } from '../models/interactive';
import { ago, baseName, clock, elapsed, exact, mainMetric, metric, value } from '../models/quantities';
import { isOver, runLook } from '../models/runEvents';
import type { Runs } from '../models/runs';
import type { ITrans } from '../models/translation';
import { Loading, Problem, State, faultLine, progressText, stateWord, useNow } from './common';
import { FilterPanel } from './filterPanel';
import { InteractiveList } from './interactive';
import { Press } from './press';
import { moveAmong } from './rows';

const OPEN = '.gr-Run-open'; // what of an entry has the focus

interface IRunsPanelProps {
    readonly runs: Runs;
    readonly connection: Connection;
    /** What is done by hand. */
    readonly interactive: Interactive;
    readonly onNotebook: (run: InteractiveRun) => void;
    readonly trans: ITrans;
    readonly onOpen: (run: Run) => void;
    readonly onCancel: (run: Run) => void;
    readonly onTable: () => void;
    readonly onStart: () => void;
    readonly onExample: () => void;
    /** A filter that somebody else asks for. */
    readonly asked: ISignal<unknown, string>;
}

/** What runs and what ran, newest first. Arrows move, Enter opens, `/` goes to the filter, Esc leaves it. */
export function RunsPanel(props: IRunsPanelProps): React.JSX.Element {
    const { runs, connection, trans } = props;
    const [text, setText] = React.useState('');
    const filter = React.useRef<HTMLInputElement>(null);
    React.useEffect(() => {
        const onAsked = (_: unknown, wanted: string): void => {
            setText(wanted);
        };
        props.asked.connect(onAsked);
        return () => {
            props.asked.disconnect(onAsked);
        };
    }, [props.asked]);
    return (
        <FilterPanel
            className="gr-Runs"
            connection={connection}
            trans={trans}
            label={trans.__('Filter runs')}
            placeholder={trans.__('filter: name, state, parameter=value')}
            rows={OPEN}
            text={text}
            onText={setText}
            filter={filter}
            beside={
                <button
                    className="jp-mod-styled jp-mod-minimal"
                    title={trans.__('Table of Runs')}
                    onClick={props.onTable}
                >
                    {trans.__('Table')}
                </button>
            }
        >
            <UseSignal signal={runs.changed}>
                {() => <List {...props} text={text} filter={filter} />}
            </UseSignal>
            <InteractiveList
                interactive={props.interactive}
                text={text}
                trans={trans}
                onNotebook={props.onNotebook}
            />
        </FilterPanel>
    );
}

function List(
    props: IRunsPanelProps & { text: string; filter: React.RefObject<HTMLElement> }
): React.JSX.Element {
    const { runs, trans, text, filter, onStart } = props;
    const shown = runs.matching(text);
    const [current, setCurrent] = React.useState<string | null>(null);
    const tabStop = shown.find(run => run.id === current)?.id ?? shown[0]?.id;
    const now = useNow(runs.count('running', 'starting', 'queued') > 0);
    if (!runs.loaded) {
        return runs.fault ? (
            <Problem problem={runs.fault} trans={trans} title={trans.__('The runs cannot be listed')} />
        ) : (
            <Loading text={trans.__('Looking for runs …')} />
        );
    }
    if (runs.all.length === 0) {
        return (
            <div className="gr-Empty">
                <p>
                    {trans.__(
                        'A run is your notebook, executed as it is in a process of its own, with its parameters and metrics kept.'
                    )}
                </p>
                <button className="jp-mod-styled jp-mod-accept" onClick={onStart}>
                    {trans.__('Run the open notebook')}
                </button>
                <button className="jp-mod-styled" onClick={props.onExample}>
                    {trans.__('Open the churn example')}
                </button>
            </div>
        );
    }
    if (shown.length === 0) {
        return <div className="gr-Empty">{trans.__('No run here has all of “%1”.', text)}</div>;
    }
    return (
        <div
            className="gr-Runs-list"
            role="list"
            aria-label={trans.__('Runs')}
            onKeyDown={event => {
                moveAmong(event, OPEN, filter.current);
            }}
        >
            {shown.map(run => (
                <Entry
                    key={run.id}
                    {...props}
                    run={run}
                    now={now}
                    isTabStop={run.id === tabStop}
                    onFocus={() => {
                        setCurrent(run.id);
                    }}
                />
            ))}
            {runs.mayHaveMore ? (
                <button
                    className="jp-mod-styled gr-Runs-more"
                    onClick={() => {
                        void runs.more();
                    }}
                >
                    {trans.__('Older runs')}
                </button>
            ) : null}
        </div>
    );
}

interface IEntryProps extends IRunsPanelProps {
    readonly run: Run;
    readonly now: Date;
    readonly isTabStop: boolean;
    readonly onFocus: () => void;
}

function Entry(props: IEntryProps): React.JSX.Element {
    const { run, now, trans, isTabStop, onFocus, onOpen, onCancel } = props;
    const tabIndex = isTabStop ? 0 : -1;
    const seconds = elapsed(run, now);
    const over = isOver(run);
    return (
        <div className="gr-Run" role="listitem" onFocus={onFocus}>
            <button
                className="gr-Run-open"
                tabIndex={tabIndex}
                data-run={run.name}
                title={`${run.name} · ${run.notebook}`}
                onClick={() => {
                    onOpen(run);
                }}
            >
                <span className="gr-Run-first">
                    <State state={runLook(run)} trans={trans} quiet />
                    <span className="gr-Run-name">{baseName(run.notebook)}</span>
                    <span className="gr-Run-said">{said(run, trans)}</span>
                </span>
                <span className="gr-Run-second">
                    <span className="gr-Run-given">{given(run)}</span>
                    <span className="gr-number" title={exact(run.ended_at ?? run.created_at)}>
                        {over
                            ? ago(run.ended_at ?? run.created_at, now, trans)
                            : seconds === null
                              ? ''
                              : clock(seconds)}
                    </span>
                </span>
            </button>
            {over ? null : (
                <Press
                    className="jp-mod-styled jp-mod-minimal gr-Run-cancel"
                    tabIndex={tabIndex}
                    title={trans.__('Cancel %1', run.name)}
                    aria-label={trans.__('Cancel %1', run.name)}
                    off={run.cancel_requested}
                    onClick={() => {
                        onCancel(run);
                    }}
                >
                    <closeIcon.react tag="span" />
                </Press>
            )}
        </div>
    );
}

function said(run: Run, trans: ITrans): React.ReactNode {
    if (run.state === 'failed') {
        const line = faultLine(run, trans);
        return <span title={line}>{line}</span>;
    }
    const main = mainMetric(run);
    const reported = main ? `${main[0]} ${metric(main[1])}` : '';
    if (isOver(run)) {
        return reported;
    }
    const going = progressText(run, trans) || stateWord(run.state, trans);
    return <span title={going}>{going}</span>;
}

function given(run: Run): string {
    const names = run.given.length > 0 ? run.given : [];
    const values = names.map(name => `${name} ${value(run.parameters[name])}`).join('  ');
    return [run.name, values].filter(Boolean).join(' · ');
}
