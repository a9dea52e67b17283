import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { ILauncher } from '@jupyterlab/launcher';
import { ITranslator } from '@jupyterlab/translation';

import { MlflowPages } from '../api/mlflow';
import { CommandIds, textArgument } from '../commands';
import { mlflowIcon } from '../icons';
import { IMlflowPages } from '../tokens';

/** MLflow’s own pages, below this server’s address, each in a tab of the browser. */
export const mlflow: JupyterFrontEndPlugin<IMlflowPages> = {
    id: 'gristmill-lab:mlflow',
    description: 'MLflow’s pages, under this server’s login.',
    autoStart: true,
    requires: [ITranslator],
    optional: [ICommandPalette, ILauncher],
    provides: IMlflowPages,
    activate: (
        app: JupyterFrontEnd,
        translator: ITranslator,
        palette: ICommandPalette | null,
        launcher: ILauncher | null
    ): IMlflowPages => {
        const trans = translator.load('gristmill_lab');
        const pages = new MlflowPages(app.serviceManager.serverSettings);
        app.commands.addCommand(CommandIds.openMlflow, {
            label: args => (textArgument(args, 'run') ? trans.__('Open in MLflow') : trans.__('MLflow')),
            caption: trans.__('MLflow’s own pages, in a new tab of the browser'),
            icon: mlflowIcon,
            execute: args => {
                const run = textArgument(args, 'run');
                window.open(run === null ? pages.first : pages.run(run), '_blank', 'noopener');
            }
        });
        palette?.addItem({ command: CommandIds.openMlflow, category: 'Gristmill' });
        launcher?.add({ command: CommandIds.openMlflow, category: 'Gristmill', rank: 4 });
        return pages;
    }
};
