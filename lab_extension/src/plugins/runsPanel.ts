import { ILayoutRestorer, type JupyterFrontEnd, type JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, ReactWidget, showErrorMessage } from '@jupyterlab/apputils';
import { ITranslator } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';
import * as React from 'react';

import type { InteractiveRun, Run } from '../api/wire';
import { CommandIds, textArgument } from '../commands';
import { RunsPanel } from '../components/runsPanel';
import { millIcon } from '../icons';
import { Interactive } from '../models/interactive';
import { IControlPlane, IRuns } from '../tokens';
import { show } from './placing';
import { SidePanel } from './sidePanel';

const ID = 'gristmill-runs';

/** The panel at the left: what runs, and what ran. */
export const runsPanel: JupyterFrontEndPlugin<void> = {
    id: 'gristmill-lab:runs-panel',
    description: 'What runs and what ran, at the left.',
    autoStart: true,
    requires: [IControlPlane, IRuns, ITranslator],
    optional: [ILayoutRestorer, ICommandPalette],
    activate: (
        app: JupyterFrontEnd,
        { api, runApi, connection }: IControlPlane,
        runs: IRuns,
        translator: ITranslator,
        restorer: ILayoutRestorer | null,
        palette: ICommandPalette | null
    ): void => {
        const trans = translator.load('gristmill_lab');
        const { commands } = app;
        const failed = (error: unknown): void => {
            void showErrorMessage(
                trans.__('This did not work'),
                error instanceof Error ? error : String(error)
            );
        };
        const execute = (command: string, run: Run): void => {
            commands.execute(command, { run: run.id }).catch(failed);
        };
        const openNotebook = async ({ source, notebook }: InteractiveRun): Promise<void> => {
            const path = source ? await api.placeOf(source) : notebook;
            if (path === null) {
                throw new Error(trans.__('%1 is not in this folder any more', notebook));
            }
            await commands.execute('docmanager:open', { path });
        };
        const asked = new Signal<object, string>({});
        const panel = new SidePanel();
        panel.id = ID;
        panel.title.icon = millIcon;
        panel.title.caption = trans.__('Gristmill: runs');
        panel.addClass('gr-RunsWidget');
        panel.addWidget(
            ReactWidget.create(
                React.createElement(RunsPanel, {
                    runs,
                    connection,
                    interactive: new Interactive(runApi, connection),
                    onNotebook: run => {
                        openNotebook(run).catch(failed);
                    },
                    trans,
                    onOpen: run => {
                        execute(CommandIds.openRun, run);
                    },
                    onCancel: run => {
                        execute(CommandIds.cancelRun, run);
                    },
                    asked,
                    onTable: () => {
                        commands.execute(CommandIds.openTable).catch(failed);
                    },
                    onStart: () => {
                        const open = commands.isEnabled(CommandIds.runForm);
                        commands.execute(open ? CommandIds.runForm : CommandIds.chooseNotebook).catch(failed);
                    },
                    onExample: () => {
                        commands.execute(CommandIds.openExample).catch(failed);
                    }
                })
            )
        );
        app.shell.add(panel, 'left', { rank: 350, type: 'Gristmill' });
        restorer?.add(panel, ID);
        commands.addCommand(CommandIds.showRuns, {
            label: trans.__('Show Runs'),
            icon: millIcon,
            execute: args => {
                show(app, panel);
                const filter = textArgument(args, 'filter');
                if (filter !== null) {
                    asked.emit(filter);
                }
            }
        });
        palette?.addItem({ command: CommandIds.showRuns, category: 'Gristmill' });
    }
};
