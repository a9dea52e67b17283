import type { Environment, ProfileStatus, RunOrder, Secret } from '../api/wire';

export interface ISecretChoice {
    readonly name: string;
    /** How the notebook asks for it; null: it does not. */
    readonly asked: 'verb' | 'variable' | null;
    readonly stored: boolean;
}

/** What of a notebook tells which secrets it wants. */
export interface IAsked {
    /** In `gristmill.secret(…)`. */
    readonly secrets: readonly string[];
    /** In `os.environ[…]`. */
    readonly variables: readonly string[];
}

// What else a notebook reads from its environment (a proxy, a number of threads) is no secret that it lacks.
const SOUNDS_SECRET = /(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?)$/;

/** What a run may be given, and what of it is chosen: a profile, an environment, secrets, data roots. */
export class Choices {
    private readonly granted = new Map<string, string | null>(); // the variable that has each too
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
        this.renew(profiles);
        this._environments = environments;
        this.stored = secrets;
    }

    /** The profiles as they are now. */
    renew(profiles: readonly ProfileStatus[]): void {
        this._profiles = profiles.filter(one => one.profile.uses.includes('run'));
    }

    get profiles(): readonly ProfileStatus[] {
        return this._profiles;
    }

    get environments(): readonly Environment[] {
        return this._environments;
    }

    /** Those that the notebook asks for first, whether they are stored or not. */
    secrets({ secrets, variables }: IAsked): readonly ISecretChoice[] {
        const stored = this.stored.map(one => one.name);
        const named = [...secrets, ...variables];
        const wanted = variables.filter(
            name => !secrets.includes(name) && (stored.includes(name) || SOUNDS_SECRET.test(name))
        );
        return [
            ...secrets.map(name => ({ name, asked: 'verb' as const, stored: stored.includes(name) })),
            ...wanted.map(name => ({ name, asked: 'variable' as const, stored: stored.includes(name) })),
            ...stored.filter(name => !named.includes(name)).map(name => ({ name, asked: null, stored: true }))
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

    /** The environment variable that has the secret too; null: none. */
    variableOf(secret: string): string | null {
        return this.granted.get(secret) ?? null;
    }

    grant(secret: string, granted: boolean, variable: string | null = null): void {
        if (granted) {
            this.granted.set(secret, variable);
        } else {
            this.granted.delete(secret);
        }
    }

    /** Whether a place becomes a data root with this run. */
    isDataRoot(place: string): boolean {
        return this.roots.has(place);
    }

    makeDataRoot(place: string, wanted: boolean): void {
        toggle(this.roots, place, wanted);
    }

    forgetDataRoots(): void {
        this.roots.clear();
    }

    /** What of another time can still be had. */
    take(order: Pick<RunOrder, 'profile' | 'environment'> & Partial<RunOrder>): void {
        if (this._profiles.some(one => one.profile.name === order.profile)) {
            this._profile = order.profile ?? null;
        }
        if (this._environments.some(one => one.name === order.environment)) {
            this._environment = order.environment ?? null;
        }
        order.secrets?.forEach(({ name, env }) => this.granted.set(name, env ?? null));
        order.data_roots?.forEach(place => this.roots.add(place));
    }

    get sent(): Pick<RunOrder, 'profile' | 'environment' | 'secrets' | 'data_roots'> {
        return {
            profile: this._profile,
            environment: this._environment,
            secrets: [...this.granted].map(([name, env]) => ({ name, env })),
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
