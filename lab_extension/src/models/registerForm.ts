import type { IApi } from '../api/client';
import type { IModelsApi } from '../api/models';
import type { LoggedModel, ModelVersion, Run } from '../api/wire';
import { Changing } from './changing';
import { baseName } from './quantities';
import type { Registry } from './registry';
import type { Runs } from './runs';
import { commandLine } from './shell';
import type { ITrans } from './translation';

const CANDIDATES = 20;

/** One model of a run becomes a version of a registered model. What was typed stays whatever the server says. */
export class RegisterForm extends Changing {
    private _run: Run | null = null;
    private _problem: unknown = null;
    private _registered: ModelVersion | null = null;
    private _busy = false;
    private _model: string | null = null;
    private typed: string | null = null;
    private _description = '';

    constructor(
        private readonly api: Pick<IApi, 'run'>,
        private readonly models: Pick<IModelsApi, 'register'>,
        readonly registry: Registry,
        private readonly runs: Pick<Runs, 'all' | 'get' | 'changed'>,
        private _key: string | null,
        private readonly trans: ITrans
    ) {
        super();
        registry.changed.connect(this.emit, this);
        runs.changed.connect(this.onRuns, this);
    }

    override dispose(): void {
        this.registry.changed.disconnect(this.emit, this);
        this.runs.changed.disconnect(this.onRuns, this);
        super.dispose();
    }

    /** The run whose model it is to be; null while one is to be chosen. */
    get key(): string | null {
        return this._key;
    }

    /** The newest runs that logged a model. */
    get candidates(): readonly Run[] {
        return this.runs.all
            .filter(run => run.state === 'succeeded' && run.models.length > 0)
            .slice(0, CANDIDATES);
    }

    chooseRun(run: string): Promise<void> {
        this._key = run;
        this.emit();
        return this.load();
    }

    get run(): Run | null {
        return this._run;
    }

    get problem(): unknown {
        return this._problem;
    }

    /** The version that was made here. */
    get registered(): ModelVersion | null {
        return this._registered;
    }

    get busy(): boolean {
        return this._busy;
    }

    get logged(): readonly LoggedModel[] {
        return this._run?.models ?? [];
    }

    /** The id of the one that is to be registered. */
    get model(): string | null {
        return this._model;
    }

    /** Nobody has typed anything, or it is done. */
    get isPristine(): boolean {
        return (
            !this._busy && (this._registered !== null || (this.typed === null && this._description === ''))
        );
    }

    get description(): string {
        return this._description;
    }

    /** As it was typed, else as it is offered: the model that this notebook made before, what it logged it as, its own name. */
    get name(): string {
        return this.typed ?? this.offered;
    }

    get nameFault(): string | null {
        const name = this.name;
        const fits = name !== '' && name.length <= 200 && !/[/:]/.test(name) && name === name.trim();
        return fits ? null : this.trans.__('expected 1 to 200 characters without “/” and “:”');
    }

    /** The number that the new version will have, as far as is known here. */
    get nextVersion(): number {
        const versions = this.registry.find(this.name)?.versions ?? [];
        return Math.max(0, ...versions.map(one => Number(one.version))) + 1;
    }

    get hindrance(): string | null {
        if (this.logged.length === 0) {
            return this.trans.__('The run logged no model.');
        }
        return this.nameFault ? this.trans.__('The name cannot be used.') : null;
    }

    /** The same by the command line. */
    get command(): string {
        return commandLine(['gristmill', 'models', 'register', this.name], {
            '--run': String(this._run?.number ?? this._key),
            '--model': this.logged.length > 1 ? this.logged.find(one => one.id === this._model)?.name : null,
            '--description': this._description
        });
    }

    async load(): Promise<void> {
        if (this._key === null) {
            return;
        }
        this._problem = null;
        try {
            this._run = (await this.api.run(this._key)).run;
            this._model ??= this._run.models.at(-1)?.id ?? null;
            if (!this.registry.loaded) {
                await this.registry.refresh();
            }
        } catch (error) {
            this._problem = error;
        }
        this.emit();
    }

    choose(model: string): void {
        this._model = model;
        this.emit();
    }

    setName(name: string): void {
        this.typed = name;
        this.emit();
    }

    setDescription(text: string): void {
        this._description = text;
        this.emit();
    }

    async register(): Promise<ModelVersion | null> {
        if (this._busy || this.hindrance || !this._run) {
            return null;
        }
        this._busy = true;
        this._problem = null;
        this.emit();
        try {
            this._registered = await this.models.register(this.name, {
                run: this._run.id,
                model: this._model,
                description: this._description || null
            });
            void this.registry.refresh();
        } catch (error) {
            this._problem = error;
        }
        this._busy = false;
        this.emit();
        return this._registered;
    }

    private onRuns(): void {
        if (this._key === null) {
            this.emit();
        }
    }

    private get offered(): string {
        const run = this._run;
        if (!run) {
            return '';
        }
        const made = this.registry.all
            .flatMap(model => model.versions)
            .filter(
                one =>
                    one.run_id &&
                    (one.run_id === run.id || this.runs.get(one.run_id)?.notebook === run.notebook)
            )
            .sort((one, other) => other.created_at.localeCompare(one.created_at));
        const { loggedAs } = this;
        const before = made.find(one => one.name === loggedAs) ?? (this.logged.length > 1 ? null : made[0]);
        return (
            before?.name ??
            (loggedAs ||
                baseName(run.notebook)
                    .replace(/\.ipynb$/, '')
                    .replace(/[/:]/g, '-') ||
                'model')
        );
    }

    /** What the notebook called the model; empty where that says no more than that it is one. */
    private get loggedAs(): string {
        const name = this.logged.find(one => one.id === this._model)?.name ?? '';
        return name === 'model' || /[/:]/.test(name) ? '' : name.trim();
    }
}
