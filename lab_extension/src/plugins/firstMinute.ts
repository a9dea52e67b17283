import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, showErrorMessage } from '@jupyterlab/apputils';
import { IDocumentManager } from '@jupyterlab/docmanager';
import { FileDialog, IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import { ILauncher } from '@jupyterlab/launcher';
import { ITranslator } from '@jupyterlab/translation';

import { CommandIds } from '../commands';
import { exampleIcon, runIcon } from '../icons';
import { IControlPlane, IRunForms } from '../tokens';

/** Where one begins: cards of the launcher, and what they do. */
export const firstMinute: JupyterFrontEndPlugin<void> = {
    id: 'gristmill-lab:first-minute',
    description: 'Where one begins: a notebook to run, the churn example, the runs.',
    autoStart: true,
    requires: [IControlPlane, IRunForms, ITranslator],
    optional: [IDocumentManager, ILauncher, ICommandPalette, IDefaultFileBrowser],
    activate: (
        app: JupyterFrontEnd,
        { api }: IControlPlane,
        forms: IRunForms,
        translator: ITranslator,
        documents: IDocumentManager | null,
        launcher: ILauncher | null,
        palette: ICommandPalette | null,
        files: IDefaultFileBrowser | null
    ): void => {
        const trans = translator.load('gristmill_lab');
        const { commands } = app;
        const category = 'Gristmill';

        commands.addCommand(CommandIds.openExample, {
            label: trans.__('Open the Churn Example'),
            caption: trans.__('Which customers will leave: a notebook to run, copied into this folder'),
            icon: exampleIcon,
            execute: async () => {
                try {
                    const path = await api.openExample();
                    void files?.model.refresh(); // it would see the new folder only when it looks by itself
                    // The launcher gives its place to what a card opens, where that is answered.
                    return (await commands.execute('docmanager:open', { path })) as unknown;
                } catch (error) {
                    await showErrorMessage(
                        trans.__('The example cannot be opened'),
                        error instanceof Error ? error : String(error)
                    );
                    return undefined;
                }
            }
        });
        if (documents) {
            commands.addCommand(CommandIds.chooseNotebook, {
                label: trans.__('Run a Notebook…'),
                caption: trans.__('Choose a notebook and run it as an experiment'),
                icon: runIcon,
                execute: async () => {
                    const { value } = await FileDialog.getOpenFiles({
                        manager: documents,
                        title: trans.__('Run which notebook?'),
                        label: trans.__('The notebook is copied and run; it stays as it is'),
                        filter: model => (model.type === 'notebook' ? {} : null),
                        translator
                    });
                    const path = value?.[0]?.type === 'notebook' ? value[0].path : null;
                    if (path !== null) {
                        await commands.execute('docmanager:open', { path });
                        await forms.open(path);
                    }
                }
            });
            palette?.addItem({ command: CommandIds.chooseNotebook, category });
            launcher?.add({ command: CommandIds.chooseNotebook, category, rank: 1 });
        }
        palette?.addItem({ command: CommandIds.openExample, category });
        launcher?.add({ command: CommandIds.openExample, category, rank: 2 });
        launcher?.add({ command: CommandIds.showRuns, category, rank: 3 });
    }
};
