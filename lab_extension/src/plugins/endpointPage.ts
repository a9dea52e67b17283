import { ILayoutRestorer, type JupyterFrontEnd, type JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Dialog, ReactWidget, WidgetTracker, showDialog, showErrorMessage } from '@jupyterlab/apputils';
import { ITranslator } from '@jupyterlab/translation';
import * as React from 'react';

import type { Endpoint, Traffic } from '../api/wire';
import { CommandIds, textArgument } from '../commands';
import { DeletionWarning } from '../components/deletion';
import { EndpointPageView } from '../components/endpointPage';
import { endpointIcon } from '../icons';
import { EndpointPage } from '../models/endpointPage';
import { IControlPlane, IModels } from '../tokens';
import { Page } from './page';
import { notebookInSight, place, show } from './placing';

class EndpointPageWidget extends Page {
    constructor(
        shell: JupyterFrontEnd.IShell,
        readonly page: EndpointPage,
        content: ReactWidget
    ) {
        super({ shell, content, own: [page] });
    }
}

/** One endpoint in the main area, and what can be done with it. */
export const endpointPage: JupyterFrontEndPlugin<void> = {
    id: 'gristmill-lab:endpoint-page',
    description: 'One endpoint: its state and traffic, how it is called, a form to ask it by hand, its log.',
    autoStart: true,
    requires: [IControlPlane, IModels, ITranslator],
    optional: [ILayoutRestorer],
    activate: (
        app: JupyterFrontEnd,
        { connection }: IControlPlane,
        { api, endpoints, traffic }: IModels,
        translator: ITranslator,
        restorer: ILayoutRestorer | null
    ): void => {
        const trans = translator.load('gristmill_lab');
        const { commands } = app;
        const pages = new WidgetTracker<EndpointPageWidget>({ namespace: 'gristmill-endpoint-page' });

        const open = (name: string): EndpointPageWidget => {
            const page = new EndpointPage(api, endpoints, name, trans);
            const content = ReactWidget.create(
                React.createElement(EndpointPageView, {
                    page,
                    api,
                    traffic,
                    connection,
                    trans,
                    onVersion: (model, version) => {
                        void commands.execute(CommandIds.openModel, { model, version });
                    },
                    onOthers: () => {
                        void commands.execute(CommandIds.showModels);
                    },
                    onDelete: endpoint => {
                        commands
                            .execute(CommandIds.deleteEndpoint, { endpoint: endpoint.name })
                            .catch((error: unknown) => {
                                void showErrorMessage(
                                    trans.__('This did not work'),
                                    error instanceof Error ? error : String(error)
                                );
                            });
                    }
                })
            );
            const widget = new EndpointPageWidget(app.shell, page, content);
            widget.id = `gristmill-endpoint-${name}`;
            widget.title.label = name;
            widget.title.icon = endpointIcon;
            widget.addClass('gr-PageWidget');
            place(app, widget, notebookInSight(app));
            void pages.add(widget);
            void page.load();
            const watching = traffic.watch(() =>
                widget.isVisible && !document.hidden && page.endpoint?.state === 'ready' ? [name] : []
            );
            widget.disposed.connect(() => {
                watching.dispose();
            });
            return widget;
        };

        /** Who called lately, as far as the endpoint can say. */
        const callersOf = async (endpoint: Endpoint): Promise<Traffic | null> => {
            try {
                return endpoint.state === 'ready' ? await api.traffic(endpoint.name) : null;
            } catch {
                return null; // it does not answer: the dialog says that it is not known
            }
        };

        commands.addCommand(CommandIds.openEndpoint, {
            label: trans.__('Open Endpoint'),
            execute: args => {
                const name = textArgument(args, 'endpoint');
                if (name === null) {
                    return;
                }
                const known = pages.find(one => one.page.name === name);
                // A page that says that its endpoint was deleted is not that of a new one by the same name.
                if (known?.page.deleted) {
                    known.dispose();
                }
                const widget = known && !known.isDisposed ? known : open(name);
                show(app, widget);
                traffic.askAll();
            }
        });
        commands.addCommand(CommandIds.deleteEndpoint, {
            label: trans.__('Delete Endpoint…'),
            execute: async args => {
                const name = textArgument(args, 'endpoint');
                if (name === null) {
                    return;
                }
                const endpoint = await api.endpoint(name);
                const answer = await showDialog({
                    title: trans.__('Delete endpoint %1?', name),
                    body: React.createElement(DeletionWarning, {
                        endpoint,
                        traffic: await callersOf(endpoint),
                        trans
                    }),
                    buttons: [
                        Dialog.cancelButton({ label: trans.__('Keep') }),
                        Dialog.warnButton({ label: trans.__('Delete endpoint %1', name) })
                    ],
                    defaultButton: 0 // who presses Enter without reading keeps it
                });
                if (answer.button.accept) {
                    const deleted = await api.deleteEndpoint(name);
                    endpoints.remove(deleted.id);
                    pages.find(one => one.page.name === name)?.close(); // whoever deletes it needs no page that says so
                }
            }
        });
        if (restorer) {
            void restorer.restore(pages, {
                command: CommandIds.openEndpoint,
                args: ({ page }) => ({ endpoint: page.name }),
                name: ({ page }) => page.name
            });
        }
    }
};
