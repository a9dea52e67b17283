import type { IModelsApi } from '../api/models';
import type { Endpoint, EndpointState, Event } from '../api/wire';
import type { Connection } from './connection';
import { Kept } from './kept';
import type { ITrans } from './translation';

/** The endpoints of this project, by name. */
export class Endpoints extends Kept<Endpoint> {
    constructor(
        private readonly api: Pick<IModelsApi, 'endpoints'>,
        connection: Pick<Connection, 'refreshed' | 'happened' | 'state'>
    ) {
        super(connection);
    }

    find(name: string): Endpoint | undefined {
        return this.all.find(endpoint => endpoint.name === name);
    }

    /** Those that serve this version, or are to. */
    serving(model: string, version: string): readonly Endpoint[] {
        return this.all.filter(endpoint =>
            endpoint.variants.some(one => one.model === model && one.version === version)
        );
    }

    /** Those whose name, target, state or model has every word of `text`. */
    matching(text: string): readonly Endpoint[] {
        const words = text.toLowerCase().split(/\s+/).filter(Boolean);
        return this.all.filter(endpoint => {
            const models = endpoint.variants.map(one => `${one.model}/${one.version}`);
            const said = [endpoint.name, endpoint.target, endpoint.state, ...models].join(' ').toLowerCase();
            return words.every(word => said.includes(word));
        });
    }

    /** One that was just deployed here need not wait for the stream. */
    add(endpoint: Endpoint): void {
        const others = this.all.filter(one => one.id !== endpoint.id);
        this.replace([...others, endpoint].sort((one, other) => one.name.localeCompare(other.name)));
    }

    remove(id: string): void {
        this.replace(this.all.filter(one => one.id !== id));
    }

    protected ask(): Promise<readonly Endpoint[]> {
        return this.api.endpoints();
    }

    protected isAbout(event: Event): boolean {
        return event.kind.startsWith('endpoint.');
    }
}

/** Where it is asked from elsewhere: by the gateway, which wants a key or a token of everybody; where it needs none, itself. */
export function askedAt({ gateway, open, url }: Pick<Endpoint, 'gateway' | 'open' | 'url'>): string {
    return open ? url : (gateway ?? url);
}

/** What changes with how it is called. Not its generation: a new API key makes one, while one copies with that key. */
export function calledAs(endpoint: Endpoint): string {
    const serves = endpoint.variants.map(one => `${one.model}/${one.version}`);
    return [askedAt(endpoint), endpoint.open ? 'open' : '', ...serves].join(' ');
}

export type Look = EndpointState | 'waiting';

/** What its state is called: one that has no capacity waits, whatever it served before. */
export function lookOf(endpoint: Endpoint): Look {
    return endpoint.waiting && endpoint.state !== 'ready' ? 'waiting' : endpoint.state;
}

export type Step = 'starting' | 'loading' | 'ready';
export const STEPS: readonly Step[] = ['starting', 'loading', 'ready'];

/** How far a generation is on its way; `failed` and `said` tell why it goes no further. */
export interface IProgress {
    readonly step: Step;
    readonly failed: boolean;
    readonly said: string;
    readonly hint: string | null;
}

/** What a phase, a wait or a failure comes to; the same for an endpoint's generation and a try-out. */
export function progressOf(endpoint: Endpoint, generation: number, trans: ITrans): IProgress {
    const seen = endpoint.observed;
    const hint = seen?.hint ?? null;
    const failed =
        (seen?.failed_generation ?? 0) >= generation ||
        (seen?.state === 'failed' && seen.generation >= generation);
    if (failed) {
        return { step: 'loading', failed, said: seen?.message ?? trans.__('it could not be started'), hint };
    }
    if (seen?.state === 'ready' && seen.generation >= generation) {
        return { step: 'ready', failed, said: '', hint: null };
    }
    if (endpoint.waiting) {
        return { step: 'starting', failed, said: endpoint.waiting, hint: null };
    }
    if (seen?.phase) {
        return { step: 'loading', failed, said: phaseText(seen.phase, trans), hint: null };
    }
    const trouble = seen?.state === 'starting' ? seen.message : null;
    return { step: 'starting', failed, said: trouble ?? '', hint: trouble ? hint : null };
}

export function phaseText(phase: 'downloading' | 'loading' | 'checking', trans: ITrans): string {
    const texts = {
        downloading: trans.__('downloading the model’s files'),
        loading: trans.__('loading the model'),
        checking: trans.__('checking its answer to the input example')
    };
    return texts[phase];
}

/** A name that an endpoint of this model may have: RFC 1123. */
export function endpointName(model: string): string {
    return model
        .toLowerCase()
        .replace(/[^a-z0-9]+/g, '-')
        .slice(0, 63)
        .replace(/^-+|-+$/g, '');
}

export function nameFault(name: string, trans: ITrans): string | null {
    return /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(name)
        ? null
        : trans.__(
              'expected 1 to 63 of a–z, 0–9 and “-”, not at the ends; for example %1',
              endpointName(name) || 'churn'
          );
}
