import * as React from 'react';

import type { CellDiff, Run } from '../api/wire';
import type { Compare } from '../models/compare';
import type { ITrans } from '../models/translation';
import { Loading, Problem } from './common';

/** The notebooks of two runs as they were run, cell by cell; those that are equal are only counted. */
export function NotebookDiffView(props: {
    comparison: Compare;
    runs: readonly Run[];
    trans: ITrans;
}): React.JSX.Element {
    const { comparison, runs, trans } = props;
    const [first, second] = [...runs].sort((one, other) => one.number - other.number); // the older one is before
    const [before, setBefore] = React.useState(first?.id ?? '');
    const [after, setAfter] = React.useState(second?.id ?? '');
    const known = (id: string, otherwise: Run | undefined): string =>
        runs.some(run => run.id === id) ? id : (otherwise?.id ?? '');
    const [from, to] = [known(before, first), known(after, second)];
    React.useEffect(() => {
        if (from && to) {
            void comparison.readDiff(from, to);
        }
    }, [comparison, from, to]);
    const diff = comparison.diffOf(from, to);
    return (
        <div>
            <div className="gr-Diff-which">
                <Choice label={trans.__('before')} value={from} runs={runs} onChange={setBefore} />
                <span aria-hidden="true">→</span>
                <Choice label={trans.__('after')} value={to} runs={runs} onChange={setAfter} />
            </div>
            {diff ? (
                diff.same || diff.cells.every(cell => cell.change === 'equal') ? (
                    <div className="gr-Empty">
                        {diff.same
                            ? trans.__('Both ran the very same notebook.')
                            : trans.__('The cells are the same; outputs or metadata of the source differ.')}
                    </div>
                ) : (
                    <Cells key={`${from} ${to}`} cells={diff.cells} trans={trans} />
                )
            ) : comparison.diffProblem ? (
                <Problem
                    problem={comparison.diffProblem}
                    trans={trans}
                    title={trans.__('The notebooks cannot be compared')}
                />
            ) : (
                <Loading text={trans.__('Comparing the notebooks …')} />
            )}
        </div>
    );
}

function Choice(props: {
    label: string;
    value: string;
    runs: readonly Run[];
    onChange: (id: string) => void;
}): React.JSX.Element {
    return (
        <label>
            {props.label}
            <select
                className="jp-mod-styled"
                value={props.value}
                onChange={event => {
                    props.onChange(event.target.value);
                }}
            >
                {props.runs.map(run => (
                    <option key={run.id} value={run.id}>
                        {run.name}
                    </option>
                ))}
            </select>
        </label>
    );
}

function Cells({ cells, trans }: { cells: readonly CellDiff[]; trans: ITrans }): React.JSX.Element {
    const parts: React.ReactNode[] = [];
    let equal: CellDiff[] = [];
    const fold = (): void => {
        if (equal.length > 0) {
            parts.push(<Equal key={`equal ${parts.length}`} cells={equal} trans={trans} />);
            equal = [];
        }
    };
    for (const cell of cells) {
        if (cell.change === 'equal') {
            equal.push(cell);
        } else {
            fold();
            parts.push(<Cell key={`cell ${parts.length}`} cell={cell} trans={trans} />);
        }
    }
    fold();
    return <>{parts}</>;
}

function Equal({ cells, trans }: { cells: readonly CellDiff[]; trans: ITrans }): React.JSX.Element {
    const [open, setOpen] = React.useState(false);
    return (
        <>
            <button
                className="jp-mod-styled jp-mod-minimal gr-Compare-fold"
                aria-expanded={open}
                onClick={() => {
                    setOpen(!open);
                }}
            >
                {cells.length === 1 ? trans.__('1 equal cell') : trans.__('%1 equal cells', cells.length)}
            </button>
            {open ? cells.map((cell, at) => <Cell key={at} cell={cell} trans={trans} />) : null}
        </>
    );
}

function Cell({ cell, trans }: { cell: CellDiff; trans: ITrans }): React.JSX.Element {
    const words = {
        equal: trans.__('equal'),
        changed: trans.__('changed'),
        added: trans.__('only after'),
        removed: trans.__('only before')
    };
    const places =
        typeof cell.before === 'number' && typeof cell.after === 'number' && cell.before !== cell.after
            ? `${cell.before} → ${cell.after}`
            : String(cell.after ?? cell.before ?? '');
    const title = cell.executed
        ? trans.__('cell %1', places)
        : (cell.after ?? cell.before)
          ? trans.__('below cell %1', places)
          : trans.__('at the top');
    return (
        <section className={`gr-Diff-cell gr-mod-${cell.change}`}>
            <h3>{[title, cell.executed ? '' : cell.kind, words[cell.change]].filter(Boolean).join(' · ')}</h3>
            <pre>
                {cell.lines.map((line, at) => (
                    <span
                        key={at}
                        className={
                            line.sign === '+'
                                ? 'gr-mod-added'
                                : line.sign === '-'
                                  ? 'gr-mod-removed'
                                  : undefined
                        }
                    >
                        {line.sign} {line.text}
                        {'\n'}
                    </span>
                ))}
            </pre>
        </section>
    );
}
