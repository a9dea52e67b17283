import { type IChannel, type Hold, SharedStream } from './shared';
import type { Message } from './stream';

const READY: Message = { type: 'state', state: 'ready', since: '2026-11-23T09:00:00Z', unisolated: false };
const RESET: Message = { type: 'reset' };

function event(seq: number): Message {
    return {
        type: 'event',
        event: { seq, project_id: 'default', time: '', kind: 'run.started', subject: 'run_1', data: {} }
    };
}

/** All tabs of one browser: their channel, and the lock of which one tab has it at a time. */
class Browser {
    private readonly heard = new Map<IChannel, (event: MessageEvent<unknown>) => void>();
    private readonly line: { signal: AbortSignal; granted: () => Promise<void>; gone: () => void }[] = [];
    private taken = false;

    channel(): IChannel {
        const mine: IChannel = {
            addEventListener: (_, listener) => {
                this.heard.set(mine, listener);
            },
            postMessage: said => {
                for (const [other, listener] of this.heard) {
                    if (other !== mine) {
                        void Promise.resolve().then(() => {
                            listener({ data: said } as MessageEvent<unknown>);
                        });
                    }
                }
            }
        };
        return mine;
    }

    readonly hold: Hold = (_, signal, granted) =>
        new Promise<void>((resolve, reject) => {
            const asked = { signal, granted, gone: resolve };
            this.line.push(asked);
            signal.addEventListener('abort', () => {
                if (this.line.includes(asked)) {
                    this.line.splice(this.line.indexOf(asked), 1);
                    reject(new Error('aborted'));
                }
            });
            this.next();
        });

    private next(): void {
        const first = this.taken ? undefined : this.line.shift();
        if (first) {
            this.taken = true;
            void first.granted().then(() => {
                this.taken = false;
                first.gone();
                this.next();
            });
        }
    }
}

/** What the server sends to one tab, as long as that one reads. */
class Upstream {
    opened = 0;
    private put: ((message: Message | Error) => void) | null = null;

    readonly open = (signal: AbortSignal): Promise<AsyncIterable<Message>> => {
        this.opened += 1;
        return Promise.resolve(this.read(signal));
    };

    send(message: Message | Error): void {
        this.put?.(message);
    }

    private async *read(signal: AbortSignal): AsyncGenerator<Message> {
        yield READY;
        while (!signal.aborted) {
            const said = await new Promise<Message | Error | null>(resolve => {
                this.put = resolve;
                signal.addEventListener('abort', () => {
                    resolve(null);
                });
            });
            if (said instanceof Error) {
                throw said;
            }
            if (said) {
                yield said;
            }
        }
    }
}

class Tab {
    readonly upstream = new Upstream();
    readonly seen: Message[] = [];
    readonly closing = new AbortController();
    private readonly stream: SharedStream;
    failed: unknown = null;

    constructor(browser: Browser) {
        this.stream = new SharedStream(this.upstream.open, browser.channel(), browser.hold, 'events');
        void this.listen();
    }

    async listen(): Promise<void> {
        try {
            for await (const message of await this.stream.open(this.closing.signal)) {
                this.seen.push(message);
            }
        } catch (error) {
            this.failed = error;
        }
    }
}

async function settled(): Promise<void> {
    for (let turn = 0; turn < 50; turn += 1) {
        await Promise.resolve();
    }
}

test('one tab reads the stream, and all hear what it says', async () => {
    const browser = new Browser();
    const tabs = [new Tab(browser), new Tab(browser), new Tab(browser)];
    await settled();
    expect(tabs.map(tab => tab.upstream.opened)).toEqual([1, 0, 0]);
    tabs[0]?.upstream.send(event(1));
    await settled();
    for (const tab of tabs) {
        expect(tab.seen).toEqual([READY, event(1)]);
    }
});

test('a tab that comes late is told the state, and nobody else is told it again', async () => {
    const browser = new Browser();
    const first = new Tab(browser);
    await settled();
    const late = new Tab(browser);
    await settled();
    expect(late.seen).toEqual([READY]);
    expect(first.seen).toEqual([READY]);
});

test('where the tab that reads is closed the next one reads, and all ask anew', async () => {
    const browser = new Browser();
    const [first, second, third] = [new Tab(browser), new Tab(browser), new Tab(browser)];
    await settled();
    first.closing.abort();
    await settled();
    expect([second.upstream.opened, third.upstream.opened]).toEqual([1, 0]);
    expect(second.seen).toEqual([READY, READY, RESET]);
    expect(third.seen).toEqual([READY, READY, RESET]);
    second.upstream.send(event(2));
    await settled();
    expect(third.seen.at(-1)).toEqual(event(2));
    expect(first.seen).toEqual([READY]);
});

test('a tab whose stream breaks, as one of an earlier server’s, stands back for the next', async () => {
    const browser = new Browser();
    const [stale, fresh] = [new Tab(browser), new Tab(browser)];
    await settled();
    stale.upstream.send(new Error('Forbidden'));
    await settled();
    expect(stale.failed).toEqual(new Error('Forbidden'));
    expect(fresh.upstream.opened).toBe(1);
    void stale.listen();
    await settled();
    expect(stale.seen.at(-1)).toEqual(READY);
    expect(stale.upstream.opened).toBe(1);
});
