import { caretDownIcon, ellipsesIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { Run } from '../api/wire';
import { baseName, duration, elapsed, mainMetric, metric } from '../models/quantities';
import { isOver, runLook } from '../models/runEvents';
import type { ITrans } from '../models/translation';
import { State, progressText, useNow } from './common';
import { Press } from './press';
import type { IRunActions } from './runActions';

/** State, name, what came of it, and what can be done. */
export function RunHead(props: { run: Run; actions: IRunActions; trans: ITrans }): React.JSX.Element {
    const { run, actions, trans } = props;
    const over = isOver(run);
    const now = useNow(!over);
    const seconds = elapsed(run, now);
    const main = mainMetric(run);
    const facts = [
        over ? '' : progressText(run, trans),
        seconds === null ? '' : duration(seconds),
        main ? `${main[0]} ${metric(main[1])}` : ''
    ];
    return (
        <header className="gr-Page-head">
            <h1>
                <State state={runLook(run)} trans={trans} /> {run.name}
            </h1>
            <span className="gr-Page-facts" title={run.notebook}>
                {[baseName(run.notebook), ...facts].filter(Boolean).join(' · ')}
            </span>
            <span className="gr-Page-buttons">
                <Buttons run={run} actions={actions} trans={trans} over={over} />
            </span>
        </header>
    );
}

function Buttons(props: { run: Run; actions: IRunActions; trans: ITrans; over: boolean }): React.JSX.Element {
    const { run, actions, trans, over } = props;
    const { compare, register, deploy } = actions;
    return (
        <>
            {run.state === 'queued' && run.waiting ? (
                <Button label={trans.__('Start anyway')} run={run} onClick={actions.startAnyway} />
            ) : null}
            {over ? null : (
                <Button
                    label={run.cancel_requested ? trans.__('Stopping …') : trans.__('Cancel run')}
                    run={run}
                    disabled={run.cancel_requested}
                    onClick={actions.cancel}
                />
            )}
            {register && run.state === 'succeeded' && run.models.length > 0 ? (
                <Button label={trans.__('Register…')} run={run} onClick={register} />
            ) : null}
            {deploy && run.state === 'succeeded' && run.models.length === 1 ? (
                <Button label={trans.__('Deploy…')} run={run} onClick={deploy} />
            ) : null}
            <Button
                label={
                    typeof run.fault?.cell === 'number'
                        ? trans.__('Open source at this cell')
                        : trans.__('Open notebook')
                }
                run={run}
                onClick={actions.openSource}
            />
            <Button label={trans.__('Run once more')} run={run} onClick={actions.rerun} />
            <Button label={trans.__('Edit and run again…')} run={run} onClick={actions.editAndRerun} />
            {compare ? (
                <button
                    className="jp-mod-styled"
                    aria-haspopup="menu"
                    onClick={event => {
                        compare(run, event.currentTarget);
                    }}
                >
                    {trans.__('Compare with')}
                    <caretDownIcon.react tag="span" className="gr-ButtonIcon" />
                </button>
            ) : null}
            {over ? <Button label={trans.__('Delete…')} run={run} onClick={actions.delete} /> : null}
            <button
                className="jp-mod-styled gr-Page-more"
                aria-haspopup="menu"
                aria-label={trans.__('More')}
                title={trans.__('Downloads and more')}
                onClick={event => {
                    actions.more(run, event.currentTarget);
                }}
            >
                <ellipsesIcon.react tag="span" className="gr-ButtonIcon" />
                <caretDownIcon.react tag="span" className="gr-ButtonIcon" />
            </button>
        </>
    );
}

export function Button(props: {
    label: string;
    run: Run;
    disabled?: boolean;
    accept?: boolean;
    onClick: (run: Run) => void;
}): React.JSX.Element {
    return (
        <Press
            className={`jp-mod-styled${props.accept ? ' jp-mod-accept' : ''}`}
            off={props.disabled ?? false}
            onClick={() => {
                props.onClick(props.run);
            }}
        >
            {props.label}
        </Press>
    );
}
