import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IToolbarWidgetRegistry, ReactWidget } from '@jupyterlab/apputils';
import type { NotebookPanel } from '@jupyterlab/notebook';
import { ITranslator } from '@jupyterlab/translation';
import { ToolbarButton } from '@jupyterlab/ui-components';
import type { Widget } from '@lumino/widgets';
import * as React from 'react';

import { CommandIds } from '../commands';
import { LastRun } from '../components/lastRun';
import { runIcon } from '../icons';
import { NotebookRuns } from '../models/notebookRuns';
import { IControlPlane, INotebooks, IRuns } from '../tokens';

/** Both buttons know their own notebook: with two side by side, each acts on the one that it stands in. */
export const toolbar: JupyterFrontEndPlugin<void> = {
    id: 'gristmill-lab:toolbar',
    description: 'The notebook’s toolbar: run it, and how its last run went.',
    autoStart: true,
    requires: [IToolbarWidgetRegistry, IControlPlane, IRuns, INotebooks, ITranslator],
    activate: (
        app: JupyterFrontEnd,
        registry: IToolbarWidgetRegistry,
        { runApi, connection }: IControlPlane,
        runs: IRuns,
        notebooks: INotebooks,
        translator: ITranslator
    ): void => {
        const trans = translator.load('gristmill_lab');
        registry.addFactory<NotebookPanel>(
            'Notebook',
            'gristmill-run',
            (panel): Widget =>
                new ToolbarButton({
                    icon: runIcon,
                    label: trans.__('Run as experiment'),
                    tooltip: trans.__('Run a copy of this notebook, with parameters and metrics kept'),
                    onClick: () => {
                        void app.commands.execute(CommandIds.runForm, { path: panel.context.path });
                    }
                })
        );
        registry.addFactory<NotebookPanel>('Notebook', 'gristmill-last-run', (panel): Widget => {
            const { context } = panel;
            const found = new NotebookRuns(runApi, runs, () => context.path, notebooks.lastRun);
            const chip = ReactWidget.create(
                React.createElement(LastRun, {
                    found,
                    trans,
                    onOpen: run => {
                        void app.commands.execute(CommandIds.openRun, { run: run.id });
                    }
                })
            );
            const load = (): void => {
                void found.load();
            };
            connection.refreshed.connect(load);
            context.pathChanged.connect(load);
            chip.disposed.connect(() => {
                connection.refreshed.disconnect(load);
                found.dispose();
            });
            load();
            return chip;
        });
    }
};
