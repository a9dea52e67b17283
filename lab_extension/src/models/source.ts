import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';

import type { Run, RunOrder } from '../api/wire';

/** Where a form's notebook comes from, and what is remembered of it. */
export interface ISource extends IDisposable {
    /** The path for people and for Lab; another one once the notebook was renamed. */
    readonly path: string;
    readonly pathChanged: ISignal<unknown, string>;
    /** What is on disk has changed: it was saved. */
    readonly saved: ISignal<unknown, void>;
    /** Whether what the editor shows is not on disk yet. */
    readonly isDirty: boolean;
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
