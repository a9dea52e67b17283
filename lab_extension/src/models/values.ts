import type { Fault, Parameter } from '../api/wire';
import { parse, textOf } from './parameters';
import type { ITrans } from './translation';

/** What was typed into the fields of a notebook's parameters, and what is wrong with it. */
export class Values {
    private readonly texts = new Map<string, string>();
    private readonly touched = new Set<string>();
    private told: readonly Fault[] = [];

    constructor(
        private readonly parameters: () => readonly Parameter[],
        private readonly trans: ITrans
    ) {}

    text(parameter: Parameter): string {
        return this.texts.get(parameter.name) ?? textOf(parameter.default);
    }

    isSet(parameter: Parameter): boolean {
        return this.texts.has(parameter.name) && this.text(parameter) !== textOf(parameter.default);
    }

    set(parameter: Parameter, text: string): void {
        this.texts.set(parameter.name, text);
        this.touched.add(parameter.name);
        this.told = this.told.filter(fault => fault.where !== parameter.name);
    }

    /** What is wrong with a field: what the server said of it, else what is seen here once it was touched. */
    fault(parameter: Parameter): string | null {
        const told = this.told.find(fault => fault.where === parameter.name);
        if (told) {
            return told.message;
        }
        return this.touched.has(parameter.name) ? this.ownFault(parameter) : null;
    }

    /** Names of the fields that hold what cannot be sent. */
    get wrong(): readonly string[] {
        return this.parameters()
            .filter(parameter => this.ownFault(parameter) !== null)
            .map(parameter => parameter.name);
    }

    /** What the server said of them. */
    tell(faults: readonly Fault[]): void {
        this.told = faults;
    }

    /** From now on faults are told of every field. */
    touch(): void {
        this.parameters().forEach(one => this.touched.add(one.name));
    }

    /** Values of another time, into fields that nobody has typed into. */
    fill(given: Readonly<Record<string, unknown>>): void {
        for (const parameter of this.parameters()) {
            const value = given[parameter.name];
            if (value !== undefined && !this.touched.has(parameter.name)) {
                this.texts.set(parameter.name, textOf(value));
            }
        }
    }

    /** As they stand in another form, what cannot be sent among them. */
    adopt(other: Values): void {
        this.clear();
        other.texts.forEach((text, name) => this.texts.set(name, text));
    }

    clear(): void {
        this.texts.clear();
        this.touched.clear();
        this.told = [];
    }

    /** As it stands in the fields, where that is not the notebook’s own. */
    get typed(): Readonly<Record<string, string>> {
        const set = this.parameters().filter(parameter => this.isSet(parameter));
        return Object.fromEntries(set.map(parameter => [parameter.name, this.text(parameter)]));
    }

    /** Typed values that differ from the notebook's own. */
    given(): Record<string, unknown> {
        const given: Record<string, unknown> = {};
        for (const parameter of this.parameters()) {
            const parsed = parse(parameter, this.text(parameter), this.trans);
            if ('value' in parsed && (this.isSet(parameter) || parameter.required)) {
                given[parameter.name] = parsed.value;
            }
        }
        return given;
    }

    private ownFault(parameter: Parameter): string | null {
        if (!this.texts.has(parameter.name) && !parameter.required) {
            return null; // the notebook's own value is the notebook's business
        }
        const parsed = parse(parameter, this.text(parameter), this.trans);
        return 'fault' in parsed ? parsed.fault : null;
    }
}
