import { type IFigureTheme, SERIES, seriesColour, themed } from './figure';

const THEME: IFigureTheme = { text: '#111', grid: '#ccc', background: '#fff', font: 'sans', size: 13 };

describe('themed', () => {
    it('gives every axis the colours of the theme, and keeps what the figure says', () => {
        const { layout } = themed(
            { data: [], layout: { yaxis2: { title: { text: 'auc' } }, margin: { l: 1 } } },
            THEME,
            200
        );
        expect(layout['yaxis2']).toMatchObject({ gridcolor: '#ccc', title: { text: 'auc' } });
        expect(layout['xaxis']).toMatchObject({ gridcolor: '#ccc' });
        expect(layout).toMatchObject({ height: 200, margin: { l: 1 }, font: { color: '#111' } });
    });

    it('hands out a copy: plotly writes into what it is given', () => {
        const figure = { data: [{ y: [1] }], layout: {} };
        const { data } = themed(figure, THEME, 200);
        expect(data).toEqual(figure.data);
        expect(data[0]).not.toBe(figure.data[0]);
    });
});

test('more series than colours begin anew', () => {
    expect(seriesColour(SERIES.length)).toBe(SERIES[0]);
});
