import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Dialog, Notification, showDialog } from '@jupyterlab/apputils';
import { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import { NotebookPanel } from '@jupyterlab/notebook';
import { ITranslator } from '@jupyterlab/translation';

import type { Run } from '../api/wire';
import { CommandIds, textArgument } from '../commands';
import { baseName } from '../models/quantities';
import { orderOf } from '../models/postMortem';
import { IControlPlane, IRunForms, IRuns } from '../tokens';
import { goToCell } from './cell';

/** What can be done with a run, as commands: from its page, lists, the palette. */
export const runActions: JupyterFrontEndPlugin<void> = {
    id: 'gristmill-lab:run-actions',
    description: 'What can be done with a run.',
    autoStart: true,
    requires: [IControlPlane, IRuns, IRunForms, ITranslator],
    optional: [IDefaultFileBrowser],
    activate: (
        app: JupyterFrontEnd,
        { api, runApi }: IControlPlane,
        runs: IRuns,
        forms: IRunForms,
        translator: ITranslator,
        browser: IDefaultFileBrowser | null
    ): void => {
        const trans = translator.load('gristmill_lab');
        const { commands } = app;

        /** What Lab calls a run’s notebook; null where it has it not. */
        const sourceOf = async (run: Run): Promise<string | null> => {
            const { source } = await api.snapshot(run.snapshot);
            return source ? api.placeOf(source) : null;
        };
        const knownSource = async (run: Run): Promise<string> => {
            const path = await sourceOf(run);
            if (path === null) {
                throw new Error(trans.__('%1 is not in this folder any more', run.notebook));
            }
            return path;
        };
        const add = (command: string, label: string, does: (run: string) => Promise<unknown>): void => {
            commands.addCommand(command, {
                label,
                execute: async args => {
                    const key = textArgument(args, 'run');
                    if (key !== null) {
                        await does(key);
                    }
                }
            });
        };

        add(CommandIds.cancelRun, trans.__('Cancel Run'), async key => {
            runs.add(await api.cancelRun(key));
        });
        add(CommandIds.rerun, trans.__('Run Once More'), async key => {
            const run = await api.rerun(key);
            runs.add(run);
            await commands.execute(CommandIds.openRun, { run: run.id });
        });
        add(CommandIds.openSource, trans.__('Open Notebook of Run'), async key => {
            const { run } = await api.run(key);
            await openAt(await knownSource(run), run.fault?.cell ?? null);
        });
        add(CommandIds.editRun, trans.__('Edit and Run Again…'), async key => {
            const { run } = await api.run(key);
            const path = await knownSource(run);
            await openAt(path, run.fault?.cell ?? null);
            const filled = await forms.make(path);
            try {
                filled.take(orderOf(run, path));
                await forms.open(path, filled);
            } finally {
                filled.dispose();
            }
        });
        add(CommandIds.deleteRun, trans.__('Delete Run…'), async key => {
            const { run } = await api.run(key);
            const answer = await showDialog({
                title: trans.__('Delete run %1?', run.name),
                body: trans.__(
                    'Its metrics, log, executed notebook and outputs go with it. The notebook itself stays.'
                ),
                buttons: [
                    Dialog.cancelButton({ label: trans.__('Keep') }),
                    Dialog.warnButton({ label: trans.__('Delete run %1', run.name) })
                ],
                defaultButton: 0 // who presses Enter without reading keeps it
            });
            if (answer.button.accept) {
                await api.deleteRun(run.id);
            }
        });

        /** The notebook opens, at this cell of its. */
        const openAt = async (path: string, cell: number | null): Promise<void> => {
            const panel: unknown = await commands.execute('docmanager:open', { path });
            if (panel instanceof NotebookPanel && cell !== null) {
                await goToCell(panel, cell);
            }
        };

        commands.addCommand(CommandIds.downloadNotebook, {
            label: args =>
                args['kind'] === 'ipynb'
                    ? trans.__('Download Executed Notebook')
                    : args['code'] === false
                      ? trans.__('Download as HTML without Code')
                      : trans.__('Download as HTML'),
            execute: args => {
                const key = textArgument(args, 'run');
                if (key !== null) {
                    const kind = args['kind'] === 'ipynb' ? 'ipynb' : 'html';
                    download(runApi.notebookUrl(key, kind, args['code'] !== false));
                }
            }
        });

        commands.addCommand(CommandIds.copyOutputs, {
            label: trans.__('Copy Outputs to My Folder'),
            execute: async args => {
                const key = textArgument(args, 'run');
                const names = Array.isArray(args['names']) ? args['names'].map(String) : [];
                if (key === null) {
                    return;
                }
                const { run } = await api.run(key);
                const source = await sourceOf(run);
                const folder =
                    source === null
                        ? (browser?.model.path ?? '')
                        : source.slice(0, Math.max(0, source.lastIndexOf('/')));
                let copied = await runApi.copyOutputs(run.id, { folder, names, overwrite: false });
                const existing = copied.existing;
                if (existing.length > 0) {
                    const answer = await showDialog({
                        title: trans.__('Overwrite what is there?'),
                        body: trans.__('These are there already: %1', existing.join(', ')),
                        buttons: [
                            Dialog.cancelButton({ label: trans.__('Leave them') }),
                            Dialog.warnButton({
                                label:
                                    existing.length === 1
                                        ? trans.__('Overwrite %1', baseName(existing[0] ?? ''))
                                        : trans.__('Overwrite %1 files', existing.length)
                            })
                        ],
                        defaultButton: 0 // who presses Enter without reading keeps it
                    });
                    if (!answer.button.accept) {
                        return;
                    }
                    copied = await runApi.copyOutputs(run.id, { folder, names, overwrite: true });
                }
                const paths = copied.paths;
                await browser?.model.refresh();
                Notification.success(
                    paths.length === 1
                        ? trans.__('%1 is in your folder', paths[0] ?? '')
                        : trans.__('%1 files are in your folder %2', paths.length, folder || '/'),
                    {
                        autoClose: 5000,
                        actions: [
                            {
                                label: trans.__('Show'),
                                callback: () => {
                                    void commands.execute('filebrowser:open-path', {
                                        path: paths[0] ?? folder
                                    });
                                }
                            }
                        ]
                    }
                );
            }
        });
    }
};

/** The browser saves it; nothing of this page changes. */
function download(url: string): void {
    const link = document.createElement('a');
    link.href = url;
    link.download = '';
    document.body.append(link);
    link.click();
    link.remove();
}
