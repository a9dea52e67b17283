import type { MetricHistory, Utilisation } from '../api/wire';
import type { ICell } from './cells';
import { type IFigure, seriesColour } from './figure';
import { duration, number } from './quantities';
import type { ITrans } from './translation';

export type Axis = 'step' | 'time';

/** So many values of a metric are marked each. */
export const FEW = 60;
const SMALL = 12; // pixels of what is written at axes
const TITLE = 0.22; // of a row's height: what it is called stands above its curve, not on it
const GAP = 0.1; // of a row's height, below its curve
const MB = 1e6;
const GB = 1e9;
const STATES: Record<ICell['state'], string> = {
    waiting: '#8c8c8c',
    running: '#0072b2',
    done: '#009e73',
    failed: '#d55e00'
};

/** Whether a metric has a course, and not one value alone. */
export function hasCourse(history: MetricHistory): boolean {
    return history.values.filter(one => Number.isFinite(one)).length > 1;
}

/** Whether its values are told apart by their steps; without, each came at step 0. */
export function hasSteps(history: MetricHistory): boolean {
    return new Set(history.steps).size > 1;
}

/** One metric over its steps, or over the seconds since its first value. A value that is none is a gap. */
export function metricFigure(history: MetricHistory, axis: Axis, log: boolean, trans: ITrans): IFigure {
    const first = new Date(history.times[0] ?? 0).getTime();
    const steps = axis === 'step' && hasSteps(history);
    const x = steps
        ? history.steps
        : axis === 'step'
          ? history.values.map((_, at) => at)
          : history.times.map(time => (new Date(time).getTime() - first) / 1000);
    const few = history.values.length <= FEW;
    return {
        data: [
            {
                type: 'scatter',
                mode: few ? 'lines+markers' : 'lines',
                x,
                y: history.values,
                line: { color: seriesColour(0), width: 2 },
                marker: { size: 5 },
                hovertemplate: `%{x}: %{y}<extra></extra>`
            }
        ],
        layout: {
            showlegend: false,
            margin: { l: 56, r: 12, t: 8, b: 36 },
            xaxis: {
                title: {
                    text: axis === 'time' ? trans.__('seconds') : trans.__('step'),
                    font: { size: SMALL }
                }
            },
            yaxis: { type: log ? 'log' : 'linear', exponentformat: 'power' }
        }
    };
}

/** One row of the timeline: what is drawn in it and how high it may go. */
interface IRow {
    readonly name: string;
    readonly y: readonly number[];
    readonly unit: string;
    readonly most: number | null;
}

/**
 * The cells of a run as bars in time, and above them what it used: cores, memory, devices. Null where too little is
 * known for a chart.
 */
