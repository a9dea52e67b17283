import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { UseSignal, closeIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { Run, RunDetail } from '../api/wire';
import type { Compare } from '../models/compare';
import { type Direction, type Directions, type ISection, FEWEST, compare } from '../models/comparison';
import { curved, metricCurves, parallelCoordinates } from '../models/compareFigures';
import type { Connection } from '../models/connection';
import { seriesColour } from '../models/figure';
import type { ITrans } from '../models/translation';
import { Loading, Problem, State } from './common';
import { ConnectionNotice } from './connection';
import { Figure } from './figure';
import { NotebookDiffView } from './notebookDiff';
import { type ITab, Tabs } from './tabs';

export interface ICompareProps {
    readonly comparison: Compare;
    readonly connection: Connection;
    readonly rendermime: IRenderMimeRegistry;
    readonly trans: ITrans;
    readonly directions: Directions;
    readonly onDirection: (metric: string, direction: Direction) => void;
    readonly onOpen: (run: Run) => void;
    readonly onLink: () => void;
    readonly onCsv: (sections: readonly ISection[]) => void;
}

type Tab = 'table' | 'parallel' | 'curves' | 'notebook' | 'environment';

/** Two to ten runs beside each other. */
export function CompareView(props: ICompareProps): React.JSX.Element {
    return (
        <div className="gr-Page gr-Compare">
            <ConnectionNotice connection={props.connection} trans={props.trans} />
            <UseSignal signal={props.comparison.changed}>{() => <Loaded {...props} />}</UseSignal>
        </div>
    );
}

function Loaded(props: ICompareProps): React.JSX.Element {
    const { comparison, trans } = props;
    const { details, gone, problem } = comparison;
    if (!comparison.loaded) {
        return problem ? (
            <Problem problem={problem} trans={trans} title={trans.__('The runs cannot be compared')} />
        ) : (
            <Loading text={trans.__('Looking for the runs …')} />
        );
    }
    return (
        <>
            {problem ? (
                <Problem problem={problem} trans={trans} title={trans.__('This may be out of date')} />
            ) : null}
            {gone.length > 0 ? (
                <p className="gr-Notice" role="status">
                    {gone.length === 1
                        ? trans.__('1 of these runs was deleted.')
                        : trans.__('%1 of these runs were deleted.', gone.length)}
                </p>
            ) : null}
            {details.length < FEWEST ? (
                <div className="gr-Empty">
                    {trans.__('A comparison needs two runs: pick them in the table of runs.')}
                </div>
            ) : (
                <Shown {...props} details={details} />
            )}
        </>
    );
}

function Shown(props: ICompareProps & { details: readonly RunDetail[] }): React.JSX.Element {
    const { details, trans, directions, onLink, onCsv, comparison } = props;
    const [tab, setTab] = React.useState<Tab>('table');
    const sections = compare(details, directions, trans);
    const id = React.useId();
    const tabs: readonly ITab<Tab>[] = [
        { name: 'table', label: trans.__('Table') },
        { name: 'parallel', label: trans.__('Parallel coordinates') },
        { name: 'curves', label: trans.__('Curves') },
        { name: 'notebook', label: trans.__('Notebook diff') },
        { name: 'environment', label: trans.__('Environment diff') }
    ];
    const of = (...keys: string[]): readonly ISection[] => sections.filter(one => keys.includes(one.key));
    return (
        <>
            <header className="gr-Page-head">
                <h1>{trans.__('Compare %1 runs', details.length)}</h1>
                <span className="gr-Page-buttons">
                    <button className="jp-mod-styled" onClick={onLink}>
                        {trans.__('Copy link')}
                    </button>
                    <button
                        className="jp-mod-styled"
                        onClick={() => {
                            onCsv(sections);
                        }}
                    >
                        {trans.__('CSV')}
                    </button>
                </span>
            </header>
            <Tabs id={id} label={trans.__('About these runs')} tabs={tabs} chosen={tab} onChoose={setTab} />
            <div
                className="gr-Page-body"
                role="tabpanel"
                id={`${id}-panel`}
                aria-label={tabs.find(({ name }) => name === tab)?.label}
            >
                {tab === 'table' ? (
                    <Table {...props} sections={of('parameters', 'metrics', 'environment')} />
                ) : null}
                {tab === 'parallel' ? <Parallel {...props} /> : null}
                {tab === 'curves' ? <Curves {...props} /> : null}
                {tab === 'notebook' ? (
                    <NotebookDiffView
                        comparison={comparison}
                        runs={details.map(detail => detail.run)}
                        trans={trans}
                    />
                ) : null}
                {tab === 'environment' ? <Table {...props} sections={of('environment', 'packages')} /> : null}
            </div>
        </>
    );
}

function Table(
    props: ICompareProps & { details: readonly RunDetail[]; sections: readonly ISection[] }
): React.JSX.Element {
    const { details, sections, comparison, trans, onOpen } = props;
    return (
        <div
            className="gr-Compare-scroll"
            tabIndex={0}
            role="region"
            aria-label={trans.__('Runs beside each other')}
        >
            <table className="gr-Compare-table">
                <thead>
                    <tr>
                        <th scope="col">
                            <span className="gr-hidden">{trans.__('What is compared')}</span>
                        </th>
                        {details.map(({ run }, at) => (
                            <th key={run.id} scope="col">
                                <span className="gr-Compare-run">
                                    <span
                                        className="gr-Compare-colour"
                                        style={{ background: seriesColour(at) }}
                                        aria-hidden="true"
                                    />
                                    <State state={run.state} trans={trans} quiet />
                                    <button
                                        className="gr-Table-name"
                                        title={run.notebook}
                                        onClick={() => {
                                            onOpen(run);
                                        }}
                                    >
                                        {run.name}
                                    </button>
                                    {details.length > FEWEST ? (
                                        <button
                                            className="jp-mod-styled jp-mod-minimal gr-Compare-out"
                                            aria-label={trans.__('Take %1 out', run.name)}
                                            title={trans.__('Take %1 out', run.name)}
                                            onClick={() => {
                                                comparison.without(run.id);
                                            }}
                                        >
                                            <closeIcon.react tag="span" />
                                        </button>
                                    ) : null}
                                </span>
                            </th>
                        ))}
                    </tr>
                </thead>
                {sections.map(section => (
                    <SectionRows key={section.key} {...props} section={section} />
                ))}
            </table>
        </div>
    );
}

function SectionRows(
    props: ICompareProps & { details: readonly RunDetail[]; section: ISection }
): React.JSX.Element | null {
    const { section, details, trans, onDirection } = props;
    const [open, setOpen] = React.useState(false);
    const equal = section.rows.filter(row => row.equal);
    const different = section.rows.filter(row => !row.equal);
    if (section.rows.length === 0 && section.note === null) {
        return null;
    }
    const figures = section.key === 'metrics' ? 'gr-mod-figure' : '';
    return (
        <tbody>
            <tr className="gr-Compare-section">
                <th scope="rowgroup" colSpan={details.length + 1}>
                    {section.title}
                </th>
            </tr>
            {section.note === null ? null : (
                <tr>
                    <td className="gr-dim" colSpan={details.length + 1}>
                        {section.note}
                    </td>
                </tr>
            )}
            {[...different, ...(open ? equal : [])].map(row => {
                const { direction } = row;
                return (
                    <tr key={row.name} className={row.equal ? 'gr-dim' : undefined}>
                        <th scope="row" title={row.name}>
                            {row.name}
                            {direction ? (
                                <button
                                    className="gr-Compare-direction"
                                    title={
                                        direction === 'max'
                                            ? trans.__('More is better; press if less is')
                                            : trans.__('Less is better; press if more is')
                                    }
                                    aria-label={
                                        direction === 'max'
                                            ? trans.__('%1: more is better', row.name)
                                            : trans.__('%1: less is better', row.name)
                                    }
                                    onClick={() => {
                                        onDirection(row.name, direction === 'max' ? 'min' : 'max');
                                    }}
                                >
                                    {direction === 'max' ? '↑' : '↓'}
                                </button>
                            ) : null}
                        </th>
                        {row.cells.map((cell, at) => (
                            <td
                                key={details[at]?.run.id ?? at}
                                className={`${figures} ${row.best.includes(at) ? 'gr-mod-best' : ''}`}
                                title={cell}
                            >
                                {cell === '' ? <span className="gr-dim">–</span> : cell}
                                {row.best.includes(at) ? (
                                    <span className="gr-hidden">{trans.__('(best)')}</span>
                                ) : null}
                            </td>
                        ))}
                    </tr>
                );
            })}
            {equal.length > 0 ? (
                <tr>
                    <td colSpan={details.length + 1}>
                        <button
                            className="jp-mod-styled jp-mod-minimal gr-Compare-fold"
                            aria-expanded={open}
                            onClick={() => {
                                setOpen(!open);
                            }}
                        >
                            {open ? trans.__('Hide what is equal') : folded(section, equal.length, trans)}
                        </button>
                    </td>
                </tr>
            ) : null}
        </tbody>
    );
}

function folded(section: ISection, count: number, trans: ITrans): string {
    const one = count === 1;
    switch (section.key) {
        case 'parameters':
            return one ? trans.__('1 equal parameter') : trans.__('%1 equal parameters', count);
        case 'metrics':
            return one ? trans.__('1 equal metric') : trans.__('%1 equal metrics', count);
        case 'packages':
            return one ? trans.__('1 equal package') : trans.__('%1 equal packages', count);
        default:
            return one ? trans.__('1 equal fact') : trans.__('%1 equal facts', count);
    }
}

function Parallel(props: ICompareProps & { details: readonly RunDetail[] }): React.JSX.Element {
    const { details, rendermime, trans } = props;
    const figure = React.useMemo(() => parallelCoordinates(details.map(detail => detail.run)), [details]);
    if (!figure) {
        return (
            <div className="gr-Empty">
                {trans.__('These runs differ in fewer than two numbers: there are no lines to draw.')}
            </div>
        );
    }
    return (
        <div
            className="gr-Compare-parallel"
            tabIndex={0}
            role="group"
            aria-label={trans.__('Parallel coordinates')}
        >
            <Figure
                figure={figure}
                rendermime={rendermime}
                trans={trans}
                height={440}
                label={trans.__('Parameters that differ and metrics, a line for each run')}
            />
        </div>
    );
}

function Curves(props: ICompareProps & { details: readonly RunDetail[] }): React.JSX.Element {
    const { comparison, details, rendermime, trans } = props;
    const { histories, historyProblem } = comparison;
    const asked = histories.size > 0;
    React.useEffect(() => {
        void comparison.readHistories();
    }, [comparison]);
    if (!asked) {
        return historyProblem ? (
            <Problem problem={historyProblem} trans={trans} title={trans.__('The curves cannot be read')} />
        ) : (
            <Loading text={trans.__('Looking for the curves …')} />
        );
    }
    const names = curved(histories.values());
    if (names.length === 0) {
        return (
            <div className="gr-Empty">
                {trans.__(
                    'No metric of these runs has more than one value: report it with a step to see how it goes.'
                )}
            </div>
        );
    }
    return (
        <div className="gr-Compare-curves">
            {historyProblem ? <Problem problem={historyProblem} trans={trans} /> : null}
            {names.map(name => (
                <Curve
                    key={name}
                    name={name}
                    comparison={comparison}
                    details={details}
                    rendermime={rendermime}
                    trans={trans}
                />
            ))}
        </div>
    );
}

function Curve(props: {
    name: string;
    comparison: Compare;
    details: readonly RunDetail[];
    rendermime: IRenderMimeRegistry;
    trans: ITrans;
}): React.JSX.Element {
    const { name, comparison, details, rendermime, trans } = props;
    const { version } = comparison;
    const figure = React.useMemo(
        () =>
            metricCurves(
                name,
                details.map(detail => detail.run),
                comparison.histories
            ),
        // eslint-disable-next-line react-hooks/exhaustive-deps -- histories are filled in place; `version` counts them
        [name, details, comparison, version]
    );
    return (
        <Figure
            figure={figure}
            rendermime={rendermime}
            trans={trans}
            height={320}
            label={trans.__('%1 by step, a line for each run', name)}
        />
    );
}
