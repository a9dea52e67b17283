import { ProblemError } from '../api/problem';
import { type Message, MessageReader } from '../api/stream';
import { Connection } from './connection';
import { event, settled } from './made';

const since = '2026-03-01T12:00:00Z';
const ready: Message = { type: 'state', state: 'ready', since, unisolated: false };

/** Streams, one after the other; each ends where its messages do. */
function connected(...streams: (Message[] | Error)[]): { connection: Connection; log: string[] } {
    const log: string[] = [];
    const left = [...streams];
    const connection = new Connection(
        async function (signal) {
            const next = left.shift();
            if (next instanceof Error) {
                throw next;
            }
            await Promise.resolve();
            return (async function* () {
                yield* next ?? [];
                if (left.length === 0) {
                    await new Promise(resolve => {
                        signal.addEventListener('abort', resolve);
                    });
                }
            })();
        },
        () => new Date(since),
        () => Promise.resolve()
    );
    connection.changed.connect((_, state) => {
        log.push(state.state);
    });
    connection.refreshed.connect(() => {
        log.push('refresh');
    });
    connection.happened.connect((_, { kind }) => {
        log.push(kind);
    });
    return { connection, log };
}

test('what is shown is asked for as soon as nothing can be missed, before the first event', async () => {
    const { connection, log } = connected([ready, { type: 'event', event: event('run.started') }]);
    await settled();
    expect(log).toEqual(['ready', 'refresh', 'run.started']);
    connection.dispose();
});

test('a broken stream is told of, and all is asked anew when it is back', async () => {
    const { connection, log } = connected([ready], new TypeError('network'), [ready]);
    await settled();
    await settled();
    expect(log).toEqual(['ready', 'refresh', 'away', 'away', 'ready', 'refresh']);
    connection.dispose();
});

test('a server that says that something was missed is believed', async () => {
    const { connection, log } = connected([ready, { type: 'reset' }]);
    await settled();
    expect(log).toEqual(['ready', 'refresh', 'refresh']);
    connection.dispose();
});

test('a server without its half is told apart from one that is away', async () => {
    const none = { type: '', title: '', status: 404, detail: 'Not Found', code: 'lacking', faults: [] };
    const { connection, log } = connected(new ProblemError(none), []);
    await settled();
    expect(log[0]).toBe('lacking');
    connection.dispose();
});

test('messages are read across the pieces that they come in', () => {
    const reader = new MessageReader();
    expect(reader.feed(': alive\n\nda')).toEqual([]);
    expect(reader.feed('ta: {"type":"reset"}\n')).toEqual([]);
    expect(reader.feed('\ndata: {"type":"reset"}\n\n')).toEqual([{ type: 'reset' }, { type: 'reset' }]);
});

it('says that people are not kept apart as long as it is so', async () => {
    const { connection } = connected([{ type: 'state', state: 'ready', since, unisolated: true }]);
    await settled();
    expect(connection.state).toMatchObject({ state: 'ready', unisolated: true });
    connection.dispose();
});
