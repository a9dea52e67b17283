import type { IDisposable } from '@lumino/disposable';

import type { IPanelApi } from '../api/panels';
import { ProblemError } from '../api/problem';
import type { RunDetail } from '../api/wire';
import { type IAsk, type IConsent, planOf } from './panelAsks';
import type { Connection } from './connection';
import type { ITrans } from './translation';

/** What this page says to a kernel's panels. */
export type Said =
    | { readonly type: 'hello'; readonly page: string }
    | { readonly type: 'message'; readonly message: unknown }
    | { readonly type: 'taken'; readonly id: string }
    | { readonly type: 'answer'; readonly id: string; readonly text: string }
    | { readonly type: 'problem'; readonly id: string; readonly problem: unknown };

/** What they say. `settled`: another page was faster. */
export type Heard = ({ readonly type: 'ask' } & IAsk) | { readonly type: 'settled'; readonly id: string };

/** Asks a person whether this is to be done; `signal` takes the question back. */
export type Agree = (consent: IConsent, signal: AbortSignal) => Promise<boolean>;

/** One kernel's panels: what they ask is done here, by the login of who looks at this page and agrees. */
export class PanelComm implements IDisposable {
    private readonly asked = new Map<string, AbortController>();
    private _isDisposed = false;

    constructor(
        private readonly say: (said: Said) => void,
        private readonly notebook: () => string,
        private readonly api: IPanelApi,
        private readonly connection: Connection,
        private readonly agree: Agree,
        private readonly trans: ITrans
    ) {
        say({ type: 'hello', page: Math.random().toString(36).slice(2) });
        connection.changed.connect(this.tellState, this);
        connection.refreshed.connect(this.tellReset, this);
        connection.happened.connect(this.tellEvent, this);
        this.tellState();
    }

    get isDisposed(): boolean {
        return this._isDisposed;
    }

    dispose(): void {
        this._isDisposed = true;
        this.connection.changed.disconnect(this.tellState, this);
        this.connection.refreshed.disconnect(this.tellReset, this);
        this.connection.happened.disconnect(this.tellEvent, this);
        for (const one of this.asked.values()) {
            one.abort();
        }
    }

    async hear(heard: Heard): Promise<void> {
        if (heard.type === 'settled') {
            this.asked.get(heard.id)?.abort();
            return;
        }
        const { id } = heard;
        const ending = new AbortController();
        this.asked.set(id, ending);
        try {
            const text = await this.done(heard, ending.signal);
            if (text !== null && !this._isDisposed) {
                this.say({ type: 'answer', id, text });
            }
        } catch (error) {
            if (!this._isDisposed) {
                this.say({ type: 'problem', id, problem: problemFrom(error) });
            }
        } finally {
            this.asked.delete(id);
        }
    }

    /** Null where another page does it. */
    private async done(ask: IAsk, signal: AbortSignal): Promise<string | null> {
        const plan = planOf(ask, this.notebook(), this.trans);
        if (plan === null) {
            throw refused(this.trans.__('%1 %2 is not done for a panel', ask.method, ask.path));
        }
        if (plan.consent !== null) {
            const agreed = await this.agree(await this.named(plan.path, plan.consent), signal);
            if (signal.aborted) {
                return null;
            }
            this.say({ type: 'taken', id: ask.id });
            if (!agreed) {
                throw refused(this.trans.__('You did not agree: %1', plan.consent.what));
            }
        }
        return this.api.ask(plan.method, plan.path, plan.body);
    }

    /** A run by its name, which people know it by: a kernel has only said which id it means. */
    private async named(path: string, consent: IConsent): Promise<IConsent> {
        const id = /^api\/runs\/([^/]+)/.exec(path)?.[1];
        if (id === undefined) {
            return consent;
        }
        const found = JSON.parse(await this.api.ask('GET', `api/runs/${id}`)) as RunDetail;
        return { ...consent, what: consent.what.replace(decodeURIComponent(id), () => found.run.name) };
    }

    private tellState(): void {
        const { state } = this.connection;
        const known = state.state === 'lacking' ? { ...state, state: 'away' } : state;
        this.say({ type: 'message', message: { type: 'state', ...known } });
    }

    private tellReset(): void {
        this.say({ type: 'message', message: { type: 'reset' } });
    }

    private tellEvent(_: Connection, event: unknown): void {
        this.say({ type: 'message', message: { type: 'event', event } });
    }
}

function refused(detail: string): ProblemError {
    return new ProblemError({
        type: 'urn:gristmill:error:forbidden',
        title: 'Not allowed',
        status: 403,
        detail,
        code: 'forbidden',
        faults: []
    });
}

function problemFrom(error: unknown): unknown {
    const { status, code, hint, faults } =
        error instanceof ProblemError ? error : { status: 500, code: 'internal', hint: null, faults: [] };
    const detail = error instanceof Error ? error.message : String(error);
    return { type: `urn:gristmill:error:${code}`, title: '', status, code, detail, hint, faults };
}
