import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Notification, ReactWidget } from '@jupyterlab/apputils';
import { ITranslator } from '@jupyterlab/translation';
import * as React from 'react';

import type { Endpoint } from '../api/wire';
import { CommandIds, textArgument } from '../commands';
import { DeployFormView } from '../components/deployForm';
import { endpointIcon } from '../icons';
import { DeployForm } from '../models/deployForm';
import { progressOf } from '../models/endpoints';
import { keptBy } from '../models/postMortem';
import { IControlPlane, IModels, IRuns } from '../tokens';
import { Aside, beside } from './aside';
import { show } from './placing';

/** Deploys a version, from a form beside what is looked at. */
export const deployForm: JupyterFrontEndPlugin<void> = {
    id: 'gristmill-lab:deploy-form',
    description: 'Tries a model version out, and deploys it at an endpoint.',
    autoStart: true,
    requires: [IControlPlane, IRuns, IModels, ITranslator],
    activate: (
        app: JupyterFrontEnd,
        { api: runsApi, runApi, connection }: IControlPlane,
        runs: IRuns,
        { api, registry, endpoints }: IModels,
        translator: ITranslator
    ): void => {
        const trans = translator.load('gristmill_lab');
        const { commands } = app;
        const forms = new Map<string, Aside>();
        const awaited = new Map<string, number>(); // generations whose forms were closed, by endpoint's id

        const open = (model: string, version: string): Aside => {
            const form = new DeployForm(runsApi, api, endpoints, model, version, trans);
            const key = `${model}/${version}`;
            const content = ReactWidget.create(
                React.createElement(DeployFormView, {
                    form,
                    connection,
                    api,
                    trans,
                    ...keptBy(runs, runApi),
                    onOpen: ({ name }) => {
                        void commands.execute(CommandIds.openEndpoint, { endpoint: name });
                    },
                    onCancel: () => {
                        widget.close();
                    }
                })
            );
            const widget = new Aside(app.shell, content, form);
            widget.id = `gristmill-deploy-${key}`;
            widget.title.label = trans.__('Deploy %1', key);
            widget.title.icon = endpointIcon;
            forms.set(key, widget);
            widget.disposed.connect(() => {
                forms.delete(key);
                const { endpoint, progress } = form;
                if (endpoint && progress && progress.step !== 'ready' && !progress.failed) {
                    awaited.set(endpoint.id, endpoint.generation);
                }
            });
            beside(app.shell, widget);
            void form.load();
            return widget;
        };

        /** Who closed the form before its end is told how it ended. */
        const tell = (endpoint: Endpoint, generation: number): void => {
            const progress = progressOf(endpoint, generation, trans);
            if (progress.step !== 'ready' && !progress.failed) {
                return;
            }
            awaited.delete(endpoint.id);
            const actions = [
                {
                    label: trans.__('Open'),
                    callback: (): void => {
                        void commands.execute(CommandIds.openEndpoint, { endpoint: endpoint.name });
                    }
                }
            ];
            if (progress.failed) {
                const said = trans.__('Endpoint %1: %2', endpoint.name, progress.said);
                Notification.error(said, { actions, autoClose: 20_000 });
            } else {
                Notification.success(trans.__('Endpoint %1 is ready', endpoint.name), {
                    actions,
                    autoClose: 5000
                });
            }
        };
        endpoints.changed.connect(() => {
            for (const endpoint of endpoints.all) {
                const generation = awaited.get(endpoint.id);
                if (generation !== undefined) {
                    tell(endpoint, generation);
                }
            }
        });

        /** The version that was made of a run; it is registered first where there is none. */
        const ofRun = async (run: string): Promise<void> => {
            const [{ run: found }] = await Promise.all([
                runsApi.run(run),
                registry.loaded ? undefined : registry.refresh()
            ]);
            const made = registry.madeBy(found.id);
            await commands.execute(
                made ? CommandIds.deployModel : CommandIds.registerModel,
                made ? { model: made.name, version: made.version } : { run: found.id, deploy: true }
            );
        };

        commands.addCommand(CommandIds.deployModel, {
            label: trans.__('Deploy Model…'),
            caption: trans.__('Try the model out, and serve it at an endpoint'),
            icon: endpointIcon,
            execute: async args => {
                const model = textArgument(args, 'model');
                const version = textArgument(args, 'version');
                const run = textArgument(args, 'run');
                if (model !== null && version !== null) {
                    show(app, forms.get(`${model}/${version}`) ?? open(model, version));
                } else if (run !== null) {
                    await ofRun(run);
                }
            }
        });
    }
};
