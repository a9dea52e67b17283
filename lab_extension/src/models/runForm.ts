import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import type { IApi } from '../api/client';
import { ProblemError } from '../api/problem';
import type { Fault, NotebookFacts, Parameter, ProfileStatus, Run, RunOrder, Secret } from '../api/wire';
import { parse, textOf } from './parameters';
import type { ITrans } from './translation';

/** Where the form's notebook comes from, and what is remembered of it. */
export interface ISource {
    /** The path for people and for Lab. */
    readonly path: string;
    /** The path on this server's disk; throws where it is elsewhere. */
    localPath(): string;
    /** The notebook as it stands in the editor, without outputs. */
    read(): Promise<unknown>;
    /** Returns once what is on disk is what the editor shows. */
    save(): Promise<void>;
    /** Tags a code cell, counted as a run does, as the parameters cell: an edit of the open document, undone as any. */
    makeParameters(cell: number): Promise<void>;
    lastOrder(): Promise<RunOrder | null>;
    remember(order: RunOrder, run: Run): Promise<void>;
}

export interface IMore {
    name: string;
    labels: string;
    timeout: string;
    retries: string;
}

const MINUTE = 60;
const NOTHING: IMore = { name: '', labels: '', timeout: '', retries: '0' };

/** A run as it is filled in: typed values, faults as one types, the server's faults at their fields. */
export class RunForm implements IDisposable {
    private readonly _changed = new Signal<this, void>(this);
    private readonly texts = new Map<string, string>();
    private readonly touched = new Set<string>();
    private readonly granted = new Set<string>();
    private readonly roots = new Set<string>();
    private serverFaults: readonly Fault[] = [];
    private _facts: NotebookFacts | null = null;
    private _profiles: readonly ProfileStatus[] = [];
    private _secrets: readonly Secret[] = [];
    private _profile: string | null = null;
    private _more: IMore = { ...NOTHING };
    private _notices: readonly string[] = [];
    private _problem: unknown = null;
    private _busy: 'loading' | 'saving' | 'launching' | null = 'loading';
    private _isDisposed = false;

    constructor(
        private readonly api: Pick<IApi, 'readNotebook' | 'launch' | 'profiles' | 'secrets'>,
        readonly source: ISource,
        private readonly trans: ITrans
    ) {}

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

    get profiles(): readonly ProfileStatus[] {
        return this._profiles;
    }

    get secrets(): readonly Secret[] {
        return this._secrets;
    }

    get more(): IMore {
        return this._more;
    }

    /** The chosen profile, else the one that is taken where none is chosen. */
    get profile(): string | null {
        return this._profile ?? defaultProfile(this._profiles);
    }

