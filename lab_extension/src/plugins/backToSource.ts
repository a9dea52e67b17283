import type { JupyterFrontEnd } from '@jupyterlab/application';
import { Notification, ReactWidget } from '@jupyterlab/apputils';
import type { DocumentRegistry } from '@jupyterlab/docregistry';
import { type INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import * as React from 'react';

import type { Run } from '../api/wire';
import { CommandIds } from '../commands';
import { CopyMergeView } from '../components/copyMerge';
import { runIcon } from '../icons';
import { cellsOf } from '../models/cells';
import { CopyMerge, type IThree } from '../models/copyMerge';
import type { CopyState } from '../models/copyState';
import { textCells } from '../models/mergeCells';
import { type ICopyOf, orderOf } from '../models/postMortem';
import { baseName } from '../models/quantities';
import type { ITrans } from '../models/translation';
import type { IControlPlane, IRunForms } from '../tokens';
import { attempting } from './attempt';
import { goToCell } from './cell';
import { Page } from './page';
import { placeOver } from './placing';

/** The changes of one copy; they go with their widget. */
class MergeWidget extends Page {
    constructor(shell: JupyterFrontEnd.IShell, merge: CopyMerge, content: ReactWidget) {
        super({ shell, content, own: [merge], leaves: () => merge.isPristine });
    }
}

interface IWhat extends Pick<IControlPlane, 'api' | 'runApi'> {
    readonly forms: IRunForms;
    readonly notebooks: INotebookTracker;
    readonly trans: ITrans;
}

/** The way of a fix from the copy of a failed run into its source, and into the next run. */
export class BackToSource {
    private readonly attempt: (done: Promise<unknown>) => void;
    private made = 0;

    constructor(
        private readonly app: JupyterFrontEnd,
        private readonly what: IWhat
    ) {
        this.attempt = attempting(what.trans);
    }

    /** What Lab calls the run’s notebook now, wherever it was when the copy was made. */
    async sourceOf(run: Run): Promise<string | null> {
        const { api } = this.what;
        const { source } = await api.snapshot(run.snapshot);
        return source ? api.placeOf(source) : null;
    }

    private async sourcePath(of: ICopyOf): Promise<string> {
        const { api, trans } = this.what;
        const { run } = await api.run(of.run);
        const path = (await this.sourceOf(run)) ?? of.source;
        if (path === null) {
            throw new Error(trans.__('%1 is not in this folder any more', run.notebook));
        }
        return path;
    }

    /** As it ran, as it is in the source now, as it is in the copy. */
    private async three(panel: NotebookPanel, of: ICopyOf): Promise<IThree> {
        const { api, notebooks } = this.what;
        const { contents } = this.app.serviceManager;
        const { run } = await api.run(of.run);
        const snapshot = await api.snapshot(run.snapshot);
        const file = snapshot.files.find(one => one.path === snapshot.notebook);
        const base: unknown = file ? JSON.parse(await api.blob(file.digest)) : null;
        const path = await this.sourcePath(of);
        const open = notebooks.find(one => one.context.path === path);
        const source: unknown = open
            ? open.context.model.toJSON()
            : (await contents.get(path, { type: 'notebook', content: true })).content;
        const counted = cellsOf(base, run.given.length > 0).filter(one => !one.injected);
        return {
            base: textCells(base),
            numbers: counted.map(one => one.number),
            copy: textCells(panel.context.model.toJSON()),
            source: textCells(source)
        };
    }

    /** What of the copy goes into its source is looked at, in front of the copy. */
    send(panel: NotebookPanel, of: ICopyOf): void {
        const { trans } = this.what;
        const merge = new CopyMerge(() => this.three(panel, of), trans);
        const source = baseName(of.source ?? '');
        const view = ReactWidget.create(
            React.createElement(CopyMergeView, {
                merge,
                number: of.number,
                source,
                trans,
                onSend: () => {
                    this.attempt(this.put(merge, of).then(widget.close.bind(widget)));
                },
                onCancel: () => {
                    widget.close();
                }
            })
        );
        const widget = new MergeWidget(this.app.shell, merge, view);
        this.made += 1;
        widget.id = `gristmill-copy-merge-${this.made}`;
        widget.title.label = trans.__('Changes of run %1', of.number);
        widget.title.icon = runIcon;
        widget.addClass('gr-PageWidget');
        placeOver(this.app, widget, panel);
        void merge.load();
    }

    /** The chosen cells go into the open source, as one edit that can be undone. */
    private async put(merge: CopyMerge, of: ICopyOf): Promise<void> {
        const { trans } = this.what;
        const path = await this.sourcePath(of);
        const panel: unknown = await this.app.commands.execute('docmanager:open', {
            path,
            factory: 'Notebook'
        });
        if (!(panel instanceof NotebookPanel)) {
            throw new Error(trans.__('%1 cannot be opened', path));
        }
        await panel.context.ready;
        // What is in the editor now is what counts: it may have changed since the cells were compared.
        await merge.load();
        if (merge.hindrance !== null) {
            throw new Error(merge.hindrance);
        }
        const { edits } = merge;
        const shared = panel.context.model.sharedModel;
        shared.transact(() => {
            for (const { kind, at, cell, source } of edits) {
                if (kind === 'delete') {
                    shared.deleteCell(at);
                } else if (kind === 'insert') {
                    shared.insertCell(at, { cell_type: cell, source, metadata: {} });
                } else {
                    shared.getCell(at).setSource(source);
                }
            }
        });
        const first = Math.min(...edits.map(edit => edit.at));
        await goToCell(panel, first);
        const told = Notification.success(
            edits.length === 1
                ? trans.__('The cell is in %1 now, and not saved yet', baseName(path))
                : trans.__('%1 cells are in %2 now, and not saved yet', edits.length, baseName(path)),
            {
                autoClose: 8000,
                actions: [
                    {
                        label: trans.__('Run it'),
                        callback: () => {
                            this.attempt(this.runFixed(of));
                        }
                    }
                ]
            }
        );
        // It stands over the buttons of a form, and is not true any more once the source is saved.
        const dismiss = (_: unknown, state: DocumentRegistry.SaveState): void => {
            if (state === 'completed') {
                Notification.dismiss(told);
                panel.context.saveState.disconnect(dismiss);
            }
        };
        panel.context.saveState.connect(dismiss);
    }

    /** What waits for the kernel’s room begins; where nothing does yet, the fixed source is run. */
    async endAndRun(of: ICopyOf, state: CopyState): Promise<void> {
        const { next } = state;
        await this.what.runApi.endKernel(of.run);
        if (next) {
            await this.app.commands.execute(CommandIds.openRun, { run: next.id });
        } else {
            await this.runFixed(of);
        }
        await state.load();
    }

    /** The source as it is now, with the values of the run. What is in the way is said in its form. */
    async runFixed(of: ICopyOf, state?: CopyState): Promise<void> {
        const { api, forms } = this.what;
        const path = await this.sourcePath(of);
        const { run } = await api.run(of.run);
        const form = await forms.make(path);
        try {
            form.take(orderOf(run, path));
            const next = await form.run();
            if (next) {
                forms.launched(next, form.notices);
                state?.follow(next);
                await this.app.commands.execute(CommandIds.openRun, { run: next.id });
            } else {
                await forms.open(path, form);
            }
        } finally {
            form.dispose();
        }
    }
}
