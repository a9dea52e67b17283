import type { Event } from '../api/wire';
import type { Blobs, IBlob } from './blobs';

const LIMIT = 2_000_000; // characters that are shown; a longer log is cut at its beginning

/** What a run's last attempt printed. Pieces are told of by events and fetched together. */
export class RunLog {
    private waiting: IBlob[] = [];
    private _text = '';
    private _cut = false;

    get text(): string {
        return this._text;
    }

    /** Whether its beginning is not here, because it is long. */
    get cut(): boolean {
        return this._cut;
    }

    /** What was printed before is another attempt's. */
    reset(): void {
        this.waiting = [];
        this._text = '';
        this._cut = false;
    }

    take(event: Event): void {
        const { digest, size } = event.data ?? {};
        if (typeof digest === 'string') {
            this.waiting.push({ digest, size: typeof size === 'number' ? size : null });
        }
    }

    /** Fetches what is lacking; of a very long log only its end. What fails is asked for again the next time. */
    async fetch(blobs: Blobs): Promise<void> {
        const known = this.waiting.length;
        const wanted = this.newest();
        if (wanted.length === 0) {
            return;
        }
        const texts = await blobs.texts(wanted);
        this.waiting.splice(0, known); // what was told meanwhile is for the next time
        const whole = this._text + wanted.map(blob => texts.get(blob.digest) ?? '').join('');
        this._cut = this._cut || whole.length > LIMIT;
        this._text = whole.slice(-LIMIT);
    }

    private newest(): readonly IBlob[] {
        let room = LIMIT;
        let at = this.waiting.length;
        while (at > 0 && room > 0) {
            at -= 1;
            room -= this.waiting[at]?.size ?? 0;
        }
        if (at > 0) {
            this._cut = true;
            this._text = '';
        }
        return this.waiting.slice(at);
    }
}
