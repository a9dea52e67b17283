import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import { ProblemError } from '../api/problem';
import type { Message } from '../api/stream';
import type { Event, StateMessage } from '../api/wire';

export type State =
    | (Pick<StateMessage, 'state' | 'since' | 'message' | 'hint'> &
          Partial<Pick<StateMessage, 'unisolated'>> &
          IOwn)
    | ILackingState;

/** What this page says itself, by its code, is said in the reader's language. */
interface IOwn {
    readonly code?: string;
}

/** This server has no half of this extension: nothing that is shown can work. */
export interface ILackingState {
    readonly state: 'lacking';
    readonly since: string;
    readonly message: string;
    readonly hint?: string | null;
}

/** How the stream's bytes become messages; a test puts in its own. */
export type Open = (signal: AbortSignal) => Promise<AsyncIterable<Message>>;

const RETRY = 500; // ms
const LONGEST_RETRY = 10_000;

/**
 * The one stream of this page. `refreshed` says that what is shown is to be asked for anew: at the beginning, and
 * whenever something may have been missed. An event after that is missed by nobody.
 */
export class Connection implements IDisposable {
    private readonly _changed = new Signal<this, State>(this);
    private readonly _refreshed = new Signal<this, void>(this);
    private readonly _happened = new Signal<this, Event>(this);
    private readonly ending = new AbortController();
    private _state: State;

    constructor(
        private readonly open: Open,
        private readonly now: () => Date = () => new Date(),
        private readonly wait: (ms: number, signal: AbortSignal) => Promise<void> = pause
    ) {
        this._state = { state: 'starting', since: now().toISOString() };
        void this.read();
    }

    get state(): State {
        return this._state;
    }

    get changed(): ISignal<this, State> {
        return this._changed;
    }

    get refreshed(): ISignal<this, void> {
        return this._refreshed;
    }

    get happened(): ISignal<this, Event> {
        return this._happened;
    }

    get isDisposed(): boolean {
        return this.ending.signal.aborted;
    }

    dispose(): void {
        this.ending.abort();
        Signal.clearData(this);
    }

    private async read(): Promise<void> {
        let retry = RETRY;
        while (!this.isDisposed) {
            try {
                for await (const message of await this.open(this.ending.signal)) {
                    retry = RETRY;
                    this.take(message);
                }
                this.become({
                    state: 'away',
                    since: this.now().toISOString(),
                    message: 'the connection was closed',
                    code: 'closed'
                });
            } catch (error) {
                this.become(this.stateOf(error));
            }
            await this.wait(retry, this.ending.signal);
            retry = Math.min(retry * 2, LONGEST_RETRY);
        }
    }

    private take(message: Message): void {
        if (message.type === 'state') {
            const wasReady = this._state.state === 'ready';
            this.become(message);
            if (message.state === 'ready' && !wasReady) {
                this._refreshed.emit();
            }
        } else if (message.type === 'reset') {
            this._refreshed.emit();
        } else {
            this._happened.emit(message.event);
        }
    }

    private stateOf(error: unknown): State {
        const message = error instanceof Error ? error.message : String(error);
        const since = this.now().toISOString();
        if (error instanceof ProblemError && error.code === 'lacking') {
            return { state: 'lacking', since, message };
        }
        return error instanceof ProblemError
            ? { state: 'away', since, message, hint: error.hint, code: error.code }
            : { state: 'away', since, message };
    }

    private become(state: State): void {
        if (this.isDisposed) {
            return;
        }
        const since = this._state.state === state.state ? this._state.since : state.since;
        this._state = { ...state, since };
        this._changed.emit(this._state);
    }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise(resolve => {
        const timer = setTimeout(resolve, ms);
        signal.addEventListener('abort', () => {
            clearTimeout(timer);
            resolve();
        });
    });
}
