import type { EventMessage, ResetMessage, StateMessage } from './wire';

export type Message = StateMessage | EventMessage | ResetMessage;

/** Takes server-sent events (WHATWG HTML, section 9.2.6) apart, fed with text as it comes. */
export class MessageReader {
    private rest = '';

    feed(text: string): Message[] {
        const blocks = (this.rest + text).split('\n\n');
        this.rest = blocks.pop() ?? '';
        return blocks.flatMap(block => {
            const data = block
                .split('\n')
                .filter(line => line.startsWith('data:'))
                .map(line => line.slice(5));
            return data.length > 0 ? [JSON.parse(data.join('\n')) as Message] : [];
        });
    }
}

/** The messages of a stream's bytes; ends where the stream ends. */
export async function* messages(body: ReadableStream<Uint8Array>): AsyncGenerator<Message> {
    const reader = body.getReader();
    const decoder = new TextDecoder();
    const parts = new MessageReader();
    try {
        for (;;) {
            const { done, value } = await reader.read();
            if (done) {
                return;
            }
            yield* parts.feed(decoder.decode(value, { stream: true }));
        }
    } finally {
        reader.releaseLock();
    }
}
