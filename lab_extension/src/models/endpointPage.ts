import type { IModelsApi } from '../api/models';
import type { Answered, Calls, Endpoint, ModelVersion, Parameter } from '../api/wire';
import { Changing } from './changing';
import type { Endpoints } from './endpoints';
import { fieldsOf, firstTexts, signatureOf, typedBody } from './signature';
import type { ITrans } from './translation';

/** One endpoint: as it is now, how it is called, and what it answers to what is typed. */
export class EndpointPage extends Changing {
    readonly tryIt: TryIt;
    private _calls: Calls | null = null;
    private _log: string | null = null;
    private _problem: unknown = null;
    private _deleted = false;
    private id: string | null = null;
    private of = ''; // the version that calls and fields were made for

    constructor(
        private readonly api: Pick<IModelsApi, 'version' | 'calls' | 'endpointLog' | 'predict'>,
        readonly endpoints: Endpoints,
        readonly name: string,
        trans: ITrans
    ) {
        super();
        this.tryIt = new TryIt(api, name, trans);
        endpoints.changed.connect(this.onEndpoints, this);
    }

    override dispose(): void {
        this.endpoints.changed.disconnect(this.onEndpoints, this);
        this.tryIt.dispose();
        super.dispose();
    }

    get endpoint(): Endpoint | null {
        return this.endpoints.find(this.name) ?? null;
    }

    get deleted(): boolean {
        return this._deleted;
    }

    get problem(): unknown {
        return this._problem;
    }

    get calls(): Calls | null {
        return this._calls;
    }

    /** The end of what its processes wrote; null before it was asked for. */
    get log(): string | null {
        return this._log;
    }

    async load(): Promise<void> {
        if (!this.endpoints.loaded) {
            await this.endpoints.refresh();
        }
        await this.follow();
    }

    async readLog(): Promise<void> {
        try {
            this._log = (await this.api.endpointLog(this.name)).text;
            this._problem = null;
        } catch (error) {
            this._problem = error;
        }
        this.emit();
    }

    private onEndpoints(): void {
        void this.follow();
    }

    /** What depends on the version that is served is asked for anew when that is another one. */
    private async follow(): Promise<void> {
        const { endpoint } = this;
        this._deleted = this.id !== null && this.endpoints.loaded && endpoint?.id !== this.id;
        this.id ??= endpoint?.id ?? null;
        const variant = endpoint?.variants[0];
        const of = variant ? `${variant.model}/${variant.version}` : '';
        if (variant && of !== this.of) {
            this.of = of;
            try {
                const [version, calls] = await Promise.all([
                    this.api.version(variant.model, variant.version),
                    this.api.calls(this.name)
                ]);
                this._calls = calls;
                this.tryIt.take(version);
                this._problem = null;
            } catch (error) {
                this.of = '';
                this._problem = error;
            }
        }
        this.emit();
    }
}

/** A request that is typed, as fields of the signature or as JSON, and what was answered to it. */
export class TryIt extends Changing {
    private version: ModelVersion | null = null;
    private texts: Record<string, string> = {};
    private _json = '';
    private _asJson = false;
    private _busy = false;
    private _answer: Answered | null = null;
    private _problem: unknown = null;
    private _columns: readonly Parameter[] | null = null;
    private _params: readonly Parameter[] = [];

    constructor(
        private readonly api: Pick<IModelsApi, 'predict'>,
        private readonly name: string,
        private readonly trans: ITrans
    ) {
        super();
    }

    get loaded(): boolean {
        return this.version !== null;
    }

    /** Null where the model takes no named columns: it is asked in JSON then. */
    get columns(): readonly Parameter[] | null {
        return this._columns;
    }

    get params(): readonly Parameter[] {
        return this._params;
    }

    get asJson(): boolean {
        return this._asJson || this._columns === null;
    }

    get json(): string {
        return this._json;
    }

    get busy(): boolean {
        return this._busy;
    }

    get answer(): Answered | null {
        return this._answer;
    }

    get problem(): unknown {
        return this._problem;
    }

    text(name: string): string {
        return this.texts[name] ?? '';
    }

    fault(name: string): string | null {
        return this.asJson ? null : (this.typed.faults[name] ?? null);
    }

    get jsonFault(): string | null {
        if (!this.asJson) {
            return null;
        }
        try {
            JSON.parse(this._json);
            return null;
        } catch (error) {
            return error instanceof Error ? error.message : String(error);
        }
    }

    get hindrance(): string | null {
        const faulty = Object.keys(this.asJson ? {} : this.typed.faults)[0];
        if (faulty !== undefined) {
            return this.trans.__('%1 has no value that fits.', faulty);
        }
        return this.jsonFault === null ? null : this.trans.__('This is not JSON.');
    }

    /** A version that is served now. What was typed stays where the new one has the same columns. */
    take(version: ModelVersion): void {
        const signature = signatureOf(version);
        this.version = version;
        this._columns = signature && fieldsOf(signature.inputs, this.trans);
        this._params = (signature && fieldsOf(signature.params, this.trans)) ?? [];
        this.texts = {
            ...firstTexts(this._columns ?? [], this._params, version.input_example),
            ...this.texts
        };
        this._json ||= JSON.stringify(version.input_example ?? { inputs: [] }, null, 2);
        this.emit();
    }

    set(name: string, text: string): void {
        this.texts = { ...this.texts, [name]: text };
        this.emit();
    }

    setJson(text: string): void {
        this._json = text;
        this.emit();
    }

    /** Between fields and JSON: what was typed in fields is what the JSON begins with. */
    showJson(asJson: boolean): void {
        if (asJson && !this.asJson) {
            this._json = JSON.stringify(this.typed.body, null, 2);
        }
        this._asJson = asJson;
        this.emit();
    }

    async ask(): Promise<void> {
        if (this._busy || this.hindrance) {
            return;
        }
        this._busy = true;
        this._problem = null;
        this.emit();
        try {
            const body: unknown = this.asJson ? JSON.parse(this._json) : this.typed.body;
            this._answer = await this.api.predict(this.name, body);
        } catch (error) {
            this._answer = null;
            this._problem = error;
        }
        this._busy = false;
        this.emit();
    }

    private get typed(): ReturnType<typeof typedBody> {
        return typedBody(this._columns ?? [], this._params, this.texts, this.trans);
    }
}
