import * as React from 'react';

import type { IApi } from '../api/client';
import type { RunDetail, Snapshot } from '../api/wire';
import { type IWorkerFacts, short, workerFacts } from '../models/provenance';
import { duration, exact, size } from '../models/quantities';
import type { ITrans } from '../models/translation';
import { Loading, Problem, State } from './common';
import { Facts } from './facts';
import { MlflowLink } from './mlflowLink';
import type { IRunPageProps } from './runPage';

/** Where a result came from, by who says it: the client claims, the control plane knows, the worker has seen. */
export function Provenance(props: IRunPageProps & { detail: RunDetail }): React.JSX.Element {
    const { detail, page, api, trans } = props;
    const worker = workerFacts(detail);
    return (
        <>
            <div className="gr-Columns gr-mod-wide">
                <Claimed snapshot={page.snapshot} api={api} trans={trans} />
                <Known
                    detail={detail}
                    snapshot={page.snapshot}
                    mlflowUrl={props.mlflowUrl(detail.run)}
                    trans={trans}
                />
                <Seen worker={worker} trans={trans} />
            </div>
            <Attempts detail={detail} trans={trans} />
            <Packages worker={worker} trans={trans} />
            <Files snapshot={page.snapshot} trans={trans} />
        </>
    );
}

function Claimed(props: { snapshot: Snapshot | null; api: IApi; trans: ITrans }): React.JSX.Element {
    const { snapshot, api, trans } = props;
    const git = snapshot?.git;
    return (
        <div>
            <Facts
                title={trans.__('Claimed by who started it')}
                empty={trans.__('Nothing was said of where the notebook was taken from.')}
            >
                {[
                    [trans.__('source'), snapshot?.source ?? ''],
                    [
                        trans.__('commit'),
                        git?.commit ? (
                            <>
                                <Copied text={git.commit} shown={git.commit.slice(0, 10)} trans={trans} />
                                {git.branch ? ` ${trans.__('on %1', git.branch)}` : ''}
                                {git.dirty ? ` ${trans.__('+ changes')}` : ''}
                            </>
                        ) : snapshot ? (
                            trans.__('no git provenance')
                        ) : (
                            ''
                        )
                    ],
                    [trans.__('remote'), git?.remote ?? '']
                ]}
            </Facts>
            {git?.diff ? <Diff digest={git.diff} api={api} trans={trans} /> : null}
        </div>
    );
}

/** What was changed since the commit, fetched when it is looked at. */
function Diff(props: { digest: string; api: IApi; trans: ITrans }): React.JSX.Element {
    const { digest, api, trans } = props;
    const [text, setText] = React.useState<string | null>(null);
    const [problem, setProblem] = React.useState<unknown>(null);
    const onToggle = (event: React.SyntheticEvent<HTMLDetailsElement>): void => {
        if (event.currentTarget.open && text === null) {
            api.blob(digest).then(setText, setProblem);
        }
    };
    return (
        <details onToggle={onToggle}>
            <summary>{trans.__('What was changed since the commit')}</summary>
            {problem ? <Problem problem={problem} trans={trans} /> : null}
            {text === null && !problem ? <Loading text={trans.__('Fetching the changes …')} /> : null}
            {text === null ? null : (
                <pre className="gr-Diff" tabIndex={0}>
                    {text.split('\n').map((line, at) => (
                        <span key={at} className={markOf(line)}>
                            {line}
                            {'\n'}
                        </span>
                    ))}
                </pre>
            )}
        </details>
    );
}

function markOf(line: string): string | undefined {
    if (/^(\+\+\+|---|diff |index |@@)/.test(line)) {
        return 'gr-dim';
    }
    return line.startsWith('+') ? 'gr-mod-added' : line.startsWith('-') ? 'gr-mod-removed' : undefined;
}

function Known(props: {
    detail: RunDetail;
    snapshot: Snapshot | null;
    mlflowUrl: string;
    trans: ITrans;
}): React.JSX.Element {
    const { detail, snapshot, mlflowUrl, trans } = props;
    const { run } = detail;
    const { environment, attempt } = run;
    return (
        <Facts title={trans.__('Known to the control plane')} empty="">
            {[
                [
                    trans.__('run'),
                    <Copied key="run" text={run.id} shown={`${run.number} (${run.id})`} trans={trans} />
                ],
                [trans.__('who'), run.created_by],
                [trans.__('when'), exact(run.created_at)],
                [trans.__('profile'), run.profile],
                [
                    trans.__('snapshot'),
                    snapshot ? (
                        <Copied
                            key="snapshot"
                            text={snapshot.digest}
                            shown={short(snapshot.digest)}
                            trans={trans}
                        />
                    ) : (
                        run.snapshot
                    )
                ],
                [
                    trans.__('environment'),
                    environment
                        ? `${environment.name}, ${short(environment.digest)}, ${environment.kind} ${environment.source}`
                        : ''
                ],
                [trans.__('kernel'), run.kernel],
                [trans.__('secrets'), run.secrets.map(grant => grant.name).join(', ')],
                [
                    trans.__('MLflow run'),
                    attempt?.tracking_run ? (
                        <React.Fragment key="tracked">
                            <Copied
                                text={attempt.tracking_run}
                                shown={short(attempt.tracking_run)}
                                trans={trans}
                            />
                            {' · '}
                            <MlflowLink href={mlflowUrl} trans={trans} />
                        </React.Fragment>
                    ) : (
                        ''
                    )
                ],
                [trans.__('MLflow'), attempt?.tracking_server ?? '']
            ]}
        </Facts>
    );
}

