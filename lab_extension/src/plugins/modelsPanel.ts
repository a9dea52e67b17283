import { ILayoutRestorer, type JupyterFrontEnd, type JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, ReactWidget, showErrorMessage } from '@jupyterlab/apputils';
import { ITranslator } from '@jupyterlab/translation';
import * as React from 'react';

import { CommandIds } from '../commands';
import { ModelsPanel } from '../components/modelsPanel';
import { modelIcon } from '../icons';
import { IControlPlane, IModels } from '../tokens';
import { show } from './placing';
import { SidePanel } from './sidePanel';

const ID = 'gristmill-models';

/** The panel at the left: registered models, and the endpoints that serve them. */
export const modelsPanel: JupyterFrontEndPlugin<void> = {
    id: 'gristmill-lab:models-panel',
    description: 'Registered models and endpoints, at the left.',
    autoStart: true,
    requires: [IControlPlane, IModels, ITranslator],
    optional: [ILayoutRestorer, ICommandPalette],
    activate: (
        app: JupyterFrontEnd,
        { connection }: IControlPlane,
        { registry, endpoints, traffic }: IModels,
        translator: ITranslator,
        restorer: ILayoutRestorer | null,
        palette: ICommandPalette | null
    ): void => {
        const trans = translator.load('gristmill_lab');
        const { commands } = app;
        const execute = (command: string, args: Record<string, string> = {}): void => {
            commands.execute(command, args).catch((error: unknown) => {
                void showErrorMessage(
                    trans.__('This did not work'),
                    error instanceof Error ? error : String(error)
                );
            });
        };
        const panel = new SidePanel();
        panel.id = ID;
        panel.title.icon = modelIcon;
        panel.title.caption = trans.__('Gristmill: models and endpoints');
        panel.addClass('gr-ModelsWidget');
        panel.addWidget(
            ReactWidget.create(
                React.createElement(ModelsPanel, {
                    registry,
                    endpoints,
                    traffic,
                    connection,
                    trans,
                    onModel: ({ name, version }) => {
                        execute(CommandIds.openModel, { model: name, version });
                    },
                    onDeploy: ({ name, version }) => {
                        execute(CommandIds.deployModel, { model: name, version });
                    },
                    onEndpoint: ({ name }) => {
                        execute(CommandIds.openEndpoint, { endpoint: name });
                    },
                    onRegister: () => {
                        execute(CommandIds.registerModel);
                    }
                })
            )
        );
        traffic.watch(() =>
            panel.isVisible && !document.hidden
                ? endpoints.all.filter(one => one.state === 'ready').map(one => one.name)
                : []
        );
        app.shell.add(panel, 'left', { rank: 351, type: 'Gristmill' });
        restorer?.add(panel, ID);
        commands.addCommand(CommandIds.showModels, {
            label: trans.__('Show Models and Endpoints'),
            icon: modelIcon,
            execute: () => {
                show(app, panel);
            }
        });
        palette?.addItem({ command: CommandIds.showModels, category: 'Gristmill' });
    }
};
