import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, ReactWidget } from '@jupyterlab/apputils';
import { ITranslator } from '@jupyterlab/translation';
import * as React from 'react';

import type { ModelVersion } from '../api/wire';
import { CommandIds, textArgument } from '../commands';
import { RegisterFormView } from '../components/registerForm';
import { modelIcon } from '../icons';
import { RegisterForm } from '../models/registerForm';
import { IControlPlane, IModels, IRuns } from '../tokens';
import { Aside, beside } from './aside';
import { show } from './placing';

/** Registers a model of a run, from a form beside it. */
export const registerForm: JupyterFrontEndPlugin<void> = {
    id: 'gristmill-lab:register-form',
    description: 'Makes a model that a run logged the next version of a registered model.',
    autoStart: true,
    requires: [IControlPlane, IModels, IRuns, ITranslator],
    optional: [ICommandPalette],
    activate: (
        app: JupyterFrontEnd,
        { api: runsApi, connection }: IControlPlane,
        { api, registry }: IModels,
        runs: IRuns,
        translator: ITranslator,
        palette: ICommandPalette | null
    ): void => {
        const trans = translator.load('gristmill_lab');
        const { commands } = app;
        const forms = new Map<string, Aside>();

        const open = (run: string | null, thenDeploy: boolean): Aside => {
            const form = new RegisterForm(runsApi, api, registry, runs, run, trans);
            const deploy = ({ name, version }: ModelVersion): void => {
                void commands.execute(CommandIds.deployModel, { model: name, version }).then(() => {
                    widget.close();
                });
            };
            const content = ReactWidget.create(
                React.createElement(RegisterFormView, {
                    form,
                    connection,
                    trans,
                    thenDeploy,
                    onOpen: ({ name, version }) => {
                        void commands.execute(CommandIds.openModel, { model: name, version });
                    },
                    onDeploy: deploy,
                    onCancel: () => {
                        widget.close();
                    }
                })
            );
            const widget = new Aside(app.shell, content, form);
            const key = run ?? '';
            widget.id = `gristmill-register-${key}`;
            widget.title.label = trans.__('Register a model');
            widget.title.icon = modelIcon;
            forms.set(key, widget);
            widget.disposed.connect(() => forms.delete(key));
            beside(app.shell, widget);
            void form.load();
            return widget;
        };

        commands.addCommand(CommandIds.registerModel, {
            label: trans.__('Register Model…'),
            caption: trans.__('Make a model that this run logged a version that can be deployed'),
            icon: modelIcon,
            execute: args => {
                const run = textArgument(args, 'run');
                const widget = forms.get(run ?? '') ?? open(run, args['deploy'] === true);
                show(app, widget);
            }
        });
        palette?.addItem({ command: CommandIds.registerModel, category: 'Gristmill' });
    }
};
