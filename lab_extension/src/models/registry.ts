import type { IModelsApi } from '../api/models';
import type { Event, ModelVersion, RegisteredModel } from '../api/wire';
import type { Connection } from './connection';
import { Kept } from './kept';

/** The registered models of this project, by name. */
export class Registry extends Kept<RegisteredModel> {
    constructor(
        private readonly api: Pick<IModelsApi, 'models'>,
        connection: Pick<Connection, 'refreshed' | 'happened' | 'state'>
    ) {
        super(connection);
    }

    find(name: string): RegisteredModel | undefined {
        return this.all.find(model => model.name === name);
    }

    /** The version that was registered last, of any model. */
    get newest(): ModelVersion | undefined {
        return latest(this.all.flatMap(model => model.versions));
    }

    /** The newest version that was made of this run. */
    madeBy(run: string): ModelVersion | undefined {
        return latest(this.all.flatMap(model => model.versions.filter(version => version.run_id === run)));
    }

    /** Models whose name, alias or maker has every word of `text`. */
    matching(text: string): readonly RegisteredModel[] {
        const words = text.toLowerCase().split(/\s+/).filter(Boolean);
        return this.all.filter(model => {
            const said = searched(model);
            return words.every(word => said.includes(word));
        });
    }

    protected ask(): Promise<readonly RegisteredModel[]> {
        return this.api.models();
    }

    protected isAbout(event: Event): boolean {
        return event.kind.startsWith('model.');
    }
}

function latest(versions: readonly ModelVersion[]): ModelVersion | undefined {
    return [...versions].sort((one, other) => other.created_at.localeCompare(one.created_at))[0];
}

/** The newest first. */
export function newestFirst(versions: readonly ModelVersion[]): readonly ModelVersion[] {
    return [...versions].sort((one, other) => Number(other.version) - Number(one.version));
}

/** The rows of a tree of models, from top to bottom: each model’s, and of those not closed their `most` newest versions’. */
export function rowKeys(
    models: readonly RegisteredModel[],
    closed: ReadonlySet<string>,
    most: number
): readonly string[] {
    return models.flatMap(({ name, versions }) => [
        name,
        ...newestFirst(closed.has(name) ? [] : versions)
            .slice(0, most)
            .map(({ version }) => `${name}/${version}`)
    ]);
}

/** The version before this one; null for the first. */
export function predecessor(versions: readonly ModelVersion[], version: string): ModelVersion | null {
    return newestFirst(versions).find(one => Number(one.version) < Number(version)) ?? null;
}

function searched(model: RegisteredModel): string {
    const versions = model.versions.flatMap(one => [...one.aliases, one.run_name ?? '']);
    return [model.name, model.description ?? '', ...versions].join(' ').toLowerCase();
}
