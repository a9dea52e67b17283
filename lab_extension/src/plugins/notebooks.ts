import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import type { DocumentRegistry } from '@jupyterlab/docregistry';
import { INotebookTracker, type NotebookPanel } from '@jupyterlab/notebook';
import { IStateDB } from '@jupyterlab/statedb';
import { ITranslator } from '@jupyterlab/translation';
import type { Contents } from '@jupyterlab/services';
import type { ReadonlyPartialJSONObject, ReadonlyPartialJSONValue } from '@lumino/coreutils';
import { type ISignal, Signal } from '@lumino/signaling';

import { problemOf } from '../api/problem';
import type { Run, RunOrder, SecretGrant } from '../api/wire';
import { moved } from '../models/moved';
import type { ISource } from '../models/source';
import type { ITrans } from '../models/translation';
import { INotebooks } from '../tokens';

const REAL_TIME = 'RTC'; // jupyter-collaboration's drive: the same files
const SAVED_WITHIN = 5000; // ms; jupyter-collaboration saves a second after the last edit
const LAST = 'gristmill-lab:last';

interface ILast {
    readonly order: RunOrder;
    readonly run: string;
}

/** A notebook of this Lab: as its editor shows it where one is open, else as it is on disk. */
class LabSource implements ISource {
    private readonly _pathChanged = new Signal<this, string>(this);
    private readonly _saved = new Signal<this, void>(this);
    private _path: string;
    private _isDisposed = false;

    constructor(
        path: string,
        private readonly contents: Contents.IManager,
        private readonly tracker: INotebookTracker | null,
        private readonly state: IStateDB,
        private readonly trans: ITrans
    ) {
        this._path = path;
        contents.fileChanged.connect(this.onFile, this);
    }

    get path(): string {
        return this._path;
    }

    get pathChanged(): ISignal<this, string> {
        return this._pathChanged;
    }

    get saved(): ISignal<this, void> {
        return this._saved;
    }

    get isDirty(): boolean {
        return this.panel()?.context.model.dirty ?? false;
    }

    localPath(): string {
        const drive = this.contents.driveName(this.path);
        if (drive !== '' && drive !== REAL_TIME) {
            const told = this.trans.__(
                '%1 is on the drive “%2” and not on this server’s disk',
                this.path,
                drive
            );
            throw problemOf(400, JSON.stringify({ message: told }));
        }
        return this.contents.localPath(this.path);
    }

    async read(): Promise<unknown> {
        const panel = this.panel();
        const notebook: unknown = panel
            ? panel.context.model.toJSON()
            : (await this.contents.get(this.path, { type: 'notebook', content: true })).content;
        return withoutOutputs(notebook);
    }

    async save(): Promise<void> {
        const context = this.panel()?.context;
        // What several people have open is saved by the server itself, and Lab would take that for somebody else’s.
        if (context?.model.dirty && !(context.model.collaborative && (await isSaved(context.model)))) {
            await context.save();
        }
    }

    makeParameters(cell: number): Promise<void> {
        const panel = this.panel();
        const shared = panel?.content.model?.sharedModel;
        const coded = shared?.cells.filter(one => one.cell_type === 'code' && one.getSource().trim() !== '');
        const found = coded?.[cell - 1];
        if (!shared || !found) {
            const told = this.trans.__('Open %1 in an editor first', this.path);
            return Promise.reject(problemOf(409, JSON.stringify({ message: told })));
        }
        const tags: unknown = found.getMetadata('tags');
        const kept: string[] = Array.isArray(tags) ? tags.map(String) : [];
        shared.transact(() => {
            found.setMetadata('tags', [...kept, 'parameters']);
        });
        return Promise.resolve();
    }

    async lastOrder(): Promise<RunOrder | null> {
        return (await last(this.state, this.path))?.order ?? null;
    }

    async remember(order: RunOrder, run: Run): Promise<void> {
        const kept: ILast = { order, run: run.id };
        await this.state.save(key(this.path), kept as unknown as ReadonlyPartialJSONValue);
    }

