import { ILayoutRestorer, type JupyterFrontEnd, type JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ReactWidget, WidgetTracker } from '@jupyterlab/apputils';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ITranslator } from '@jupyterlab/translation';
import type { Menu } from '@lumino/widgets';
import * as React from 'react';

import type { Run } from '../api/wire';
import { CommandIds, textArgument } from '../commands';
import { ExecutedNotebook } from '../components/executedNotebook';
import type { IRunActions } from '../components/runActions';
import { RunPageView } from '../components/runPage';
import { STATE_ICONS, runIcon } from '../icons';
import { RunCharts } from '../models/runCharts';
import { mainMetric, metric } from '../models/quantities';
import { runLook } from '../models/runEvents';
import { RunPage } from '../models/runPage';
import { IControlPlane, IMlflowPages, IRuns } from '../tokens';
import { attempting } from './attempt';
import { openMenu } from './menus';
import { Page } from './page';
import { notebookInSight, place, show } from './placing';

const OFFERED = 12; // runs to compare with, in a menu
const TOGETHER = 4; // of them at once
const SEPARATOR: Menu.IItemOptions = { type: 'separator' };

class RunPageWidget extends Page {
    constructor(
        shell: JupyterFrontEnd.IShell,
        readonly page: RunPage,
        charts: RunCharts,
        content: ReactWidget
    ) {
        super({ shell, content, own: [page, charts] });
    }
}

/** One run in the main area. */
export const runPage: JupyterFrontEndPlugin<void> = {
    id: 'gristmill-lab:run-page',
    description: 'One run: how it goes, why it failed, its metrics, its notebook, its log, its outputs.',
    autoStart: true,
    requires: [IControlPlane, IRuns, IMlflowPages, IRenderMimeRegistry, ITranslator],
    optional: [ILayoutRestorer],
    activate: (
        app: JupyterFrontEnd,
        { api, runApi, connection }: IControlPlane,
        runs: IRuns,
        mlflow: IMlflowPages,
        rendermime: IRenderMimeRegistry,
        translator: ITranslator,
        restorer: ILayoutRestorer | null
    ): void => {
        const trans = translator.load('gristmill_lab');
        const { commands } = app;
        const pages = new WidgetTracker<RunPageWidget>({ namespace: 'gristmill-run-page' });

        const attempt = attempting(trans);
        const execute =
            (command: string) =>
            (run: Run): void => {
                attempt(commands.execute(command, { run: run.id }));
            };
        /** Others’ commands: a button is there where they are. */
        const where = <T>(command: string, does: T): T | null => (commands.hasCommand(command) ? does : null);

        const more = (run: Run, button: HTMLElement): void => {
            const command = CommandIds.downloadNotebook;
            openMenu(commands, button, trans.__('More of %1', run.name), [
                { command, args: { run: run.id, kind: 'ipynb' } },
                { command, args: { run: run.id, kind: 'html' } },
                { command, args: { run: run.id, kind: 'html', code: false } },
                ...(run.attempt?.tracking_run
                    ? [SEPARATOR, { command: CommandIds.openMlflow, args: { run: run.id } }]
                    : [])
            ]);
        };
        /** With the other runs of its notebook, or each of them. */
        const compare = (run: Run, button: HTMLElement): void => {
            const others = runs.all.filter(one => one.notebook === run.notebook && one.id !== run.id);
            const shown = others.slice(0, OFFERED);
            const command = CommandIds.compareWith;
            const item = (some: readonly Run[], label: string): Menu.IItemOptions => ({
                command,
                args: { run: run.id, others: some.map(one => one.id).join(','), label }
            });
            openMenu(commands, button, trans.__('Compare %1 with', run.name), [
                ...(shown.length > 1
                    ? [item(shown.slice(0, TOGETHER), trans.__('The last runs of this notebook')), SEPARATOR]
                    : []),
                ...shown.map(one => {
                    const main = mainMetric(one);
                    return item([one], main ? `${one.name} · ${main[0]} ${metric(main[1])}` : one.name);
                }),
                ...(shown.length === 0 ? [item([], trans.__('No other run of this notebook'))] : [])
            ]);
        };
        const actions: IRunActions = {
            cancel: execute(CommandIds.cancelRun),
            startAnyway: run => {
                attempt(api.startAnyway(run.id));
            },
            rerun: execute(CommandIds.rerun),
            editAndRerun: execute(CommandIds.editRun),
            openSource: execute(CommandIds.openSource),
            openKernel: execute(CommandIds.openKernel),
            get compare() {
                return where(CommandIds.compareRuns, compare);
            },
            get register() {
                return where(CommandIds.registerModel, execute(CommandIds.registerModel));
            },
            get deploy() {
                return where(CommandIds.registerModel, (run: Run) => {
                    attempt(commands.execute(CommandIds.registerModel, { run: run.id, deploy: true }));
                });
            },
            delete: execute(CommandIds.deleteRun),
            more,
            copyOutputs: (run, outputs) => {
                const names = outputs.map(one => one.name);
                attempt(commands.execute(CommandIds.copyOutputs, { run: run.id, names }));
            }
        };

        const open = (key: string): RunPageWidget => {
            const page = new RunPage(api, runApi, connection, key);
            const charts = new RunCharts(api, runApi, connection, () => page.detail?.run.id ?? key);
            const notebook = new ExecutedNotebook(page, rendermime, trans);
            const content = ReactWidget.create(
                React.createElement(RunPageView, {
                    page,
                    charts,
                    api,
                    runApi,
                    connection,
                    rendermime,
                    trans,
                    notebook,
                    actions,
                    mlflowUrl: run => mlflow.run(run.id)
                })
            );
            const widget = new RunPageWidget(app.shell, page, charts, content);
            widget.disposed.connect(() => {
                notebook.dispose(); // after what it is shown in
            });
            widget.id = `gristmill-run-${key}`;
            widget.title.label = trans.__('Run');
            widget.title.icon = runIcon;
            widget.addClass('gr-PageWidget');
            page.changed.connect(() => {
                const run = page.detail?.run;
                if (run) {
                    widget.title.label = run.name;
                    const look = runLook(run);
                    widget.title.icon = STATE_ICONS[look];
                    widget.title.iconClass = `gr-State gr-mod-${look}`;
                }
            });
            place(app, widget, notebookInSight(app));
            void pages.add(widget);
            void page.load();
            return widget;
        };

        commands.addCommand(CommandIds.compareWith, {
            label: args => textArgument(args, 'label') ?? trans.__('Compare Run'),
            isEnabled: args => textArgument(args, 'others') !== null,
            execute: async args => {
                const chosen = [textArgument(args, 'run'), textArgument(args, 'others')]
                    .filter(Boolean)
                    .join(',');
                await commands.execute(CommandIds.compareRuns, { runs: chosen });
            }
        });
        commands.addCommand(CommandIds.openRun, {
            label: trans.__('Open Run'),
            execute: args => {
                const key = textArgument(args, 'run');
                if (key !== null) {
                    show(app, pages.find(one => one.page.key === key) ?? open(key));
                }
            }
        });
        if (restorer) {
            void restorer.restore(pages, {
                command: CommandIds.openRun,
                args: widget => ({ run: widget.page.key }),
                name: widget => widget.page.key
            });
        }
    }
};
