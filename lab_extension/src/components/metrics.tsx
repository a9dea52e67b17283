import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { UseSignal } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { MetricHistory, Run } from '../api/wire';
import { metric } from '../models/quantities';
import type { RunCharts } from '../models/runCharts';
import { type Axis, hasCourse, hasSteps, lastOf, metricFigure } from '../models/runFigures';
import type { ITrans } from '../models/translation';
import { Loading, Problem } from './common';
import { Facts } from './facts';
import { Figure } from './figure';

interface IMetricsProps {
    readonly run: Run;
    readonly charts: RunCharts;
    readonly rendermime: IRenderMimeRegistry;
    readonly trans: ITrans;
}

const DRAWN = 24; // charts at once

/** How each metric went, step by step; those with one value as a table. */
export function Metrics(props: IMetricsProps): React.JSX.Element {
    const { charts } = props;
    React.useEffect(() => {
        void charts.want();
    }, [charts]);
    return <UseSignal signal={charts.changed}>{() => <Loaded {...props} />}</UseSignal>;
}

function Loaded(props: IMetricsProps): React.JSX.Element {
    const { run, charts, rendermime, trans } = props;
    const [axis, setAxis] = React.useState<Axis>('step');
    const [log, setLog] = React.useState(false);
    const [wanted, setWanted] = React.useState('');
    const [all, setAll] = React.useState(false);
    const history = charts.history;
    if (!history) {
        return charts.historyProblem ? (
            <Problem
                problem={charts.historyProblem}
                trans={trans}
                title={trans.__('How the metrics went cannot be shown')}
            >
                <Single run={run} courses={[]} trans={trans} />
            </Problem>
        ) : (
            <Loading text={trans.__('Asking for the metrics …')} />
        );
    }
    const courses = history.metrics.filter(hasCourse);
    const chosen = courses.filter(one => one.name.toLowerCase().includes(wanted.toLowerCase()));
    const shown = all ? chosen : chosen.slice(0, DRAWN);
    if (courses.length === 0 && Object.keys(run.metrics ?? {}).length === 0) {
        return (
            <p className="gr-dim">
                {trans.__(
                    'No metrics: gristmill.report(auc=…) or mlflow.log_metric(…) in the notebook makes them.'
                )}
            </p>
        );
    }
    return (
        <>
            {charts.historyProblem ? <Problem problem={charts.historyProblem} trans={trans} /> : null}
            {courses.length > 0 ? (
                <div className="gr-Bar" role="group" aria-label={trans.__('How it is drawn')}>
                    {courses.length > 4 ? (
                        <input
                            className="jp-mod-styled"
                            type="search"
                            placeholder={trans.__('metric with …')}
                            aria-label={trans.__('Show only metrics with this text')}
                            value={wanted}
                            onChange={event => {
                                setWanted(event.target.value);
                            }}
                        />
                    ) : null}
                    <label>
                        {trans.__('by')}{' '}
                        <select
                            className="jp-mod-styled"
                            value={axis}
                            onChange={event => {
                                setAxis(event.target.value === 'time' ? 'time' : 'step');
                            }}
                        >
                            <option value="step">{trans.__('step')}</option>
                            <option value="time">{trans.__('time')}</option>
                        </select>
                    </label>
                    <label>
                        <input
                            type="checkbox"
                            checked={log}
                            onChange={event => {
                                setLog(event.target.checked);
                            }}
                        />
                        {trans.__('logarithmic')}
                    </label>
                </div>
            ) : null}
            <div className="gr-Charts">
                {shown.map(one => (
                    <Course
                        key={one.name}
                        history={one}
                        axis={axis}
                        log={log}
                        rendermime={rendermime}
                        trans={trans}
                    />
                ))}
            </div>
            {chosen.length > shown.length ? (
                <button
                    className="jp-mod-styled"
                    onClick={() => {
                        setAll(true);
                    }}
                >
                    {trans.__('%1 more charts', chosen.length - shown.length)}
                </button>
            ) : null}
            <Single run={run} courses={courses} trans={trans} />
        </>
    );
}

const Course = React.memo(function Course(props: {
    history: MetricHistory;
    axis: Axis;
    log: boolean;
    rendermime: IRenderMimeRegistry;
    trans: ITrans;
}): React.JSX.Element {
    const { history, axis, log, rendermime, trans } = props;
    const figure = React.useMemo(() => metricFigure(history, axis, log, trans), [history, axis, log, trans]);
    return (
        <section className="gr-Chart">
            <h2>
                {history.name} <span className="gr-dim gr-number">{lastOf(history)}</span>
            </h2>
            <Figure
                figure={figure}
                rendermime={rendermime}
                trans={trans}
                height={220}
                label={trans.__(
                    '%1 by %2',
                    history.name,
                    axis === 'time' ? trans.__('time') : trans.__('step')
                )}
            />
            {history.sampled ? (
                <p className="gr-dim">{trans.__('%1 of many values are drawn.', history.values.length)}</p>
            ) : null}
            {!hasSteps(history) ? (
                <p className="gr-dim">{trans.__('It was told without steps: its values in their order.')}</p>
            ) : null}
        </section>
    );
});

/** Metrics with one value. */
function Single(props: {
    run: Run;
    courses: readonly MetricHistory[];
    trans: ITrans;
}): React.JSX.Element | null {
    const { run, courses, trans } = props;
    const drawn = new Set(courses.map(one => one.name));
    const rest = Object.entries(run.metrics ?? {}).filter(([name]) => !drawn.has(name));
    return rest.length === 0 ? null : (
        <Facts title={courses.length > 0 ? trans.__('Of one value') : trans.__('Metrics')} empty="">
            {rest.map(([name, one]) => [name, metric(one)])}
        </Facts>
    );
}
