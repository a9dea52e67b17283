import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Notification, ReactWidget, showErrorMessage } from '@jupyterlab/apputils';
import { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { type Contents, ServerConnection } from '@jupyterlab/services';
import { ITranslator } from '@jupyterlab/translation';
import * as React from 'react';

import type { Run } from '../api/wire';
import { CommandIds, textArgument } from '../commands';
import { CopyBanner } from '../components/copyBanner';
import { CopyMergeView } from '../components/copyMerge';
import { runIcon } from '../icons';
import { cellsOf } from '../models/cells';
import { CopyMerge, type IThree } from '../models/copyMerge';
import { CopyState } from '../models/copyState';
import { textCells } from '../models/mergeCells';
import { type ICopyOf, copyOf, copyPath, keptOf, orderOf } from '../models/postMortem';
import { baseName } from '../models/quantities';
import { IControlPlane, IRunForms } from '../tokens';
import { goToCell } from './cell';
import { Page } from './page';
import { placeOver } from './placing';

const INJECTED = 'injected-parameters';

/** The changes of one copy; they go with their widget. */
class MergeWidget extends Page {
    constructor(shell: JupyterFrontEnd.IShell, merge: CopyMerge, content: ReactWidget) {
        super({ shell, content, own: [merge], leaves: () => merge.isPristine });
    }
}

/** A failed run is looked into: its executed copy on its own kernel, and the way of a fix back to the source. */
export const postMortem: JupyterFrontEndPlugin<void> = {
    id: 'gristmill-lab:post-mortem',
    description: 'The executed copy of a failed run on its live kernel.',
    autoStart: true,
    requires: [IControlPlane, IRunForms, INotebookTracker, ITranslator],
    optional: [IDefaultFileBrowser],
    activate: (
        app: JupyterFrontEnd,
        { api, runApi, connection }: IControlPlane,
        forms: IRunForms,
        notebooks: INotebookTracker,
        translator: ITranslator,
        browser: IDefaultFileBrowser | null
    ): void => {
        const trans = translator.load('gristmill_lab');
        const { commands } = app;
        const { contents } = app.serviceManager;
        let made = 0;

        const attempt = (done: Promise<unknown>): void => {
            done.catch((error: unknown) => {
                void showErrorMessage(
                    trans.__('This did not work'),
                    error instanceof Error ? error : String(error)
                );
            });
        };

        /** What Lab calls the run’s notebook now, wherever it was when the copy was made. */
        const sourceOf = async (run: Run): Promise<string | null> => {
            const { source } = await api.snapshot(run.snapshot);
            return source ? api.placeOf(source) : null;
        };

        commands.addCommand(CommandIds.openKernel, {
            label: trans.__('Open with Live Kernel'),
            execute: async args => {
                const key = textArgument(args, 'run');
                if (key === null) {
                    return;
                }
                const { run } = await api.run(key);
                const source = await sourceOf(run);
                const kernel = await runApi.attachKernel(run.id);
                const path = await copied(run, source);
                const { id, name } = kernel;
                const panel: unknown = await commands.execute('docmanager:open', {
                    path,
                    factory: 'Notebook',
                    kernel: { id, name }
                });
                if (panel instanceof NotebookPanel) {
                    await panel.context.ready;
                    if (panel.sessionContext.session?.kernel?.id !== id) {
                        await panel.sessionContext.ready;
                        await panel.sessionContext.changeKernel({ id });
                    }
                    await showFailed(panel, run.fault?.cell ?? null);
                }
            }
        });

        /** The copy’s file: the one that is there of this run, else a new one beside the source. */
        const copied = async (run: Run, source: string | null): Promise<string> => {
            const folder = browser?.model.path ?? '';
            const beside =
                source ?? (folder ? `${folder}/${baseName(run.notebook)}` : baseName(run.notebook));
            for (let again = 0; ; again += 1) {
                const path = copyPath(beside, run.number, again);
                const there = await found(contents, path);
                if (there === null) {
                    const content = await runApi.copyOfNotebook(run.id, source);
                    await contents.save(path, { type: 'notebook', format: 'json', content });
                    return path;
                }
                if (copyOf(metadataOf(there.content))?.run === run.id) {
                    return path;
                }
            }
        };

        const showFailed = async (panel: NotebookPanel, cell: number | null): Promise<void> => {
            const at = cell === null ? -1 : placeInCopy(panel, cell);
            if (at >= 0) {
                await goToCell(panel, at);
            }
        };

        // The banner --------------------------------------------------------------------------------------------

        const addBanner = async (panel: NotebookPanel): Promise<void> => {
            await panel.context.ready;
            const shared = panel.context.model.sharedModel;
            const of = copyOf({ gristmill: shared.getMetadata('gristmill') });
            if (of === null || panel.isDisposed) {
                return;
            }
            const context = panel.sessionContext;
            if (!context.kernelPreference.id) {
                // Another kernel than the run's has none of its variables: none is started, and none asked for.
                context.kernelPreference = { ...context.kernelPreference, shouldStart: false };
            }
            const state = new CopyState(api, runApi, connection, of);
            const onHeight = (height: number): void => {
                banner.node.style.minHeight = `${height}px`;
                panel.contentHeader.fit();
            };
            const banner = ReactWidget.create(
                React.createElement(CopyBanner, {
                    state,
                    onHeight,
                    trans,
                    source: of.source,
                    cell: of.cell === null ? null : numberInCopy(panel, of.cell),
                    isAttached: () => isAttached(panel, state),
                    onAttach: () => {
                        attempt(commands.execute(CommandIds.openKernel, { run: of.run }));
                    },
                    onSend: () => {
                        send(panel, of);
                    },
                    onRun: () => {
                        attempt(runFixed(of, state));
                    },
                    onEndAndRun: () => {
                        attempt(endAndRun(of, state));
                    },
                    onEnd: () => {
                        attempt(runApi.endKernel(of.run).then(() => state.load()));
                    }
                })
            );
            banner.addClass('gr-BannerWidget');
            panel.contentHeader.addWidget(banner);
            const onKernel = (): void => {
                if (context.session?.kernel) {
                    void state.attach();
                }
                void state.load();
            };
            context.kernelChanged.connect(onKernel);
            keepFromRestart(panel, state);
            panel.disposed.connect(() => {
                state.dispose();
            });
            await state.load();
            if (context.session?.kernel && state.run && keptOf(state.run)) {
                await state.attach();
            }
        };

        const isAttached = (panel: NotebookPanel, state: CopyState): boolean => {
            const id = panel.sessionContext.session?.kernel?.id;
            return id !== undefined && id === state.kernel;
        };

        /** Lab would ask whether all variables may go, and then do nothing, without a word. */
        const keepFromRestart = (panel: NotebookPanel, state: CopyState): void => {
            const context = panel.sessionContext;
            const restart = context.restartKernel.bind(context);
            const ask = context.kernelPreference.skipKernelRestartDialog ?? false;
            const mark = (): void => {
                const skipKernelRestartDialog = isAttached(panel, state) || ask;
                context.kernelPreference = { ...context.kernelPreference, skipKernelRestartDialog };
            };
            state.changed.connect(mark);
            context.restartKernel = async (): Promise<void> => {
                if (!isAttached(panel, state)) {
                    await restart();
                    return;
                }
                const why = new Error(
                    trans.__(
                        'It is what run %1 left when it failed: a new one would have none of its variables. Run the fixed source instead, or choose another kernel.',
                        state.of.number
                    )
                );
                void showErrorMessage(trans.__('This kernel cannot be restarted'), why);
                throw why; // so that nothing is run that was to be run after it
            };
        };
        notebooks.widgetAdded.connect((_, panel) => {
            void addBanner(panel);
        });

        // Back to the source ------------------------------------------------------------------------------------

        const sourcePath = async (of: ICopyOf): Promise<string> => {
            const { run } = await api.run(of.run);
            const path = (await sourceOf(run)) ?? of.source;
            if (path === null) {
                throw new Error(trans.__('%1 is not in this folder any more', run.notebook));
            }
            return path;
        };

        const three = async (panel: NotebookPanel, of: ICopyOf): Promise<IThree> => {
            const { run } = await api.run(of.run);
            const snapshot = await api.snapshot(run.snapshot);
            const file = snapshot.files.find(one => one.path === snapshot.notebook);
            const base: unknown = file ? JSON.parse(await api.blob(file.digest)) : null;
            const path = await sourcePath(of);
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
        };

        const send = (panel: NotebookPanel, of: ICopyOf): void => {
            const merge = new CopyMerge(() => three(panel, of), trans);
            const source = baseName(of.source ?? '');
            const view = ReactWidget.create(
                React.createElement(CopyMergeView, {
                    merge,
                    number: of.number,
                    source,
                    trans,
                    onSend: () => {
                        attempt(put(merge, of).then(widget.close.bind(widget)));
                    },
                    onCancel: () => {
                        widget.close();
                    }
                })
            );
            const widget = new MergeWidget(app.shell, merge, view);
            made += 1;
            widget.id = `gristmill-copy-merge-${made}`;
            widget.title.label = trans.__('Changes of run %1', of.number);
            widget.title.icon = runIcon;
            widget.addClass('gr-PageWidget');
            placeOver(app, widget, panel);
            void merge.load();
        };

        /** The chosen cells go into the open source, as one edit that can be undone. */
        const put = async (merge: CopyMerge, of: ICopyOf): Promise<void> => {
            const path = await sourcePath(of);
            const panel: unknown = await commands.execute('docmanager:open', { path, factory: 'Notebook' });
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
            Notification.success(
                edits.length === 1
                    ? trans.__('The cell is in %1 now, and not saved yet', baseName(path))
                    : trans.__('%1 cells are in %2 now, and not saved yet', edits.length, baseName(path)),
                {
                    autoClose: 8000,
                    actions: [
                        {
                            label: trans.__('Run it'),
                            callback: () => {
                                attempt(runFixed(of));
                            }
                        }
                    ]
                }
            );
        };

        /** What waits for the kernel’s room begins; where nothing does yet, the fixed source is run. */
        const endAndRun = async (of: ICopyOf, state: CopyState): Promise<void> => {
            const { next } = state;
            await runApi.endKernel(of.run);
            if (next) {
                await commands.execute(CommandIds.openRun, { run: next.id });
            } else {
                await runFixed(of);
            }
            await state.load();
        };

        /** The source as it is now, with the values of the run. What is in the way is said in its form. */
        const runFixed = async (of: ICopyOf, state?: CopyState): Promise<void> => {
            const path = await sourcePath(of);
            const { run } = await api.run(of.run);
            const form = await forms.make(path);
            try {
                form.take(orderOf(run, path));
                const next = await form.run();
                if (next) {
                    forms.launched(next, form.notices);
                    state?.follow(next);
                    await commands.execute(CommandIds.openRun, { run: next.id });
                } else {
                    await forms.open(path, form);
                }
            } finally {
                form.dispose();
            }
        };
    }
};

async function found(contents: Contents.IManager, path: string): Promise<Contents.IModel | null> {
    try {
        return await contents.get(path, { type: 'notebook', content: true });
    } catch (error) {
        if (error instanceof ServerConnection.ResponseError && error.response.status === 404) {
            return null;
        }
        throw error;
    }
}

function metadataOf(notebook: unknown): unknown {
    return typeof notebook === 'object' && notebook !== null && 'metadata' in notebook
        ? notebook.metadata
        : null;
}

/** Where the cell at this place of the source is in the copy, which has a cell of values more. */
function placeInCopy(panel: NotebookPanel, place: number): number {
    let left = place;
    return panel.context.model.sharedModel.cells.findIndex(cell => {
        const tags: unknown = cell.getMetadata('tags');
        if (Array.isArray(tags) && tags.includes(INJECTED)) {
            return false;
        }
        left -= 1;
        return left < 0;
    });
}

/** What the run calls that cell: it counts those that it executes, the one of values among them. */
function numberInCopy(panel: NotebookPanel, place: number): number | null {
    return cellsOf(panel.context.model.toJSON())[placeInCopy(panel, place)]?.number ?? null;
}