function Seen({ worker, trans }: { worker: IWorkerFacts; trans: ITrans }): React.JSX.Element {
    return (
        <Facts title={trans.__('Seen by the worker')} empty={trans.__('No worker has told yet.')}>
            {[
                [trans.__('Python'), worker.python ?? ''],
                [trans.__('interpreter'), worker.interpreter ?? ''],
                [
                    trans.__('packages'),
                    worker.packages.length > 0
                        ? trans.__('%1, %2', worker.packages.length, short(worker.packagesDigest ?? ''))
                        : ''
                ],
                [trans.__('machine'), worker.host ?? ''],
                [trans.__('system'), worker.platform ?? ''],
                [
                    trans.__('processor'),
                    [worker.cores === null ? '' : trans.__('%1 cores', worker.cores), worker.cpu ?? '']
                        .filter(Boolean)
                        .join(', ')
                ],
                [trans.__('memory'), worker.memory === null ? '' : size(worker.memory)],
                [trans.__('GPU'), worker.gpus.join(', ')],
                [trans.__('Gristmill'), worker.gristmill ?? ''],
                ...worker.data.map((data): [string, string] => [
                    trans.__('data %1', data.name),
                    [
                        trans.__('%1 at %2', data.source, data.at),
                        data.size === null ? '' : size(data.size),
                        data.digest === null ? trans.__('no digest') : short(data.digest),
                        data.changed ? trans.__('changed while the run used it') : ''
                    ]
                        .filter(Boolean)
                        .join(', ')
                ])
            ]}
        </Facts>
    );
}

function Attempts({ detail, trans }: { detail: RunDetail; trans: ITrans }): React.JSX.Element | null {
    if (detail.attempts.length < 2) {
        return null;
    }
    return (
        <section>
            <h2>{trans.__('Attempts')}</h2>
            <table className="gr-Facts">
                <tbody>
                    {detail.attempts.map(one => (
                        <tr key={one.id}>
                            <th scope="row">{one.number}</th>
                            <td>
                                <State state={one.state} trans={trans} />
                            </td>
                            <td>{one.started_at ? exact(one.started_at) : ''}</td>
                            <td>{taken(one.started_at, one.ended_at)}</td>
                            <td>{one.fault?.message.split('\n')[0] ?? ''}</td>
                        </tr>
                    ))}
                </tbody>
            </table>
        </section>
    );
}

function taken(from: string | null | undefined, to: string | null | undefined): string {
    return from && to ? duration((new Date(to).getTime() - new Date(from).getTime()) / 1000) : '';
}

function Packages({ worker, trans }: { worker: IWorkerFacts; trans: ITrans }): React.JSX.Element | null {
    const [wanted, setWanted] = React.useState('');
    if (worker.packages.length === 0) {
        return null;
    }
    const shown = worker.packages.filter(one => one.includes(wanted.trim().toLowerCase()));
    return (
        <details>
            <summary>{trans.__('%1 packages of its environment', worker.packages.length)}</summary>
            <div className="gr-Bar">
                <input
                    className="jp-mod-styled"
                    type="search"
                    placeholder={trans.__('package')}
                    aria-label={trans.__('Show only packages with this text')}
                    value={wanted}
                    onChange={event => {
                        setWanted(event.target.value);
                    }}
                />
                <Copied
                    text={worker.packages.join('\n')}
                    shown={trans.__('copy as requirements')}
                    trans={trans}
                />
            </div>
            <ul className="gr-Packages">
                {shown.map(one => (
                    <li key={one}>{one}</li>
                ))}
            </ul>
            {shown.length === 0 ? <p className="gr-dim">{trans.__('None with this text.')}</p> : null}
        </details>
    );
}

function Files({ snapshot, trans }: { snapshot: Snapshot | null; trans: ITrans }): React.JSX.Element | null {
    if (!snapshot) {
        return null;
    }
    const weight = snapshot.files.reduce((sum, file) => sum + file.size, 0);
    return (
        <details>
            <summary>{trans.__('%1 files of its snapshot, %2', snapshot.files.length, size(weight))}</summary>
            <table className="gr-Facts">
                <tbody>
                    {snapshot.files.slice(0, 1000).map(file => (
                        <tr key={file.path}>
                            <th scope="row">{file.path}</th>
                            <td>{size(file.size)}</td>
                            <td>
                                <code>{short(file.digest)}</code>
                            </td>
                        </tr>
                    ))}
                </tbody>
            </table>
        </details>
    );
}

/** A text that a click copies whole. */
export function Copied(props: { text: string; shown: string; trans: ITrans }): React.JSX.Element {
    const { text, shown, trans } = props;
    const [done, setDone] = React.useState(false);
    return (
        <button
            className="gr-Link"
            title={text.length < 200 ? trans.__('Copy %1', text) : trans.__('Copy')}
            onClick={() => {
                void navigator.clipboard.writeText(text).then(() => {
                    setDone(true);
                    setTimeout(() => {
                        setDone(false);
                    }, 1500);
                });
            }}
        >
            {done ? trans.__('copied') : shown}
        </button>
    );
}
