import type { IApi } from '../api/client';
import type { IModelsApi } from '../api/models';
import type { Answers, Endpoint, ModelVersion, ProfileStatus } from '../api/wire';
import { Changing } from './changing';
import { type Endpoints, type IProgress, endpointName, nameFault, progressOf } from './endpoints';
import { commandLine } from './shell';
import type { ITrans } from './translation';
import { TryOutRun } from './tryOut';

/** A version is tried out, and then deployed at an endpoint. What was typed stays whatever the server says. */
export class DeployForm extends Changing {
    readonly tryOut: TryOutRun;
    private _version: ModelVersion | null = null;
    private _profiles: readonly ProfileStatus[] = [];
    private _problem: unknown = null;
    private _busy = false;
    private _profile: string | null = null;
    private _answers: Answers | null = null;
    private _open = false;
    private typed: string | null = null;
    private deployed: Endpoint | null = null;
    private _skips = false;

    constructor(
        private readonly api: Pick<IApi, 'profiles'>,
        private readonly models: IModelsApi,
        readonly endpoints: Endpoints,
        readonly model: string,
        readonly number: string,
        private readonly trans: ITrans,
        tryOut: TryOutRun = new TryOutRun(models)
    ) {
        super();
        this.tryOut = tryOut;
        endpoints.changed.connect(this.emit, this);
        tryOut.changed.connect(this.emit, this);
    }

    override dispose(): void {
        this.endpoints.changed.disconnect(this.emit, this);
        this.tryOut.dispose();
        super.dispose();
    }

    get version(): ModelVersion | null {
        return this._version;
    }

    get problem(): unknown {
        return this._problem;
    }

    /** Nobody has typed or chosen anything, or it is done. */
    get isPristine(): boolean {
        const chosen =
            this.typed ?? this._answers ?? (this._profile === this.profileAtFirst() ? null : this._profile);
        return !this._busy && (this.deployed !== null || (chosen === null && !this._open));
    }

    get busy(): boolean {
        return this._busy;
    }

    get profiles(): readonly ProfileStatus[] {
        return this._profiles.filter(one => one.profile.uses.includes('endpoint'));
    }

    get profile(): string | null {
        return this._profile;
    }

    /** What it is to answer with, where it has the choice: as it was logged, unless another was chosen. */
    get answers(): Answers | null {
        return this._answers ?? this.tryOut.last?.status?.answers ?? null;
    }

    /** Whether it is to answer without an API key. */
    get open(): boolean {
        return this._open;
    }

    get name(): string {
        return this.typed ?? endpointName(this.model);
    }

    get nameFault(): string | null {
        return nameFault(this.name, this.trans);
    }

    /** What this name serves now; it does so until the new version has answered its example. */
    get replaced(): Endpoint | null {
        return this.endpoints.find(this.name) ?? null;
    }

    /** Why Deploy would not work, or not yet. */
    get hindrance(): string | null {
        if (this.nameFault) {
            return this.trans.__('The endpoint’s name cannot be used.');
        }
        const { last, busy, problem } = this.tryOut;
        if (this._skips) {
            return null;
        }
        if (busy) {
            return this.trans.__('It is being tried out.');
        }
        if (last?.state === 'failed') {
            return this.trans.__('The try-out says why it cannot be served.');
        }
        return last?.state === 'ready' || problem ? null : this.trans.__('It was not tried out yet.');
    }

    /** The endpoint in the generation that was deployed here, once it was. */
    get endpoint(): Endpoint | null {
        const mine = this.deployed;
        if (!mine) {
            return null;
        }
        const known = this.endpoints.all.find(one => one.id === mine.id);
        return known && known.generation >= mine.generation ? known : mine;
    }

    get progress(): IProgress | null {
        const endpoint = this.endpoint;
        return endpoint && this.deployed ? progressOf(endpoint, this.deployed.generation, this.trans) : null;
    }

    /** The same by the command line. */
    get command(): string {
        return commandLine(['gristmill', 'deploy', `${this.model}/${this.number}`], {
            '--endpoint': this.name,
            '--profile': this._profile,
            '--answers': this._answers,
            '--open': this._open
        });
    }

    async load(): Promise<void> {
        this._problem = null;
        try {
            const [version, profiles] = await Promise.all([
                this.models.version(this.model, this.number),
                this.api.profiles(),
                this.endpoints.loaded ? undefined : this.endpoints.refresh()
            ]);
            this._version = version;
            this._profiles = profiles;
            this._profile ??= this.profileAtFirst();
        } catch (error) {
            this._problem = error;
            this.emit();
            return;
        }
        this.emit();
        await this.tryAgain();
    }

    setName(name: string): void {
        this.typed = name;
        this.emit();
    }

    choose(profile: string): void {
        this._profile = profile;
        this.emit();
    }

    answerWith(answers: Answers): void {
        this._answers = answers;
        this.emit();
    }

    setOpen(open: boolean): void {
        this._open = open;
        this.emit();
    }

    tryAgain(): Promise<void> {
        this._skips = false;
        return this.tryOut.begin({
            model: this.model,
            version: this.number,
            profile: this._profile,
            answers: this._answers
        });
    }

    /** Gives the try-out up: the endpoint itself tries the model before it goes live. */
    skip(): void {
        this._skips = true;
        this.tryOut.end();
    }

    async deploy(): Promise<Endpoint | null> {
        if (this._busy || this.hindrance) {
            return null;
        }
        this._busy = true;
        this._problem = null;
        this.emit();
        try {
            this.deployed = await this.models.deploy(this.name, {
                model: this.model,
                version: this.number,
                target: 'dev',
                profile: this._profile,
                open: this._open,
                answers: this._answers
            });
            this.endpoints.add(this.deployed);
        } catch (error) {
            this._problem = error;
        }
        this._busy = false;
        this.emit();
        return this.deployed;
    }

    /** Back to the form, with all that was chosen. */
    change(): void {
        this.deployed = null;
        this.emit();
    }

    /** What the endpoint has now, else the default for endpoints. */
    private profileAtFirst(): string | null {
        const known = this.replaced?.variants[0]?.profile;
        const names = this.profiles.map(one => one.profile);
        const found =
            names.find(one => one.name === known) ??
            names.find(one => one.default_for.includes('endpoint')) ??
            names.find(one => one.default) ??
            names[0];
        return found?.name ?? null;
    }
}