    get busy(): 'loading' | 'saving' | 'launching' | null {
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

    async load(): Promise<void> {
        try {
            const [facts, profiles, secrets, last] = await Promise.all([
                this.source.read().then(notebook => this.api.readNotebook(notebook)),
                this.api.profiles(),
                this.api.secrets(),
                this.source.lastOrder()
            ]);
            this._facts = facts;
            this._profiles = profiles.filter(one => one.profile.uses.includes('run'));
            this._secrets = secrets;
            this._problem = null;
            this.takeProfile(last);
        } catch (error) {
            this._problem = error;
        }
        this._busy = null;
        this.emit();
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

    /** What was done otherwise with the last run than one may expect. */
    get notices(): readonly string[] {
        return this._notices;
    }

    text(parameter: Parameter): string {
        return this.texts.get(parameter.name) ?? textOf(parameter.default);
    }

    isSet(parameter: Parameter): boolean {
        return this.texts.has(parameter.name) && this.text(parameter) !== textOf(parameter.default);
    }

    set(parameter: Parameter, text: string): void {
        this.texts.set(parameter.name, text);
        this.touched.add(parameter.name);
        this.serverFaults = this.serverFaults.filter(fault => fault.where !== parameter.name);
        this.emit();
    }

    /** What is wrong with a field: what the server said of it, else what is seen here once it was touched. */
    fault(parameter: Parameter): string | null {
        const told = this.serverFaults.find(fault => fault.where === parameter.name);
        if (told) {
            return told.message;
        }
        return this.touched.has(parameter.name) ? this.ownFault(parameter) : null;
    }

    choose(profile: string): void {
        this._profile = profile;
        this.emit();
    }

    setMore(more: Partial<IMore>): void {
        this._more = { ...this._more, ...more };
        this.emit();
    }

    isGranted(secret: string): boolean {
        return this.granted.has(secret);
    }

    grant(secret: string, granted: boolean): void {
        if (granted) {
            this.granted.add(secret);
        } else {
            this.granted.delete(secret);
        }
        this.emit();
    }

    /** Back to what the notebook says. */
    reset(): void {
        this.texts.clear();
        this.touched.clear();
        this.serverFaults = [];
        this._problem = null;
        this._more = { ...NOTHING };
        this.emit();
    }

    async takeLast(): Promise<void> {
        const last = await this.source.lastOrder();
        if (!last) {
            return;
        }
        for (const parameter of this.parameters) {
            const given = last.parameters?.[parameter.name];
            if (given !== undefined) {
                this.texts.set(parameter.name, textOf(given));
            }
        }
        this.takeProfile(last);
        this.emit();
    }

    /** Why it cannot be run now, for who looks at the button; null where it can. */
    get hindrance(): string | null {
        if (!this._facts) {
            return this.trans.__('The notebook has not been read.');
        }
        const wrong = this.parameters.filter(one => this.ownFault(one) !== null).map(one => one.name);
        const more = moreFault(this._more);
        const all = more ? [...wrong, this.trans.__(more)] : wrong;
        return all.length > 0 ? this.trans.__('To be corrected first: %1', all.join(', ')) : null;
    }

    /** Uses a place as a data root, and runs. */
    async useDataRoot(place: string): Promise<Run | null> {
        this.roots.add(place);
        return this.run();
    }

    /** The new run; null where it was refused, which the form then says. */
    async run(): Promise<Run | null> {
        if (this._busy || this.hindrance !== null) {
            this.parameters.forEach(one => this.touched.add(one.name));
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
            this.serverFaults = [];
            this._problem = null;
            await this.source.remember(order, run);
            return run;
        } catch (error) {
            this._problem = error;
            this.serverFaults = error instanceof ProblemError ? error.faults : [];
            return null;
        } finally {
            this.become(null);
        }
    }

    /** What is sent: only values that differ from the notebook's own. */
    order(): RunOrder {
        const parameters: Record<string, unknown> = {};
        for (const parameter of this.parameters) {
            const parsed = parse(parameter, this.text(parameter), this.trans);
            if ('value' in parsed && (this.isSet(parameter) || parameter.required)) {
                parameters[parameter.name] = parsed.value;
            }
        }
        const { name, labels, timeout, retries } = this._more;
        return {
            path: this.source.localPath(),
            parameters,
            profile: this._profile,
            name: name.trim() || null,
            labels: labelsOf(labels) ?? {},
            timeout_s: timeout.trim() ? Number(timeout) * MINUTE : null,
            retries: Number(retries),
            priority: 0,
            secrets: [...this.granted],
            data_roots: [...this.roots]
        };
    }

    get isDisposed(): boolean {
        return this._isDisposed;
    }

    dispose(): void {
        this._isDisposed = true;
        Signal.clearData(this);
    }

    private ownFault(parameter: Parameter): string | null {
        if (!this.texts.has(parameter.name) && !parameter.required) {
            return null; // the notebook's own value is the notebook's business
        }
        const parsed = parse(parameter, this.text(parameter), this.trans);
        return 'fault' in parsed ? parsed.fault : null;
    }

    private takeProfile(last: RunOrder | null): void {
        const wanted = last?.profile;
        if (wanted && this._profiles.some(one => one.profile.name === wanted)) {
            this._profile = wanted;
        }
    }

    private become(busy: 'saving' | 'launching' | null): void {
        this._busy = busy;
        this.emit();
    }

    private emit(): void {
        if (!this._isDisposed) {
            this._changed.emit();
        }
    }
}

/** `a=1, b=two` as labels; null where it is none. */
export function labelsOf(text: string): Record<string, string> | null {
    const labels: Record<string, string> = {};
    for (const part of text.split(',').map(one => one.trim())) {
        const at = part.indexOf('=');
        if (part === '') {
            continue;
        }
        if (at < 1) {
            return null;
        }
        labels[part.slice(0, at).trim()] = part.slice(at + 1).trim();
    }
    return labels;
}

export function moreFault(more: IMore): string | null {
    if (labelsOf(more.labels) === null) {
        return 'labels';
    }
    if (more.timeout.trim() && !(Number(more.timeout) > 0)) {
        return 'timeout';
    }
    return /^\d+$/.test(more.retries) ? null : 'retries';
}

function defaultProfile(profiles: readonly ProfileStatus[]): string | null {
    const found =
        profiles.find(one => one.profile.default_for.includes('run')) ??
        profiles.find(one => one.profile.default) ??
        profiles[0];
    return found?.profile.name ?? null;
}
