import type { Message } from './stream';

/** What `BroadcastChannel` is to us; a test puts in its own. */
export interface IChannel {
    postMessage(said: unknown): void;
    addEventListener(type: 'message', listener: (event: MessageEvent<unknown>) => void): void;
}

/** What `navigator.locks` is to us: `granted` is called once nobody else holds the name, which is held till it ends. */
export type Hold = (name: string, signal: AbortSignal, granted: () => Promise<void>) => Promise<unknown>;

export type Open = (signal: AbortSignal) => Promise<AsyncIterable<Message>>;

/** What tabs say to each other: `hello` asks who reads the stream for the state, which goes `to` this tab alone. */
type Said =
    | { readonly kind: 'hello'; readonly from: string }
    | { readonly kind: 'message'; readonly message: Message; readonly to?: string };

/**
 * One stream of events for all tabs of a browser, which has six connections to a server in all: one tab reads it and
 * passes on what it reads. Where that tab is closed, or its stream breaks, the next in the line reads another one, and
 * all ask anew for what they show.
 */
export class SharedStream {
    private readonly me = Math.random().toString(36).slice(2);
    private readonly heard = new Heard<Message>();
    private state: Message | null = null; // the last that was read here; null: another tab reads
    private followed = false;

    constructor(
        private readonly upstream: Open,
        private readonly channel: IChannel,
        private readonly hold: Hold,
        private readonly name: string
    ) {
        channel.addEventListener('message', event => {
            this.hear(event.data as Said); // only tabs of this extension know the channel
        });
    }

    /** Messages that this tab or another one reads; ends, or throws, where the stream breaks that is read here. */
    readonly open: Open = signal => Promise.resolve(this.messages(signal));

    private async *messages(signal: AbortSignal): AsyncGenerator<Message> {
        const waiting = new AbortController();
        const end = (): void => {
            this.heard.end();
        };
        signal.addEventListener('abort', end);
        let release = end;
        const held = new Promise<void>(resolve => {
            release = resolve;
        });
        this.heard.begin();
        this.hold(this.name, waiting.signal, () => {
            this.heard.end();
            return held;
        }).catch((error: unknown) => {
            this.heard.fail(error);
        });
        try {
            this.say({ kind: 'hello', from: this.me });
            yield* this.heard.read();
            if (!signal.aborted) {
                yield* this.read(signal);
            }
        } finally {
            this.state = null;
            signal.removeEventListener('abort', end);
            waiting.abort();
            release();
        }
    }

    /** It is this tab's turn. */
    private async *read(signal: AbortSignal): AsyncGenerator<Message> {
        for await (const message of await this.upstream(signal)) {
            yield this.pass(message);
            if (message.type === 'state') {
                this.state = message;
                if (message.state === 'ready' && this.followed) {
                    this.followed = false; // what happened between the last tab's stream and this one is not known
                    yield this.pass({ type: 'reset' });
                }
            }
        }
    }

    private pass(message: Message): Message {
        this.say({ kind: 'message', message });
        return message;
    }

    private hear(said: Said): void {
        if (said.kind === 'hello') {
            if (this.state) {
                this.say({ kind: 'message', message: this.state, to: said.from });
            }
        } else if ((said.to ?? this.me) === this.me) {
            this.followed = true;
            this.heard.put(said.message);
        }
    }

    private say(said: Said): void {
        this.channel.postMessage(said);
    }
}

/** What is heard from another tab, until it is ended or has failed. */
class Heard<T> {
    private items: T[] = [];
    private ended = false;
    private failure: { readonly error: unknown } | null = null;
    private wake: () => void = nothing;

    /** What came before is about an earlier stream. */
    begin(): void {
        this.items = [];
        this.ended = false;
        this.failure = null;
    }

    put(item: T): void {
        if (!this.ended) {
            this.items.push(item);
            this.wake();
        }
    }

    fail(error: unknown): void {
        this.failure = { error };
        this.wake();
    }

    end(): void {
        this.ended = true;
        this.wake();
    }

    async *read(): AsyncGenerator<T> {
        for (;;) {
            yield* this.items.splice(0);
            if (this.failure) {
                throw this.failure.error;
            }
            if (this.ended) {
                return;
            }
            await new Promise<void>(resolve => {
                this.wake = resolve;
                if (this.items.length > 0 || this.ended) {
                    resolve();
                }
            });
            this.wake = nothing;
        }
    }
}

function nothing(): void {
    // Nobody waits.
}

/** One stream for the tabs of this browser; each its own where the browser keeps locks from this page. */
export function shared(upstream: Open, name: string): Open {
    const { locks } = navigator as { readonly locks?: LockManager };
    if (!locks || typeof BroadcastChannel === 'undefined') {
        return upstream; // no secure context: plain HTTP from another machine
    }
    const hold: Hold = (held, signal, granted) => locks.request(held, { signal }, granted);
    return new SharedStream(upstream, new BroadcastChannel(name), hold, name).open;
}