    get isDisposed(): boolean {
        return this._isDisposed;
    }

    dispose(): void {
        this._isDisposed = true;
        this.contents.fileChanged.disconnect(this.onFile, this);
        Signal.clearData(this);
    }

    private onFile(_: unknown, change: Contents.IChangedArgs): void {
        if (change.type === 'save' && change.newValue?.path === this._path) {
            this._saved.emit();
        }
        const path = movedBy(change, this._path);
        if (path !== null) {
            this._path = path;
            this._pathChanged.emit(path);
        }
    }

    private panel(): NotebookPanel | undefined {
        return this.tracker?.find(panel => panel.context.path === this.path && panel.context.isReady);
    }
}

/** Whether it is saved within some seconds, without being asked to. */
function isSaved(model: DocumentRegistry.IModel): Promise<boolean> {
    return new Promise(resolve => {
        const end = (saved: boolean): void => {
            clearTimeout(timer);
            model.stateChanged.disconnect(look);
            resolve(saved);
        };
        const look = (): void => {
            if (!model.dirty) {
                end(true);
            }
        };
        const timer = window.setTimeout(end, SAVED_WITHIN, false);
        model.stateChanged.connect(look);
    });
}

function movedBy(change: Contents.IChangedArgs, path: string): string | null {
    const before = change.oldValue?.path;
    const after = change.newValue?.path;
    return change.type === 'rename' && before && after ? moved(path, before, after) : null;
}

function key(path: string): string {
    return `${LAST}:${path}`;
}

async function last(state: IStateDB, path: string): Promise<ILast | null> {
    const kept = (await state.fetch(key(path))) as ReadonlyPartialJSONObject | undefined;
    if (!kept || typeof kept['run'] !== 'string') {
        return null;
    }
    const { order, run } = kept as unknown as ILast;
    return { run, order: { ...order, secrets: grantsOf(order.secrets) } };
}

/** Before secrets could be variables, their names were remembered. */
function grantsOf(kept: readonly (SecretGrant | string)[]): SecretGrant[] {
    return kept.map(one => (typeof one === 'string' ? { name: one, env: null } : one));
}

/** What is remembered of notebooks goes with them. */
async function carry(state: IStateDB, change: Contents.IChangedArgs): Promise<void> {
    const { ids, values } = await state.list(LAST);
    for (const [at, id] of ids.entries()) {
        const path = movedBy(change, id.slice(LAST.length + 1));
        const kept = values[at];
        if (path !== null && kept !== undefined) {
            await state.save(key(path), kept);
            await state.remove(id);
        }
    }
}

/** Only what a form is made of travels: outputs may be large. */
function withoutOutputs(notebook: unknown): unknown {
    if (typeof notebook !== 'object' || notebook === null || !('cells' in notebook)) {
        return notebook;
    }
    const cells: unknown = notebook.cells;
    const emptied = Array.isArray(cells)
        ? cells.map((cell: unknown) =>
              typeof cell === 'object' && cell !== null && 'outputs' in cell ? { ...cell, outputs: [] } : cell
          )
        : cells;
    return { ...notebook, cells: emptied };
}

export const notebooks: JupyterFrontEndPlugin<INotebooks> = {
    id: 'gristmill-lab:notebooks',
    description: 'Notebooks of this Lab, as runs are made of them.',
    autoStart: true,
    requires: [IStateDB, ITranslator],
    optional: [INotebookTracker],
    provides: INotebooks,
    activate: (
        app: JupyterFrontEnd,
        state: IStateDB,
        translator: ITranslator,
        tracker: INotebookTracker | null
    ): INotebooks => {
        const { contents } = app.serviceManager;
        const trans = translator.load('gristmill_lab');
        contents.fileChanged.connect((_, change) => {
            if (change.type === 'rename') {
                void carry(state, change);
            }
        });
        return {
            source: path => new LabSource(path, contents, tracker, state, trans),
            lastRun: async path => (await last(state, path))?.run ?? null
        };
    }
};
