import * as React from 'react';

import type { Endpoint } from '../api/wire';
import { ENDPOINT_ICONS } from '../icons';
import { type IProgress, type Look, STEPS, type Step, lookOf } from '../models/endpoints';
import type { IRates } from '../models/traffic';
import { milliseconds, perSecond } from '../models/traffic';
import type { TranslationBundle } from '@jupyterlab/translation';
import { sentence } from './common';

export function lookWord(look: Look, trans: TranslationBundle): string {
    const words: Record<Look, string> = {
        waiting: trans.__('waiting'),
        starting: trans.__('starting'),
        ready: trans.__('ready'),
        failed: trans.__('failed'),
        stopped: trans.__('stopped')
    };
    return words[look];
}

/** The one look of an endpoint's state: icon, word, colour. */
export function EndpointState(props: {
    endpoint: Endpoint;
    trans: TranslationBundle;
    quiet?: boolean;
}): React.JSX.Element {
    const { endpoint, trans, quiet } = props;
    const look = lookOf(endpoint);
    const Icon = ENDPOINT_ICONS[look];
    const word = lookWord(look, trans);
    return (
        <span className={`gr-State gr-mod-${look}`} title={word}>
            <Icon.react tag="span" className="gr-State-icon" aria-hidden="true" />
            <span className={quiet ? 'gr-hidden' : undefined}>{word}</span>
        </span>
    );
}

/** starting ─ loading ─ ready, and what is in the way. */
export function Progress(props: { progress: IProgress; trans: TranslationBundle }): React.JSX.Element {
    const { progress, trans } = props;
    const words: Record<Step, string> = {
        starting: trans.__('starting'),
        loading: trans.__('loading'),
        ready: trans.__('ready')
    };
    const at = STEPS.indexOf(progress.step);
    return (
        <div className="gr-Progress" role="status">
            <ol>
                {STEPS.map((step, place) => (
                    <li
                        key={step}
                        className={
                            place < at || progress.step === 'ready'
                                ? 'gr-mod-done'
                                : place === at
                                  ? progress.failed
                                      ? 'gr-mod-failed'
                                      : 'gr-mod-now'
                                  : ''
                        }
                        aria-current={place === at ? 'step' : undefined}
                    >
                        {place === at && progress.failed ? trans.__('failed') : words[step]}
                    </li>
                ))}
            </ol>
            {progress.said && !progress.failed ? (
                <span className="gr-dim">
                    {progress.said}
                    {progress.hint ? `. ${sentence(progress.hint)}` : ''}
                </span>
            ) : null}
        </div>
    );
}

/** `412/s · p50 2.1 ms · p99 6.1 ms · 0 errors`; what is not known is left out. */
export function trafficText(rates: IRates, trans: TranslationBundle): string {
    if (!rates.last) {
        return rates.fault ? trans.__('does not say what it answers') : '';
    }
    const { perSecond: rate, p50, p99 } = rates;
    const errors = errorsText(rates, trans);
    return [
        rate === null ? '' : rate === 0 ? trans.__('idle') : perSecond(rate),
        rates.failed > 0 ? errors : '', // never what is cut off
        p50 === null ? '' : trans.__('p50 %1', milliseconds(p50)),
        p99 === null ? '' : trans.__('p99 %1', milliseconds(p99)),
        rates.failed > 0 ? '' : errors
    ]
        .filter(Boolean)
        .join(' · ');
}

export function errorsText(rates: IRates, trans: TranslationBundle): string {
    return trans._n('%1 error', '%1 errors', rates.failed);
}
