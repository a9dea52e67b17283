import { UseSignal } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { RunDetail, Run } from '../api/wire';
import { costOf, money } from '../models/cost';
import { keptOf, leftText } from '../models/postMortem';
import { ago, duration, exact, metric, value } from '../models/quantities';
import { isOver } from '../models/runEvents';
import type { RunPage } from '../models/runPage';
import type { ITrans } from '../models/translation';
import { plain, sentence, useNow } from './common';
import { Facts } from './facts';
import type { IRunActions } from './runActions';
import { Button } from './runHead';
import type { IRunPageProps } from './runPage';
import { Timeline } from './timeline';

/** What came of a run, the reason first where it failed. */
export function Overview(props: IRunPageProps & { detail: RunDetail; onAll: () => void }): React.JSX.Element {
    const { detail, trans, page, charts, actions } = props;
    const { run } = detail;
    const given = new Set(run.given);
    const metrics = Object.entries(run.metrics ?? {});
    React.useEffect(() => {
        void charts.want();
    }, [charts]);
    return (
        <>
            <Failure run={run} page={page} actions={actions} trans={trans} />
            <UseSignal signal={charts.changed}>{() => <Timeline {...props} />}</UseSignal>
            <div className="gr-Columns">
                <Facts
                    title={trans.__('Metrics')}
                    empty={isOver(run) ? trans.__('None.') : trans.__('None reported yet.')}
                >
                    {metrics.map(([name, one]) => [name, metric(one)])}
                </Facts>
                <Facts title={trans.__('Parameters')} empty={trans.__('None.')} bold={given}>
                    {Object.entries(run.parameters).map(([name, one]) => [name, value(one)])}
                </Facts>
                <About detail={detail} trans={trans} onAll={props.onAll} />
            </div>
        </>
    );
}

function About(props: { detail: RunDetail; trans: ITrans; onAll: () => void }): React.JSX.Element {
    const { detail, trans, onAll } = props;
    const { run, attempts } = detail;
    const held = detail.held;
    const now = useNow(held.some(one => !one.until));
    const waited = run.started_at
        ? (new Date(run.started_at).getTime() - new Date(run.created_at).getTime()) / 1000
        : null;
    return (
        <div>
            <Facts title={trans.__('Run')} empty="">
                {[
                    [trans.__('notebook'), run.notebook],
                    [trans.__('profile'), run.profile],
                    [
                        run.environment ? trans.__('environment') : trans.__('kernel'),
                        run.environment?.name ?? run.kernel
                    ],
                    [trans.__('cost'), costText(detail, now, trans)],
                    [trans.__('made'), `${ago(run.created_at, now, trans)} (${exact(run.created_at)})`],
                    [trans.__('by'), run.created_by],
                    [trans.__('waited'), waited !== null && waited >= 1 ? duration(waited) : ''],
                    [trans.__('attempts'), attempts.length > 1 ? String(attempts.length) : ''],
                    [
                        trans.__('labels'),
                        Object.entries(run.labels)
                            .map(([name, one]) => `${name}=${one}`)
                            .join(', ')
                    ],
                    ...run.models.map((one): [string, string] => [trans.__('model'), one.name])
                ]}
            </Facts>
            <button className="gr-Link" onClick={onAll}>
                {trans.__('Where it came from')}
            </button>
        </div>
    );
}

/** `0.12: 2 min 24 s at 3 an hour`; a laptop’s profiles cost nothing, and then the time alone is told. */
function costText(detail: RunDetail, now: Date, trans: ITrans): string {
    const held = detail.held;
    if (held.length === 0) {
        return '';
    }
    const { hours, amount, rates, going } = costOf(held, now);
    const time = duration(hours * 3600);
    const told =
        amount === 0 && rates.every(rate => rate === 0)
            ? trans.__('free, held for %1', time)
            : rates.length === 1
              ? trans.__('%1: %2 at %3 an hour', money(amount), time, rates[0] ?? 0)
              : trans.__('%1: held for %2', money(amount), time);
    return going ? trans.__('%1 so far', told) : told;
}

/** What a failed run is about: which cell, the error, its source with the line, what to do, the traceback. */
function Failure(props: {
    run: Run;
    page: RunPage;
    actions: IRunActions;
    trans: ITrans;
}): React.JSX.Element | null {
    const { run, page, actions, trans } = props;
    const { fault } = run;
    if (!fault) {
        return null;
    }
    const lines = (fault.source ?? '').split('\n');
    const number = typeof fault.cell === 'number' ? page.numberOf(fault.cell) : null;
    return (
        <section className="gr-Failure" aria-label={trans.__('Why it failed')}>
            <h2>
                {number === null ? sentence(fault.message) : trans.__('Cell %1: %2', number, fault.message)}
            </h2>
            {fault.hint ? <p className="gr-hint">{sentence(fault.hint)}</p> : null}
            <Remedies run={run} actions={actions} trans={trans} />
            {fault.source ? (
                <pre className="gr-Failure-source" tabIndex={0} aria-label={trans.__('Source of the cell')}>
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
                    <pre className="gr-Failure-traceback" tabIndex={0} aria-label={trans.__('Traceback')}>
                        {plain(fault.traceback.join('\n'))}
                    </pre>
                </details>
            ) : null}
        </section>
    );
}

function Remedies(props: { run: Run; actions: IRunActions; trans: ITrans }): React.JSX.Element {
    const { run, actions, trans } = props;
    const kept = keptOf(run);
    const now = useNow(kept !== null);
    const alive = kept !== null && new Date(kept.until) > now;
    return (
        <div className="gr-Failure-buttons">
            {alive ? (
                <Button
                    accept
                    label={`${trans.__('Open with live kernel')} · ${leftText(kept.until, now, trans)}`}
                    run={run}
                    onClick={actions.openKernel}
                />
            ) : null}
            <Button label={trans.__('Fix and run again')} run={run} onClick={actions.editAndRerun} />
            {!alive && run.fault?.kind === 'cell_error' ? (
                <span className="gr-dim">
                    {run.post_mortem_s
                        ? trans.__('Its kernel was kept for a while, and has ended.')
                        : trans.__(
                              'Its kernel was not kept: “keep kernel” among a run’s options lets you look into it.'
                          )}
                </span>
            ) : null}
        </div>
    );
}
