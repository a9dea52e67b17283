import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import { type IChange, type IEdit, type ITextCell, changesOf, editsOf } from './mergeCells';
import type { ITrans } from './translation';

/** The three notebooks that a merge is made of. */
export interface IThree {
    readonly base: readonly ITextCell[];
    readonly copy: readonly ITextCell[];
    readonly source: readonly ITextCell[];
    /** What the run calls each cell of `base`; null of those that it does not execute. */
    readonly numbers: readonly (number | null)[];
}

export type Side = 'copy' | 'source';

/** What of a copy goes into its source: each change is taken or left; where both changed, a person says which. */
export class CopyMerge implements IDisposable {
    private readonly _changed = new Signal<this, void>(this);
    private readonly sides = new Map<string, Side>();
    private _changes: readonly IChange[] | null = null;
    private _problem: unknown = null;
    private numbers: readonly (number | null)[] = [];
    private _isDisposed = false;

    constructor(
        private readonly read: () => Promise<IThree>,
        private readonly trans: ITrans
    ) {}

    get changed(): ISignal<this, void> {
        return this._changed;
    }

    /** null until they are known. */
    get changes(): readonly IChange[] | null {
        return this._changes;
    }

    get problem(): unknown {
        return this._problem;
    }

    /** What the run calls the cell; null of one that it does not execute. */
    numberOf(change: IChange): number | null {
        return change.kind === 'added' ? null : (this.numbers[change.place] ?? null);
    }

    /** What the run calls the last cell before this one that it executed; null at the top. */
    numberBefore(change: IChange): number | null {
        const end = change.kind === 'added' ? change.place + 1 : change.place;
        return this.numbers.slice(0, end).reduce((last, number) => number ?? last, null);
    }

    get conflicts(): number {
        return (this._changes ?? []).filter(change => change.conflict).length;
    }

    /** What is there is compared anew; what was chosen of a change that is the same stays. */
    async load(): Promise<void> {
        try {
            const { base, copy, source, numbers } = await this.read();
            this.numbers = numbers;
            this._changes = changesOf(base, copy, source);
            this._problem = null;
        } catch (error) {
            this._problem = error;
        }
        this.emit();
    }

    /** Whose cell it is to be; null where that is still to be said. */
    sideOf(change: IChange): Side | null {
        return this.sides.get(change.key) ?? (change.conflict ? null : 'copy');
    }

    choose(change: IChange, side: Side): void {
        this.sides.set(change.key, side);
        this.emit();
    }

    get chosen(): readonly IChange[] {
        return (this._changes ?? []).filter(change => this.sideOf(change) === 'copy');
    }

    get edits(): readonly IEdit[] {
        return editsOf(this.chosen);
    }

    /** Why the cells cannot be sent now; null where they can. */
    get hindrance(): string | null {
        if ((this._changes ?? []).some(change => this.sideOf(change) === null)) {
            return this.trans.__('Say of the marked cells first which one it is to be.');
        }
        return this.chosen.length === 0 ? this.trans.__('No cell is chosen.') : null;
    }

    /** Nobody has chosen anything yet. */
    get isPristine(): boolean {
        return this.sides.size === 0;
    }

    get isDisposed(): boolean {
        return this._isDisposed;
    }

    dispose(): void {
        this._isDisposed = true;
        Signal.clearData(this);
    }

    private emit(): void {
        if (!this._isDisposed) {
            this._changed.emit();
        }
    }
}
