import { UseSignal } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { CopyMerge, Side } from '../models/copyMerge';
import { type IChange, linesOf } from '../models/mergeCells';
import type { ITrans } from '../models/translation';
import { Loading, Problem } from './common';
import { Press } from './press';

interface IMergeProps {
    readonly merge: CopyMerge;
    readonly number: number;
    /** The source’s name, as people call it. */
    readonly source: string;
    readonly trans: ITrans;
    readonly onSend: () => void;
    readonly onCancel: () => void;
}

/** What of a copy goes into its source, cell by cell: as it ran, as it is there now, as it is in the copy. */
export function CopyMergeView(props: IMergeProps): React.JSX.Element {
    return <UseSignal signal={props.merge.changed}>{() => <Shown {...props} />}</UseSignal>;
}

function Shown(props: IMergeProps): React.JSX.Element {
    const { merge, number, source, trans, onSend, onCancel } = props;
    const { changes } = merge;
    const count = merge.chosen.length;
    return (
        <section className="gr-Merge gr-Page" aria-label={trans.__('Changed cells of run %1', number)}>
            <header>
                <h1>{trans.__('From the copy of run %1 into %2', number, source)}</h1>
                {merge.conflicts > 0 ? (
                    <p className="gr-warn">
                        {trans.__(
                            '%1 has changed since the run: say of the marked cells which one it is to be.',
                            source
                        )}
                    </p>
                ) : null}
            </header>
            <div className="gr-Merge-list">
                {merge.problem ? (
                    <Problem
                        problem={merge.problem}
                        trans={trans}
                        title={trans.__('They cannot be compared')}
                    />
                ) : changes === null ? (
                    <Loading text={trans.__('Comparing the cells …')} />
                ) : changes.length === 0 ? (
                    <p className="gr-dim">{trans.__('No cell of the copy differs from %1.', source)}</p>
                ) : (
                    changes.map(change => <Change key={change.key} change={change} {...props} />)
                )}
            </div>
            <footer>
                <span className="gr-hint">
                    {changes && changes.length > 0 ? (merge.hindrance ?? '') : ''}
                </span>
                <button className="jp-mod-styled" onClick={onCancel}>
                    {trans.__('Cancel')}
                </button>
                <Press
                    className="jp-mod-styled jp-mod-accept"
                    off={merge.hindrance !== null}
                    onClick={onSend}
                >
                    {count === 0
                        ? trans.__('Put no cell into %1', source)
                        : count === 1
                          ? trans.__('Put 1 cell into %1', source)
                          : trans.__('Put %1 cells into %2', count, source)}
                </Press>
            </footer>
        </section>
    );
}

function Change(props: IMergeProps & { change: IChange }): React.JSX.Element {
    const { change, merge, source, trans } = props;
    const name = React.useId();
    const title = titleOf(change, merge, trans);
    const sides: readonly (readonly [Side, string])[] = [
        ['copy', takeText(change, trans)],
        ['source', leaveText(change, source, trans)]
    ];
    return (
        <fieldset className={`gr-Change${change.conflict ? ' gr-mod-conflict' : ''}`} aria-label={title}>
            <div className="gr-Change-head">
                <strong>{title}</strong>
                {sides.map(([side, label]) => (
                    <label key={side}>
                        <input
                            type="radio"
                            name={name}
                            checked={merge.sideOf(change) === side}
                            onChange={() => {
                                merge.choose(change, side);
                            }}
                        />
                        {label}
                    </label>
                ))}
            </div>
            <div className="gr-Change-texts">
                {change.conflict ? (
                    <>
                        <Text
                            title={trans.__('As it ran')}
                            before={change.base ?? ''}
                            after={change.base ?? ''}
                        />
                        <Text
                            title={
                                change.source === null
                                    ? trans.__('%1 has it no more', source)
                                    : trans.__('%1 now', source)
                            }
                            before={change.base ?? ''}
                            after={change.source ?? ''}
                        />
                        <Text
                            title={trans.__('The copy')}
                            before={change.base ?? ''}
                            after={change.copy ?? ''}
                        />
                    </>
                ) : (
                    <Text before={change.source ?? ''} after={change.copy ?? ''} />
                )}
            </div>
        </fieldset>
    );
}

/** Cells are called what the run calls them, as on its page and above the copy. */
function titleOf(change: IChange, merge: CopyMerge, trans: ITrans): string {
    const number = merge.numberOf(change);
    const before = merge.numberBefore(change);
    if (change.kind === 'added') {
        return before === null
            ? trans.__('New cell at the top')
            : trans.__('New cell behind cell %1', before);
    }
    const cell =
        number !== null
            ? trans.__('Cell %1', number)
            : before === null
              ? trans.__('Text at the top')
              : trans.__('Text behind cell %1', before);
    if (change.kind === 'removed') {
        return trans.__('%1: not in the copy any more', cell);
    }
    return change.at === null ? trans.__('%1: gone from the source', cell) : cell;
}

function takeText(change: IChange, trans: ITrans): string {
    return {
        added: trans.__('put it there'),
        removed: trans.__('remove it'),
        changed: trans.__('the copy’s')
    }[change.kind];
}

function leaveText(change: IChange, source: string, trans: ITrans): string {
    return change.kind === 'added' ? trans.__('leave it out') : trans.__('leave %1 as it is', source);
}

function Text(props: { title?: string; before: string; after: string }): React.JSX.Element {
    const { title, before, after } = props;
    const lines = React.useMemo(() => linesOf(before, after), [before, after]);
    return (
        <div>
            {title ? <span className="gr-dim">{title}</span> : null}
            <pre className="gr-Diff" tabIndex={0}>
                {lines.map((line, at) => (
                    <span key={at} className={line.mark === 'same' ? undefined : `gr-mod-${line.mark}`}>
                        {{ same: '  ', added: '+ ', removed: '− ' }[line.mark]}
                        {line.text}
                        {'\n'}
                    </span>
                ))}
            </pre>
        </div>
    );
}
