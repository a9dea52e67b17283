import type { IModelsApi } from '../api/models';
import type { ModelVersion, RegisteredModel } from '../api/wire';
import { Changing } from './changing';
import { type Registry, newestFirst, predecessor } from './registry';

/** One registered model, one version of it looked at. `version` empty: the newest, also when there is a newer one. */
export class ModelPage extends Changing {
    private readonly whole = new Map<string, ModelVersion>();
    private readonly asking = new Set<string>();
    private _problem: unknown = null;
    private asked = 0;

    constructor(
        private readonly api: Pick<IModelsApi, 'version'>,
        readonly registry: Registry,
        readonly name: string,
        private chosen: string
    ) {
        super();
        registry.changed.connect(this.onRegistry, this);
    }

    override dispose(): void {
        this.registry.changed.disconnect(this.onRegistry, this);
        super.dispose();
    }

    get problem(): unknown {
        return this._problem;
    }

    get model(): RegisteredModel | null {
        return this.registry.find(this.name) ?? null;
    }

    get versions(): readonly ModelVersion[] {
        return newestFirst(this.model?.versions ?? []);
    }

    /** The number of the version that is looked at; null where there is none. */
    get number(): string | null {
        return this.chosen || (this.versions[0]?.version ?? null);
    }

    /** The version that is looked at, with its signature and example; null while it is asked for. */
    get version(): ModelVersion | null {
        return this.whole.get(this.number ?? '') ?? null;
    }

    get before(): ModelVersion | null {
        const number = this.number;
        const before = number === null ? null : predecessor(this.versions, number);
        return before && (this.whole.get(before.version) ?? before);
    }

    choose(version: string): void {
        this.chosen = version;
        this.emit();
        void this.load();
    }

    /** The version and its predecessor, whole: MLflow may know metrics that the run did not report. */
    async load(): Promise<void> {
        this.asked += 1;
        const mine = this.asked;
        this._problem = null;
        try {
            if (!this.registry.loaded) {
                await this.registry.refresh();
            }
            const wanted = [this.number, this.before?.version].filter(
                one => one !== null && one !== undefined
            );
            const missing = wanted.filter(one => !this.whole.has(one) && !this.asking.has(one));
            await Promise.all(missing.map(one => this.askFor(one)));
        } catch (error) {
            if (mine === this.asked) {
                this._problem = error;
            }
        }
        this.emit();
    }

    private async askFor(version: string): Promise<void> {
        this.asking.add(version);
        try {
            this.whole.set(version, await this.api.version(this.name, version));
        } finally {
            this.asking.delete(version);
        }
    }

    private onRegistry(): void {
        this.emit();
        if (this.number !== null && !this.whole.has(this.number)) {
            void this.load();
        }
    }
}

/** MLflow keeps a metric of repeats as three: `auc`, `auc_std`, `auc_count`. Here it is one again. */
export interface IMeasured {
    readonly value: number;
    readonly spread: number | null;
}

export function measured(metrics: Readonly<Record<string, number>>): ReadonlyMap<string, IMeasured> {
    const found = new Map<string, IMeasured>();
    for (const [name, value] of Object.entries(metrics)) {
        const base = name.replace(/_(std|count)$/, '');
        if (base !== name && [base, `${base}_std`, `${base}_count`].every(one => one in metrics)) {
            continue;
        }
        const repeated = `${name}_std` in metrics && `${name}_count` in metrics;
        found.set(name, { value, spread: repeated ? (metrics[`${name}_std`] ?? null) : null });
    }
    return found;
}

/** Every metric of any of these, in the order in which the first of them has it. */
export function metricNames(versions: readonly ModelVersion[]): readonly string[] {
    return [...new Set(versions.flatMap(one => [...measured(one.metrics ?? {}).keys()]))];
}
