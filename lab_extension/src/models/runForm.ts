import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import type { IApi } from '../api/client';
import { ProblemError } from '../api/problem';
import type { Fault, NotebookFacts, Parameter, Run, RunOrder } from '../api/wire';
import { Choices, type ISecretChoice } from './choices';
import { type IMore, NOTHING, moreFault, sentOf, typedOf } from './more';
import { Outlook } from './outlook';
import type { ISource } from './source';
import type { ITrans } from './translation';
import { Values } from './values';

export type FormApi = Pick<
    IApi,
    | 'readNotebook'
    | 'preflight'
    | 'useVenv'
    | 'forecasts'
    | 'launch'
    | 'profiles'
    | 'environments'
    | 'secrets'
>;

/** What a form begins with where nothing else is said. */
export interface IDefaults {
    readonly profile: string;
    /** Minutes that the kernel of a run that fails is kept. */
    readonly postMortem: number;
}

type Busy = 'loading' | 'saving' | 'launching' | null;

/** A run as it is filled in: typed values, faults as one types, the server's faults at their fields. */
export class RunForm implements IDisposable {
    readonly values: Values;
    readonly choices = new Choices();
    readonly outlook: Outlook;
    private readonly _changed = new Signal<this, void>(this);
    private serverFaults: readonly Fault[] = [];
    private _facts: NotebookFacts | null = null;
    private _more: IMore = { ...NOTHING };
    private _notices: readonly string[] = [];
    private _problem: unknown = null;
    private _busy: Busy = 'loading';
    private _isDisposed = false;
    private fresh = '';

    constructor(
        private readonly api: FormApi,
        readonly source: ISource,
        private readonly trans: ITrans,
        private readonly defaults: () => IDefaults = () => ({ profile: '', postMortem: 0 })
    ) {
        this.values = new Values(() => this.parameters, trans);
        this.outlook = new Outlook(api);
        this.outlook.changed.connect(this.emit, this);
        source.pathChanged.connect(this.onSource, this);
        source.saved.connect(this.onSource, this);
        this._more = this.beginning();
    }

    get changed(): ISignal<this, void> {
        return this._changed;
    }

    get facts(): NotebookFacts | null {
        return this._facts;
    }

    get parameters(): readonly Parameter[] {
        return this._facts?.parameters.parameters ?? [];
    }

    /** The cell that could be the parameters cell, and what it sets; null where there is one, or nothing to set. */
    get suggestion(): { readonly cell: number; readonly names: readonly string[] } | null {
        const suggestions = this._facts?.suggestions ?? [];
        const cell = suggestions[0]?.cell;
        return cell === undefined
            ? null
            : { cell, names: suggestions.filter(one => one.cell === cell).map(one => one.parameter.name) };
    }

    /** Secrets to be granted: those that the notebook asks for first. */
    get secrets(): readonly ISecretChoice[] {
        return this.choices.secrets(this._facts ?? { secrets: [], variables: [] });
    }

    get more(): IMore {
        return this._more;
    }

    /** Nothing was typed or chosen since it was read, or since what stands in it was run. */
    get isPristine(): boolean {
        return this._busy === null && this.filled === this.fresh;
    }

    get busy(): Busy {
        return this._busy;
    }

    /** Why the notebook could not be read, or the run was refused. */
    get problem(): unknown {
        return this._problem;
    }

    /** Faults that belong to no field. */
    get otherFaults(): readonly Fault[] {
        const fields = new Set(this.parameters.map(one => one.name));
        return this.serverFaults.filter(fault => !fields.has(fault.where));
    }

    /** What was done otherwise with the last run than one may expect. */
    get notices(): readonly string[] {
        return this._notices;
    }

    async load(): Promise<void> {
        this.become('loading');
        try {
            const [facts, profiles, environments, secrets, last] = await Promise.all([
                this.source.read().then(notebook => this.api.readNotebook(notebook)),
                this.api.profiles(),
                this.api.environments(),
                this.api.secrets(),
                this.source.lastOrder()
            ]);
            this._facts = facts;
            this.choices.offer(profiles, environments, secrets);
            this._problem = null;
            this.choices.take({
                profile: last?.profile ?? this.defaults().profile,
                environment: last?.environment ?? null
            });
            void this.look();
            this.fresh = this.filled;
        } catch (error) {
            this._problem = error;
        }
        this.become(null);
    }

    /** The notebook has changed in the editor: its parameters are read again, and what was typed stays. */
    async reread(): Promise<void> {
        if (this._busy === 'loading') {
            return;
        }
        try {
            this._facts = await this.api.readNotebook(await this.source.read());
        } catch (error) {
            if (!(error instanceof ProblemError)) {
                throw error;
            }
            this._problem = error;
        }
        this.emit();
    }

    /** Asks anew for what is known of the run before it is made. */
    async look(): Promise<void> {
        await this.outlook.ask(() => this.source.localPath(), this.choices.environment);
    }

    /** Looked at again after something else was: what may have been made meanwhile, in a terminal too, is offered. */
    async refresh(): Promise<void> {
        if (!this._facts || this._busy) {
            return;
        }
        try {
            const [profiles, environments, secrets] = await Promise.all([
                this.api.profiles(),
                this.api.environments(),
                this.api.secrets(),
                this.look()
            ]);
            this.choices.offer(profiles, environments, secrets);
        } catch (error) {
            if (!(error instanceof ProblemError)) {
                throw error;
            }
        }
        this.emit();
    }

