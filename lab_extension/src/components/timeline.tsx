import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import * as React from 'react';

import type { Utilisation } from '../api/wire';
import { duration, size } from '../models/quantities';
import type { RunCharts } from '../models/runCharts';
import { timelineFigure } from '../models/runFigures';
import type { RunPage } from '../models/runPage';
import type { ITrans } from '../models/translation';
import { sentence } from './common';
import { Figure } from './figure';

const HEIGHT = 230;
const DEVICE = 70; // pixels more for each device

/** The cells in time with what the run used above them; before that is known, how long each cell took. */
export function Timeline(props: {
    page: RunPage;
    charts: RunCharts;
    rendermime: IRenderMimeRegistry;
    trans: ITrans;
}): React.JSX.Element {
    const { page, charts, rendermime, trans } = props;
    const { utilisation } = charts;
    const { cells } = page;
    const began = page.detail?.run.attempt?.started_at ?? null;
    const figure = React.useMemo(
        () => (utilisation ? timelineFigure(utilisation, cells, began, trans) : null),
        [utilisation, cells, began, trans]
    );
    const devices = utilisation?.points[0]?.gpus.length ?? 0;
    return (
        <section className="gr-Usage" aria-label={trans.__('Cells and what they used')}>
            {figure ? (
                <Figure
                    figure={figure}
                    rendermime={rendermime}
                    trans={trans}
                    height={HEIGHT + devices * DEVICE}
                    label={trans.__('Cells in time; cores and memory above them')}
                />
            ) : (
                <Strip page={page} trans={trans} />
            )}
            {utilisation && utilisation.points.length > 0 ? <Used used={utilisation} trans={trans} /> : null}
        </section>
    );
}

/** The right-sizing sentence; before a run is over, what it used so far. */
function Used({ used, trans }: { used: Utilisation; trans: ITrans }): React.JSX.Element {
    const given = used.given;
    const memory = given
        ? trans.__('peak %1 of %2', size(used.memory_peak), size(given.memory))
        : trans.__('peak %1', size(used.memory_peak));
    const busy = used.busy.toFixed(1);
    const cores = given
        ? given.cpu === 1
            ? trans.__('%1 of 1 core', busy)
            : trans.__('%1 of %2 cores', busy, given.cpu)
        : trans.__('%1 cores', busy);
    const advice = used.advice;
    return (
        <p className={`gr-Usage-says${advice?.profile ? ' gr-mod-advice' : ''}`}>
            {sentence(advice ? advice.says : `${memory}, ${cores}`)}
        </p>
    );
}

function Strip({ page, trans }: { page: RunPage; trans: ITrans }): React.JSX.Element | null {
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
