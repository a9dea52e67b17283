import * as React from 'react';

import type { Run } from '../api/wire';
import { ago, duration, exact, metric, value } from '../models/quantities';
import type { RunPage } from '../models/runPage';
import type { ITrans } from '../models/translation';
import { plain, sentence, useNow } from './common';

/** What came of a run, the reason first where it failed. */
export function Overview(props: { run: Run; page: RunPage; trans: ITrans }): React.JSX.Element {
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
    const number = typeof fault.cell === 'number' ? page.numberOf(fault.cell) : null;
    return (
        <section className="gr-Failure" aria-label={trans.__('Why it failed')}>
            <h2>
                {number === null ? sentence(fault.message) : trans.__('Cell %1: %2', number, fault.message)}
            </h2>
            {fault.hint ? <p className="gr-hint">{sentence(fault.hint)}</p> : null}
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
