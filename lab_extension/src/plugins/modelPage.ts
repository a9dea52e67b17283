import { ILayoutRestorer, type JupyterFrontEnd, type JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ReactWidget, WidgetTracker } from '@jupyterlab/apputils';
import { ITranslator } from '@jupyterlab/translation';
import * as React from 'react';

import { CommandIds, textArgument } from '../commands';
import { ModelPageView } from '../components/modelPage';
import { modelIcon } from '../icons';
import { ModelPage } from '../models/modelPage';
import { IControlPlane, IMlflowPages, IModels } from '../tokens';
import { Page } from './page';
import { notebookInSight, place, show } from './placing';

class ModelPageWidget extends Page {
    constructor(
        shell: JupyterFrontEnd.IShell,
        readonly page: ModelPage,
        content: ReactWidget
    ) {
        super({ shell, content, own: [page] });
    }
}

/** One registered model in the main area. */
export const modelPage: JupyterFrontEndPlugin<void> = {
    id: 'gristmill-lab:model-page',
    description: 'One registered model: its versions, their metrics, signature and input example.',
    autoStart: true,
    requires: [IControlPlane, IModels, IMlflowPages, ITranslator],
    optional: [ILayoutRestorer],
    activate: (
        app: JupyterFrontEnd,
        { connection }: IControlPlane,
        { api, registry, endpoints }: IModels,
        mlflow: IMlflowPages,
        translator: ITranslator,
        restorer: ILayoutRestorer | null
    ): void => {
        const trans = translator.load('gristmill_lab');
        const { commands } = app;
        const pages = new WidgetTracker<ModelPageWidget>({ namespace: 'gristmill-model-page' });

        const open = (model: string, version: string): ModelPageWidget => {
            const page = new ModelPage(api, registry, model, version);
            const content = ReactWidget.create(
                React.createElement(ModelPageView, {
                    page,
                    endpoints,
                    connection,
                    trans,
                    mlflowUrl: one => mlflow.version(one.name, one.version),
                    onRun: run => {
                        void commands.execute(CommandIds.openRun, { run });
                    },
                    onEndpoint: ({ name }) => {
                        void commands.execute(CommandIds.openEndpoint, { endpoint: name });
                    },
                    onDeploy: one => {
                        void commands.execute(CommandIds.deployModel, { model, version: one.version });
                    }
                })
            );
            const widget = new ModelPageWidget(app.shell, page, content);
            widget.id = `gristmill-model-${model}`;
            widget.title.label = model;
            widget.title.icon = modelIcon;
            widget.addClass('gr-PageWidget');
            page.changed.connect(() => {
                widget.title.label = page.number === null ? model : `${model}/${page.number}`;
                void pages.save(widget);
            });
            place(app, widget, notebookInSight(app));
            void pages.add(widget);
            void page.load();
            return widget;
        };

        commands.addCommand(CommandIds.openModel, {
            label: trans.__('Open Model'),
            execute: args => {
                const model = textArgument(args, 'model');
                const version = textArgument(args, 'version') ?? '';
                if (model === null) {
                    return;
                }
                const known = pages.find(one => one.page.name === model);
                if (known && version && known.page.number !== version) {
                    known.page.choose(version);
                }
                show(app, known ?? open(model, version));
            }
        });
        if (restorer) {
            void restorer.restore(pages, {
                command: CommandIds.openModel,
                args: ({ page }) => ({ model: page.name, version: page.number ?? '' }),
                name: ({ page }) => page.name
            });
        }
    }
};
