import { UseSignal } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { Answers, ModelVersion, TryOut, VariantStatus } from '../api/wire';
import type { DeployForm } from '../models/deployForm';
import { phaseText } from '../models/endpoints';
import { milliseconds } from '../models/traffic';
import type { ITrans } from '../models/translation';
import { Problem, sentence } from './common';
import { Holders, type IKept } from './formHolders';

interface ITryOutProps extends IKept {
    readonly form: DeployForm;
    readonly trans: ITrans;
}

const LONG = 400; // characters of an answer that are shown in the line itself

/** The version, loaded and asked its input example before it goes live: request, answer, latency, warnings. */
export function TryOutView(props: ITryOutProps): React.JSX.Element {
    const { form, trans } = props;
    return (
        <section className="gr-TryOut" aria-label={trans.__('Try-out')}>
            <UseSignal signal={form.tryOut.changed}>{() => <Now {...props} />}</UseSignal>
        </section>
    );
}

function Now(props: ITryOutProps): React.JSX.Element {
    const { form, trans } = props;
    const { last, busy, problem } = form.tryOut;
    const again = (
        <button
            type="button"
            className="jp-mod-styled"
            onClick={() => {
                void form.tryAgain();
            }}
        >
            {trans.__('Try again')}
        </button>
    );
    if (busy) {
        return (
            <>
                <p role="status">
                    {last?.waiting ? sentence(last.waiting) : phaseOf(last, trans)}{' '}
                    <button
                        type="button"
                        className="jp-mod-styled"
                        title={trans.__('The endpoint itself tries the model before it goes live')}
                        onClick={() => {
                            form.skip();
                        }}
                    >
                        {trans.__('Skip the try-out')}
                    </button>
                </p>
                <Holders
                    waits={Boolean(last?.waiting)}
                    waiting={null}
                    trans={trans}
                    kept={props.kept}
                    onEnd={props.onEnd}
                />
            </>
        );
    }
    if (problem) {
        return (
            <Problem problem={problem} trans={trans} title={trans.__('It could not be tried out')}>
                {again}
            </Problem>
        );
    }
    if (!last) {
        return (
            <p className="gr-dim">
                {trans.__('It is tried by its endpoint, before that goes live.')} {again}
            </p>
        );
    }
    if (last.state === 'failed' || !last.status) {
        return (
            <Problem
                problem={last.message ?? trans.__('it ended without a word')}
                trans={trans}
                title={trans.__('The model cannot be served as it is')}
            >
                {last.hint ? <p className="gr-hint">{sentence(last.hint)}</p> : null}
                {again}
            </Problem>
        );
    }
    return (
        <Outcome {...props} tried={last} status={last.status}>
            {again}
        </Outcome>
    );
}

function phaseOf(last: TryOut | null, trans: ITrans): string {
    return last?.phase
        ? trans.__('Trying it out: %1 …', phaseText(last.phase, trans))
        : trans.__('Trying it out …');
}

function Outcome(
    props: ITryOutProps & { tried: TryOut; status: VariantStatus; children: React.ReactNode }
): React.JSX.Element {
    const { form, tried, status, trans, children } = props;
    const said = [
        typeof status.load_s === 'number'
            ? trans.__('loaded in %1', milliseconds(status.load_s))
            : trans.__('loaded'),
        status.tier,
        typeof status.answer_ms === 'number'
            ? trans.__('answered in %1', milliseconds(status.answer_ms / 1000))
            : null
    ];
    return (
        <>
            <p className="gr-TryOut-said">
                <span className="gr-State gr-mod-ready" aria-hidden="true">
                    ✓
                </span>{' '}
                {said.filter(Boolean).join(' · ')}{' '}
                <span className="gr-dim">{trans.__('on %1', tried.profile)}</span> {children}
            </p>
            {status.answers ? (
                <AnswerChoice {...props} logged={status.answers} />
            ) : status.answer === null || status.answer === undefined ? null : (
                <Answer value={status.answer} label={trans.__('answer')} trans={trans} />
            )}
            <Request version={form.version} trans={trans} />
            {status.notes.length > 0 ? (
                <ul className="gr-warn" aria-label={trans.__('Warnings')}>
                    {status.notes.map(note => (
                        <li key={note}>{sentence(note)}</li>
                    ))}
                    {form.version?.suggestion ? <li>{sentence(form.version.suggestion)}</li> : null}
                </ul>
            ) : null}
        </>
    );
}

/** Labels or probabilities, each with what it answered to the example. */
function AnswerChoice(props: ITryOutProps & { status: VariantStatus; logged: Answers }): React.JSX.Element {
    const { form, status, logged, trans } = props;
    const group = React.useId();
    const words: Record<Answers, string> = {
        labels: trans.__('labels'),
        probabilities: trans.__('probabilities')
    };
    return (
        <div role="radiogroup" aria-label={trans.__('Answers with')} className="gr-AnswerChoice">
            {(['labels', 'probabilities'] as const).map(answers => (
                <label key={answers}>
                    <input
                        type="radio"
                        name={group}
                        checked={form.answers === answers}
                        onChange={() => {
                            form.answerWith(answers);
                        }}
                    />
                    <span>{words[answers]}</span>
                    <code>{short(answers === logged ? status.answer : status.other_answer)}</code>
                </label>
            ))}
        </div>
    );
}

function Answer(props: { value: unknown; label: string; trans: ITrans }): React.JSX.Element {
    const { value, label } = props;
    return (
        <p>
            {label} <code>{short(value)}</code>
        </p>
    );
}

function Request({
    version,
    trans
}: {
    version: ModelVersion | null;
    trans: ITrans;
}): React.JSX.Element | null {
    if (!version?.input_example) {
        return null;
    }
    return (
        <details>
            <summary>{trans.__('Request: its input example')}</summary>
            <pre className="gr-Json" tabIndex={0}>
                {JSON.stringify(version.input_example, null, 2)}
            </pre>
        </details>
    );
}

function short(value: unknown): string {
    const text = JSON.stringify(value, (_, one: unknown) =>
        typeof one === 'number' && !Number.isInteger(one) ? Number(one.toPrecision(4)) : one
    );
    return text.length > LONG ? `${text.slice(0, LONG)} …` : text;
}
