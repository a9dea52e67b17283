import type { Run, RunHistory } from '../api/wire';
import { type IFigure, seriesColour } from './figure';
import { number, value } from './quantities';
import { FEW, hasCourse, hasSteps } from './runFigures';

interface IAxis {
    readonly label: string;
    /** From 0, at the bottom, to 1; null where the run has none. */
    readonly heights: readonly (number | null)[];
    readonly texts: readonly string[];
    readonly bottom: string;
    readonly top: string;
}

/** One axis for each parameter that differs and each metric; a line for each run. Null where there is nothing to see. */
export function parallelCoordinates(runs: readonly Run[]): IFigure | null {
    const parameters = [...new Set(runs.flatMap(run => Object.keys(run.parameters)))];
    const metrics = [...new Set(runs.flatMap(run => Object.keys(run.metrics ?? {})))];
    const axes = [
        ...parameters.map(name =>
            axisOf(
                name,
                runs.map(run => run.parameters[name])
            )
        ),
        ...metrics.map(name =>
            axisOf(
                name,
                runs.map(run => run.metrics?.[name]?.value)
            )
        )
    ].filter((axis): axis is IAxis => axis !== null);
    if (axes.length < 2) {
        return null;
    }
    const places = axes.map((_, at) => at);
    // Many axes are close together: what stands at the ends of every second one is told in a row of its own.
    const aside = (at: number): number => (axes.length > 5 && at % 2 === 1 ? 0.07 : 0);
    const told = (text: string, at: number, y: number, yanchor: string): object => ({
        text: text.length > 18 ? `${text.slice(0, 17)}…` : text,
        x: at,
        y,
        yanchor,
        showarrow: false,
        font: { size: 11 }
    });
    return {
        data: runs.map((run, at) => ({
            type: 'scatter',
            mode: 'lines+markers',
            name: run.name,
            x: places,
            y: axes.map(axis => axis.heights[at]),
            text: axes.map(axis => `${axis.label} ${axis.texts[at] ?? ''}`),
            hovertemplate: `%{text}<extra>${run.name}</extra>`,
            line: { color: seriesColour(at), width: 2 },
            marker: { size: 7 }
        })),
        layout: {
            xaxis: {
                tickvals: places,
                ticktext: axes.map(axis => axis.label),
                side: 'top',
                fixedrange: true
            },
            yaxis: { visible: false, range: [-0.2, 1.2], fixedrange: true },
            annotations: axes.flatMap((axis, at) => [
                told(axis.top, at, 1.03 + aside(at), 'bottom'),
                told(axis.bottom, at, -0.03 - aside(at), 'top')
            ]),
            hovermode: 'closest',
            showlegend: true,
            legend: { orientation: 'h', y: -0.08 },
            margin: { l: 100, r: 48, t: 48, b: 40 } // a label that would leave the figure is not drawn
        }
    };
}

/** Null where all runs have the same. Numbers by their size, all else in alphabetical order. */
function axisOf(label: string, values: readonly unknown[]): IAxis | null {
    const there = values.filter(one => one !== undefined);
    if (new Set(values.map(one => (one === undefined ? undefined : value(one)))).size < 2) {
        return null;
    }
    const texts = values.map(one =>
        one === undefined ? '' : typeof one === 'number' ? number(one) : value(one)
    );
    const numbers = there.every((one): one is number => typeof one === 'number') ? there : null;
    if (numbers) {
        const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
        const heights = values.map(one =>
            typeof one === 'number' ? (high === low ? 0.5 : (one - low) / (high - low)) : null
        );
        return { label, heights, texts, bottom: number(low), top: number(high) };
    }
    const sorted = [...new Set(there.map(value))].sort();
    const last = Math.max(1, sorted.length - 1);
    const heights = values.map(one => (one === undefined ? null : sorted.indexOf(value(one)) / last));
    return { label, heights, texts, bottom: sorted[0] ?? '', top: sorted.at(-1) ?? '' };
}

/** How one metric went in each run, by its steps. */
export function metricCurves(
    name: string,
    runs: readonly Run[],
    histories: ReadonlyMap<string, RunHistory>
): IFigure {
    return {
        data: runs.flatMap((run, at) => {
            const found = histories.get(run.id)?.metrics.find(one => one.name === name);
            if (!found || found.values.length === 0) {
                return [];
            }
            return [
                {
                    type: 'scatter',
                    // A line between values at one place is none: without steps they stand in their order.
                    mode: !hasCourse(found)
                        ? 'markers'
                        : found.values.length > FEW
                          ? 'lines'
                          : 'lines+markers',
                    name: run.name,
                    x:
                        found.values.length === 1 || hasSteps(found)
                            ? found.steps
                            : found.values.map((_, place) => place),
                    y: found.values,
                    line: { color: seriesColour(at), width: 2 },
                    marker: { color: seriesColour(at), size: 8 }
                }
            ];
        }),
        layout: {
            title: { text: name, x: 0, font: { size: 14 } },
            xaxis: { title: { text: 'step' } },
            hovermode: 'x unified',
            showlegend: true,
            legend: { orientation: 'h', y: -0.25 },
            margin: { l: 56, r: 16, t: 36, b: 60 }
        }
    };
}

/** Metrics of which at least one run has more than one value. */
export function curved(histories: Iterable<RunHistory>): readonly string[] {
    const found = [...histories].flatMap(history => history.metrics);
    return [...new Set(found.filter(hasCourse).map(one => one.name))];
}