export function timelineFigure(
    utilisation: Utilisation,
    cells: readonly ICell[],
    began: string | null,
    trans: ITrans
): IFigure | null {
    const points = utilisation.points;
    if (points.length < 2) {
        return null;
    }
    const rows = rowsOf(utilisation, trans);
    const bars = began === null ? [] : barsOf(cells, began, Math.max(...points.map(one => one.at)));
    const foot = bars.length > 0 ? 0.16 : 0;
    const each = (1 - foot) / rows.length;
    const data: Record<string, unknown>[] = rows.map((row, at) => ({
        type: 'scatter',
        mode: 'lines',
        fill: 'tozeroy',
        x: points.map(one => one.at),
        y: row.y,
        name: row.name,
        yaxis: `y${at + 2}`,
        line: { color: seriesColour(at), width: 1.5, shape: 'hv' },
        hovertemplate: `%{x:.1f} s: %{y:.2f} ${row.unit}<extra>${row.name}</extra>`
    }));
    const names = rows.map((row, at) => ({
        text: row.name,
        xref: 'paper',
        yref: 'paper',
        x: 0,
        xanchor: 'left',
        y: 1 - at * each,
        yanchor: 'top',
        showarrow: false,
        font: { size: SMALL }
    }));
    const layout: Record<string, unknown> = {
        annotations: names,
        showlegend: false,
        barmode: 'overlay',
        hovermode: 'closest',
        margin: { l: 48, r: 12, t: 6, b: 26 },
        xaxis: {
            ticksuffix: ' s',
            rangemode: 'tozero',
            zeroline: false,
            anchor: bars.length > 0 ? 'y' : `y${rows.length + 1}`
        },
        yaxis: {
            domain: [0, Math.max(foot - 0.05, 0.01)],
            showgrid: false,
            visible: bars.length > 0,
            fixedrange: true
        }
    };
    rows.forEach((row, at) => {
        const top = 1 - at * each;
        const highest = Math.max(...row.y, 0);
        layout[`yaxis${at + 2}`] = {
            domain: [top - each * (1 - GAP), top - each * TITLE],
            rangemode: 'tozero',
            fixedrange: true,
            nticks: 3,
            // What the profile gives is the frame, unless hardly any of it was used.
            range: [
                0,
                row.most !== null && highest > row.most / 10
                    ? Math.max(row.most, highest)
                    : highest * 1.2 || 1
            ]
        };
    });
    if (bars.length > 0) {
        data.push({
            type: 'bar',
            orientation: 'h',
            base: bars.map(bar => bar.from),
            x: bars.map(bar => bar.seconds),
            y: bars.map(() => trans.__('cells')),
            text: bars.map(bar => String(bar.number)),
            textposition: 'inside',
            insidetextanchor: 'middle',
            textangle: 0,
            marker: {
                color: bars.map(bar => STATES[bar.state]),
                line: { width: 1, color: 'rgba(255,255,255,0.6)' }
            },
            customdata: bars.map(bar => trans.__('cell %1: %2', bar.number, duration(bar.seconds))),
            hovertemplate: '%{customdata}<extra></extra>'
        });
    }
    return { data, layout };
}

interface IBar {
    readonly number: number;
    readonly from: number;
    readonly seconds: number;
    readonly state: ICell['state'];
}

function barsOf(cells: readonly ICell[], began: string, now: number): readonly IBar[] {
    const zero = new Date(began).getTime();
    return cells.flatMap(cell => {
        if (cell.started === null || cell.number === null) {
            return [];
        }
        const from = Math.max(0, (new Date(cell.started).getTime() - zero) / 1000);
        const seconds = cell.seconds ?? Math.max(0, now - from);
        return [{ number: cell.number, from, seconds, state: cell.state }];
    });
}

function rowsOf({ points, given }: Utilisation, trans: ITrans): readonly IRow[] {
    const large = Math.max(...points.map(one => one.memory_peak)) >= GB;
    const scale = large ? GB : MB;
    const rows: IRow[] = [
        {
            name: trans.__('cores'),
            y: points.map(one => one.cpu),
            unit: trans.__('cores'),
            most: given?.cpu ?? null
        },
        {
            name: large ? trans.__('memory, GB') : trans.__('memory, MB'),
            y: points.map(one => one.memory / scale),
            unit: large ? 'GB' : 'MB',
            most: given ? given.memory / scale : null
        }
    ];
    const devices = new Set(points.flatMap(one => one.gpus.map(gpu => gpu.index)));
    for (const index of [...devices].sort((a, b) => a - b)) {
        rows.push({
            name: trans.__('GPU %1, %', index),
            y: points.map(one => 100 * (one.gpus.find(gpu => gpu.index === index)?.busy ?? 0)),
            unit: '%',
            most: 100
        });
    }
    return rows;
}

/** What a metric was last, and its range where it had one: `0.92 (0.5 – 0.92)`. */
export function lastOf(history: MetricHistory): string {
    const known = history.values.filter((one): one is number => one !== null);
    const last = known.at(-1);
    if (last === undefined) {
        return '–';
    }
    return known.length > 1
        ? `${number(last)} (${number(Math.min(...known))} – ${number(Math.max(...known))})`
        : number(last);
}
