import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ReactWidget, showErrorMessage } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import type { Contents } from '@jupyterlab/services';
import { ITranslator } from '@jupyterlab/translation';
import * as React from 'react';

import type { Run } from '../api/wire';
import { CommandIds, textArgument } from '../commands';
import { CopyBanner } from '../components/copyBanner';
import { cellsOf } from '../models/cells';
import { CopyState } from '../models/copyState';
import { copyOf, copyPath, keptOf } from '../models/postMortem';
import { baseName } from '../models/quantities';
import { IControlPlane, IRunForms } from '../tokens';
import { attempting } from './attempt';
import { BackToSource } from './backToSource';
import { goToCell } from './cell';

const INJECTED = 'injected-parameters';

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

        const attempt = attempting(trans);
        const back = new BackToSource(app, { api, runApi, forms, notebooks, trans });

        commands.addCommand(CommandIds.openKernel, {
            label: trans.__('Open with Live Kernel'),
            execute: async args => {
                const key = textArgument(args, 'run');
                if (key === null) {
                    return;
                }
                const { run } = await api.run(key);
                const source = await back.sourceOf(run);
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
                        back.send(panel, of);
                    },
                    onRun: () => {
                        attempt(back.runFixed(of, state));
                    },
                    onEndAndRun: () => {
                        attempt(back.endAndRun(of, state));
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
    }
};

/** null where there is none: its folder is asked, since a browser writes down each file that was not found as an error. */
async function found(contents: Contents.IManager, path: string): Promise<Contents.IModel | null> {
    const folder = await contents.get(PathExt.dirname(path), { type: 'directory', content: true });
    const files = folder.content as readonly Contents.IModel[];
    return files.some(one => one.name === PathExt.basename(path))
        ? contents.get(path, { type: 'notebook', content: true })
        : null;
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
