import { UseSignal } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { InteractiveRun } from '../api/wire';
import type { Interactive } from '../models/interactive';
import { ago, baseName, exact, number } from '../models/quantities';
import type { ITrans } from '../models/translation';
import { useNow } from './common';

interface IInteractiveProps {
    readonly interactive: Interactive;
    readonly text: string;
    readonly trans: ITrans;
    readonly onNotebook: (run: InteractiveRun) => void;
}

/** What was done by hand, below the runs: in the ledger, and not to be taken for a run. Nothing where there is none. */
export function InteractiveList(props: IInteractiveProps): React.JSX.Element {
    React.useEffect(() => {
        props.interactive.watch(true);
        return () => {
            props.interactive.watch(false);
        };
    }, [props.interactive]);
    return <UseSignal signal={props.interactive.changed}>{() => <List {...props} />}</UseSignal>;
}

function List(props: IInteractiveProps): React.JSX.Element | null {
    const { interactive, text, trans } = props;
    const now = useNow(false);
    const shown = interactive.matching(text);
    if (interactive.all.length === 0) {
        return null;
    }
    return (
        <details className="gr-Interactive">
            <summary title={trans.__('What notebooks logged to MLflow while somebody worked in them')}>
                {trans.__('Interactive')} <span className="gr-dim gr-number">{shown.length}</span>
            </summary>
            <div role="list" aria-label={trans.__('Interactive runs')}>
                {shown.map(run => (
                    <Entry key={run.id} {...props} run={run} now={now} />
                ))}
            </div>
        </details>
    );
}

function Entry(props: IInteractiveProps & { run: InteractiveRun; now: Date }): React.JSX.Element {
    const { run, now, trans, onNotebook } = props;
    const metrics = Object.entries(run.metrics ?? {}).map(([name, value]) => `${name} ${number(value)}`);
    const params = Object.entries(run.params ?? {}).map(([name, value]) => `${name} ${value}`);
    return (
        <div className="gr-Run" role="listitem">
            <button
                className="gr-Run-open"
                title={[`${run.name} · ${run.notebook}`, ...metrics, ...params].join('\n')}
                onClick={() => {
                    onNotebook(run);
                }}
            >
                <span className="gr-Run-first">
                    <span className="gr-Interactive-mark">
                        {run.status === 'RUNNING'
                            ? trans.__('interactive, going on')
                            : trans.__('interactive')}
                    </span>
                    <span className="gr-Run-name">{baseName(run.notebook)}</span>
                    <span className="gr-Run-said">{metrics[0] ?? ''}</span>
                </span>
                <span className="gr-Run-second">
                    <span className="gr-Run-given">{[run.name, ...params].join(' · ')}</span>
                    <span className="gr-number" title={exact(run.started_at)}>
                        {ago(run.started_at, now, trans)}
                    </span>
                </span>
            </button>
        </div>
    );
}