    /** What is free of the profiles has changed. Nothing is lost where that cannot be asked for: events tell it again. */
    async renew(): Promise<void> {
        try {
            const [profiles] = await Promise.all([this.api.profiles(), this.outlook.renew()]);
            this.choices.renew(profiles);
        } catch (error) {
            if (!(error instanceof ProblemError)) {
                throw error;
            }
        }
        this.emit();
    }

    set(parameter: Parameter, text: string): void {
        this.values.set(parameter, text);
        this.emit();
    }

    choose(profile: string): void {
        this.choices.profile = profile;
        this.emit();
    }

    chooseEnvironment(environment: string | null): void {
        this.choices.environment = environment;
        void this.look();
        this.emit();
    }

    /** Runs in the virtual environment that lies in the notebook’s project. */
    async useVenv(): Promise<void> {
        try {
            const { name } = await this.api.useVenv(this.source.localPath());
            await this.refresh();
            this.chooseEnvironment(name);
        } catch (error) {
            this.tell(error);
            this.emit();
        }
    }

    setMore(more: Partial<IMore>): void {
        this._more = { ...this._more, ...more };
        this.emit();
    }

    /** As the notebook asks for it: what it reads from its environment is there too. */
    grant(secret: string, granted: boolean): void {
        const isVariable = this._facts?.variables.includes(secret) ?? false;
        this.choices.grant(secret, granted, isVariable ? secret : null);
        this.emit();
    }

    /** Whether a granted secret is an environment variable of its name too. */
    grantAsVariable(secret: string, wanted: boolean): void {
        this.choices.grant(secret, true, wanted ? secret : null);
        this.emit();
    }

    makeDataRoot(place: string, wanted: boolean): void {
        this.choices.makeDataRoot(place, wanted);
        this.emit();
    }

    /** Back to what the notebook says. */
    reset(): void {
        this.values.clear();
        this.serverFaults = [];
        this._problem = null;
        this._more = this.beginning();
        this.emit();
    }

    /** All as it was the last time but the name, where nobody has typed anything else. */
    async takeLast(): Promise<void> {
        const last = await this.source.lastOrder();
        if (last) {
            this.take(last);
        }
    }

    /** What another form was asked for stands here instead of what did, with what it was refused with. */
    adopt(refused: RunForm): void {
        if (!refused.facts) {
            return; // neither of them can be filled in, and each says so itself
        }
        this.reset();
        this.take(refused.order());
        this.values.adopt(refused.values);
        this._problem = refused._problem;
        this.serverFaults = refused.serverFaults;
        this.values.tell(this.serverFaults);
        this.values.touch();
        this.emit();
    }

    /** Why it cannot be run now, for who looks at the button; null where it can. */
    get hindrance(): string | null {
        if (!this._facts) {
            return this.trans.__('The notebook has not been read.');
        }
        if (this._facts.fault) {
            return this._facts.fault;
        }
        const more = moreFault(this._more);
        const all = [...this.values.wrong, ...(more ? [this.trans.__('the fields under “More”')] : [])];
        return all.length > 0 ? this.trans.__('To be corrected first: %1', all.join(', ')) : null;
    }

    /** Uses a place as a data root, and runs. */
    async useDataRoot(place: string): Promise<Run | null> {
        this.choices.makeDataRoot(place, true);
        return this.run();
    }

    /** The new run; null where it was refused, which the form then says. */
    async run(): Promise<Run | null> {
        if (this._busy || this.hindrance !== null) {
            this.values.touch();
            this.emit();
            return null;
        }
        try {
            this.become('saving');
            await this.source.save();
            this.become('launching');
            const order = this.order();
            const { run, notices } = await this.api.launch(order);
            this._notices = notices;
            this.tell(null);
            this.fresh = this.filled;
            await this.source.remember({ ...order, data_roots: [] }, run);
            if (order.data_roots.length > 0) {
                this.choices.forgetDataRoots(); // they are data roots now
                void this.look();
            }
            return run;
        } catch (error) {
            this.tell(error);
            return null;
        } finally {
            this.become(null);
        }
    }

    /** What is sent: only values that differ from the notebook's own. */
    order(): RunOrder {
        return {
            path: this.source.localPath(),
            parameters: this.values.given(),
            ...this.choices.sent,
            ...sentOf(this._more)
        };
    }

    get isDisposed(): boolean {
        return this._isDisposed;
    }

    dispose(): void {
        if (this._isDisposed) {
            return;
        }
        this._isDisposed = true;
        this.outlook.dispose();
        Signal.disconnectReceiver(this);
        this.source.dispose();
        Signal.clearData(this);
    }

    /** What a run was made with: values, choices and more stand in the form. */
    take(order: RunOrder): void {
        this.values.fill(order.parameters ?? {});
        this._more = typedOf(order);
        this.choices.take(order);
        this.emit();
    }

    /** All that a person put in, what cannot be sent among it. */
    private get filled(): string {
        return JSON.stringify([this.values.typed, this.choices.sent, this._more]);
    }

    private beginning(): IMore {
        const { postMortem } = this.defaults();
        return { ...NOTHING, postMortem: postMortem > 0 ? String(postMortem) : '' };
    }

    private tell(problem: unknown): void {
        this._problem = problem;
        this.serverFaults = problem instanceof ProblemError ? problem.faults : [];
        this.values.tell(this.serverFaults);
    }

    private onSource(): void {
        void this.look();
        this.emit();
    }

    private become(busy: Busy): void {
        this._busy = busy;
        this.emit();
    }

    private emit(): void {
        if (!this._isDisposed) {
            this._changed.emit();
        }
    }
}
