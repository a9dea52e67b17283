import type { Environment, ProfileStatus, RunOrder, Secret } from '../api/wire';

export interface ISecretChoice {
    readonly name: string;
    /** Whether the notebook asks for it by name. */
    readonly asked: boolean;
    readonly stored: boolean;
}

/** What a run may be given, and what of it is chosen: a profile, an environment, secrets, data roots. */
export class Choices {
    private readonly granted = new Set<string>();
    private readonly roots = new Set<string>();
    private stored: readonly Secret[] = [];
    private _profiles: readonly ProfileStatus[] = [];
    private _environments: readonly Environment[] = [];
    private _profile: string | null = null;
    private _environment: string | null = null;

    offer(
        profiles: readonly ProfileStatus[],
        environments: readonly Environment[],
        secrets: readonly Secret[]
    ): void {
        this._profiles = profiles.filter(one => one.profile.uses.includes('run'));
        this._environments = environments;
        this.stored = secrets;
    }

    get profiles(): readonly ProfileStatus[] {
        return this._profiles;
    }

    get environments(): readonly Environment[] {
        return this._environments;
    }

    /** Those that the notebook asks for first, whether they are stored or not. */
    secrets(asked: readonly string[]): readonly ISecretChoice[] {
        const stored = this.stored.map(one => one.name);
        return [
            ...asked.map(name => ({ name, asked: true, stored: stored.includes(name) })),
            ...stored
                .filter(name => !asked.includes(name))
                .map(name => ({ name, asked: false, stored: true }))
        ];
    }

    /** The chosen profile, else the one that is taken where none is chosen. */
    get profile(): string | null {
        return this._profile ?? defaultProfile(this._profiles);
    }

    set profile(name: string | null) {
        this._profile = name;
    }

    /** The chosen environment; null: the notebook's own kernel. */
    get environment(): string | null {
        return this._environment;
    }

    set environment(name: string | null) {
        this._environment = name;
    }

    isGranted(secret: string): boolean {
        return this.granted.has(secret);
    }

    grant(secret: string, granted: boolean): void {
        toggle(this.granted, secret, granted);
    }

    /** Whether a place becomes a data root with this run. */
    isDataRoot(place: string): boolean {
        return this.roots.has(place);
    }

    makeDataRoot(place: string, wanted: boolean): void {
        toggle(this.roots, place, wanted);
    }

    /** What of another time can still be had. */
    take(order: Pick<RunOrder, 'profile' | 'environment'> & Partial<RunOrder>): void {
        if (this._profiles.some(one => one.profile.name === order.profile)) {
            this._profile = order.profile ?? null;
        }
        if (this._environments.some(one => one.name === order.environment)) {
            this._environment = order.environment ?? null;
        }
        order.secrets?.forEach(name => this.granted.add(name));
        order.data_roots?.forEach(place => this.roots.add(place));
    }

    get sent(): Pick<RunOrder, 'profile' | 'environment' | 'secrets' | 'data_roots'> {
        return {
            profile: this._profile,
            environment: this._environment,
            secrets: [...this.granted],
            data_roots: [...this.roots]
        };
    }
}

function toggle(set: Set<string>, name: string, wanted: boolean): void {
    if (wanted) {
        set.add(name);
    } else {
        set.delete(name);
    }
}

function defaultProfile(profiles: readonly ProfileStatus[]): string | null {
    const found =
        profiles.find(one => one.profile.default_for.includes('run')) ??
        profiles.find(one => one.profile.default) ??
        profiles[0];
    return found?.profile.name ?? null;
}
