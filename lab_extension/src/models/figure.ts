/** A chart as plotly's JSON says it: https://plotly.com/javascript/reference. */
export interface IFigure {
    readonly data: readonly Readonly<Record<string, unknown>>[];
    readonly layout: Readonly<Record<string, unknown>>;
}

/** Colours of a theme, as CSS says them. */
export interface IFigureTheme {
    readonly text: string;
    readonly grid: string;
    readonly background: string;
    readonly font: string;
    readonly size: number;
}

/** Okabe and Ito's colours, told apart by who is colour-blind and on light and dark: https://jfly.uni-koeln.de/color. */
export const SERIES = [
    '#0072b2',
    '#e69f00',
    '#009e73',
    '#cc79a7',
    '#56b4e9',
    '#d55e00',
    '#8c8c8c',
    '#b8a400',
    '#7a5195',
    '#2f9aa0'
] as const;

export function seriesColour(at: number): string {
    return SERIES[at % SERIES.length] ?? SERIES[0];
}

/** The figure in a theme's colours, `height` pixels high. What the figure says itself stays. */
export function themed(figure: IFigure, theme: IFigureTheme, height: number): IFigure & { config: object } {
    const { layout } = figure;
    const axis = {
        gridcolor: theme.grid,
        zerolinecolor: theme.grid,
        linecolor: theme.grid,
        automargin: true
    };
    const axes = Object.keys(layout).filter(name => /^[xy]axis\d*$/.test(name));
    const themedAxes = Object.fromEntries(
        [...new Set(['xaxis', 'yaxis', ...axes])].map(name => [
            name,
            { ...axis, ...(layout[name] as object | undefined) }
        ])
    );
    return {
        // plotly writes into what it is given
        data: structuredClone(figure.data),
        layout: structuredClone({
            paper_bgcolor: 'rgba(0,0,0,0)',
            plot_bgcolor: 'rgba(0,0,0,0)',
            colorway: SERIES,
            font: { color: theme.text, family: theme.font, size: theme.size },
            margin: { l: 48, r: 16, t: 24, b: 40 },
            hoverlabel: {
                bgcolor: theme.background,
                bordercolor: theme.grid,
                font: { color: theme.text, family: theme.font }
            },
            modebar: { bgcolor: 'rgba(0,0,0,0)', color: theme.grid, activecolor: theme.text },
            uirevision: 'kept', // a zoom outlives new points
            autosize: true,
            ...layout,
            ...themedAxes,
            height
        }),
        config: {
            displaylogo: false,
            modeBarButtonsToRemove: ['select2d', 'lasso2d', 'autoScale2d', 'toImage']
        }
    };
}
