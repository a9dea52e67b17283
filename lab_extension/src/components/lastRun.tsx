import { UseSignal } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { Run } from '../api/wire';
import type { NotebookRuns } from '../models/notebookRuns';
import { mainMetric, metric, number } from '../models/quantities';
import { isOver, runLook } from '../models/runEvents';
import type { ITrans } from '../models/translation';
import { State, progressText } from './common';
import { Sparkline } from './sparkline';

interface ILastRunProps {
    readonly found: NotebookRuns;
    readonly trans: ITrans;
    readonly onOpen: (run: Run) => void;
}

/** A notebook’s last run: its state and main metric, how that went over the last runs, and the way to it. */
export function LastRun(props: ILastRunProps): React.JSX.Element {
    return <UseSignal signal={props.found.changed}>{() => <Chip {...props} />}</UseSignal>;
}

function Chip({ found, trans, onOpen }: ILastRunProps): React.JSX.Element | null {
    const run = found.last;
    if (!run) {
        return null;
    }
    const main = mainMetric(run);
    const said = isOver(run)
        ? main
            ? `${main[0]} ${metric(main[1])}`
            : ''
        : run.state === 'running'
          ? progressText(run, trans)
          : '';
    const series = found.series;
    return (
        <button
            className="jp-mod-styled jp-mod-minimal gr-LastRun"
            title={trans.__('Open %1', run.name)}
            onClick={() => {
                onOpen(run);
            }}
        >
            <State state={runLook(run)} trans={trans} />
            {said ? <span className="gr-LastRun-said"> · {said}</span> : null}
            {series ? (
                <Sparkline
                    values={series.values}
                    label={trans.__(
                        '%1 over %2 runs: %3',
                        series.name,
                        series.values.length,
                        series.values.map(number).join(', ')
                    )}
                />
            ) : null}
        </button>
    );
}
