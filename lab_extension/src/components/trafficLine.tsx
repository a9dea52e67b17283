import * as React from 'react';

const WIDTH = 60;
const HEIGHT = 16;

/** A few numbers as a line, from nothing up to the largest. */
export function TrafficLine(props: { values: readonly number[]; label: string }): React.JSX.Element {
    const { values, label } = props;
    const most = Math.max(...values, 1e-9);
    const step = WIDTH / Math.max(1, values.length - 1);
    const points = values.map((value, at) => {
        const y = HEIGHT - 1 - (value / most) * (HEIGHT - 2);
        return `${(at * step).toFixed(1)},${y.toFixed(1)}`;
    });
    return (
        <svg
            className="gr-TrafficLine"
            viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
            width={WIDTH}
            height={HEIGHT}
            preserveAspectRatio="none"
            role="img"
            aria-label={label}
        >
            {values.length > 1 ? <polyline points={points.join(' ')} /> : null}
        </svg>
    );
}
