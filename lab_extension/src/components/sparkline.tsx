import * as React from 'react';

const WIDTH = 48;
const HEIGHT = 14;

/** How a few values went, the last one marked; nothing where there are fewer than two. */
export function Sparkline(props: { values: readonly number[]; label: string }): React.JSX.Element | null {
    const values = props.values.filter(Number.isFinite);
    if (values.length < 2) {
        return null;
    }
    const least = Math.min(...values);
    const range = Math.max(...values) - least || 1;
    const points = values.map((value, at): [number, number] => [
        2 + (at * (WIDTH - 4)) / (values.length - 1),
        HEIGHT - 2 - ((value - least) * (HEIGHT - 4)) / range
    ]);
    const [x, y] = points.at(-1) ?? [0, 0];
    return (
        <svg className="gr-Sparkline" width={WIDTH} height={HEIGHT} role="img" aria-label={props.label}>
            <title>{props.label}</title>
            <polyline points={points.map(point => point.map(one => one.toFixed(1)).join(',')).join(' ')} />
            <circle cx={x} cy={y} r="1.8" />
        </svg>
    );
}
