import * as React from 'react';

import { ProblemError } from '../api/problem';
import type { Run } from '../api/wire';
import { STATE_ICONS } from '../icons';
import type { RunLook } from '../models/runEvents';
import type { ITrans } from '../models/translation';

export function stateWord(state: RunLook, trans: ITrans): string {
    const words: Record<RunLook, string> = {
        queued: trans.__('queued'),
        waiting: trans.__('waiting'),
        starting: trans.__('starting'),
        running: trans.__('running'),
        succeeded: trans.__('succeeded'),
        failed: trans.__('failed'),
        cancelled: trans.__('cancelled')
    };
    return words[state];
}

/** The one look of a state: icon, word, colour; `quiet` leaves the word to screen readers. */
export function State(props: { state: RunLook; trans: ITrans; quiet?: boolean }): React.JSX.Element {
    const { state, trans, quiet } = props;
    const Icon = STATE_ICONS[state];
    const word = stateWord(state, trans);
    return (
        <span className={`gr-State gr-mod-${state}`} title={word}>
            <Icon.react tag="span" className="gr-State-icon" aria-hidden="true" />
            <span className={quiet ? 'gr-hidden' : undefined}>{word}</span>
        </span>
    );
}

/** What went wrong, why, and what to do. */
export function Problem(props: {
    problem: unknown;
    trans: ITrans;
    title?: string;
    children?: React.ReactNode;
}): React.JSX.Element {
    const { problem, trans } = props;
    const { message, hint } = told(problem, trans);
    return (
        <div className="gr-Problem" role="alert">
            <strong>{props.title ?? trans.__('This did not work')}</strong>
            <div>{sentence(message)}</div>
            {hint ? <div className="gr-hint">{sentence(hint)}</div> : null}
            {props.children}
        </div>
    );
}

/** What servers say stands as they say it; what only this page can know is said in its language. */
export function told(problem: unknown, trans: ITrans): { message: string; hint: string | null } {
    if (!(problem instanceof ProblemError)) {
        return { message: problem instanceof Error ? problem.message : String(problem), hint: null };
    }
    switch (problem.code) {
        case 'lacking':
            return {
                message: trans.__('This Jupyter server lacks its half of Gristmill'),
                hint: trans.__('Install gristmill[lab] where the server runs, then restart it.')
            };
        case 'silent':
            return {
                message: trans.__('This Jupyter server does not answer'),
                hint: trans.__('Is it still running? What is typed here stays.')
            };
        default:
            return { message: problem.message, hint: problem.hint };
    }
}

export function sentence(text: string): string {
    const first = text.charAt(0).toUpperCase() + text.slice(1);
    return /[.!?…:)`]$/.test(first) ? first : `${first}.`;
}

/** Shown after 0.3 s only: what is there sooner needs no announcement. */
export function Loading(props: { text: string }): React.JSX.Element {
    return (
        <div className="gr-Loading" role="status">
            {props.text}
        </div>
    );
}

/** The time, told anew every second as long as `ticking`. */
export function useNow(ticking: boolean): Date {
    const [now, setNow] = React.useState(() => new Date());
    React.useEffect(() => {
        const timer = setInterval(
            () => {
                setNow(new Date());
            },
            ticking ? 1000 : 30_000
        );
        return () => {
            clearInterval(timer);
        };
    }, [ticking]);
    return ticking ? new Date(Math.max(now.getTime(), Date.now())) : now;
}

/** `cell 7/20`, or what it waits for; empty where the state says it all. */
export function progressText(run: Run, trans: ITrans): string {
    const progress = run.attempt?.progress;
    if (run.cancel_requested && !progress?.cells) {
        return trans.__('stopping');
    }
    const waiting = run.waiting ?? run.attempt?.waiting;
    if (waiting || !progress?.cells || run.state === 'queued') {
        return waiting ?? '';
    }
    const cell = trans.__('cell %1/%2', progress.cell, progress.cells);
    return run.cancel_requested ? trans.__('stopping at %1', cell) : cell;
}

/** Why a run failed, in one line. */
export function faultLine(run: Run, trans: ITrans): string {
    const fault = run.fault;
    if (!fault) {
        return trans.__('failed');
    }
    const first = fault.message.split('\n')[0] ?? '';
    return first || trans.__('failed');
}

/** Without the colours that a terminal would show. */
export function plain(text: string): string {
    return text.replace(/\u001b\[[0-9;]*m/g, '');
}
