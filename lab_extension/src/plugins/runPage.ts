import { ILayoutRestorer, type JupyterFrontEnd, type JupyterFrontEndPlugin } from '@jupyterlab/application';
import { MainAreaWidget, ReactWidget, WidgetTracker, showErrorMessage } from '@jupyterlab/apputils';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ITranslator } from '@jupyterlab/translation';
import { Menu } from '@lumino/widgets';
import * as React from 'react';

import type { Run } from '../api/wire';
import { CommandIds, textArgument } from '../commands';
import { ExecutedNotebook } from '../components/executedNotebook';
import type { IRunActions } from '../components/runActions';
import { RunPageView } from '../components/runPage';
import { STATE_ICONS, runIcon } from '../icons';
import { RunCharts } from '../models/runCharts';
import { RunPage } from '../models/runPage';
import { IControlPlane } from '../tokens';
import { place, show } from './placing';

class RunPageWidget extends MainAreaWidget<ReactWidget> {
    constructor(
        readonly page: RunPage,
        private readonly charts: RunCharts,
        private readonly notebook: ExecutedNotebook,
        content: ReactWidget
    ) {
        super({ content });
    }

    override dispose(): void {
        this.page.dispose();
        this.charts.dispose();
        super.dispose();
        this.notebook.dispose();
    }
}

/** One run in the main area. */
export const runPage: JupyterFrontEndPlugin<void> = {
    id: 'gristmill-lab:run-page',
    description: 'One run: how it goes, why it failed, its metrics, its notebook, its log, its outputs.',
    autoStart: true,
    requires: [IControlPlane, IRenderMimeRegistry, ITranslator],
    optional: [ILayoutRestorer],
    activate: (
        app: JupyterFrontEnd,
        { api, runApi, connection }: IControlPlane,
        rendermime: IRenderMimeRegistry,
        translator: ITranslator,
        restorer: ILayoutRestorer | null
    ): void => {
        const trans = translator.load('gristmill_lab');
        const { commands } = app;
        const pages = new WidgetTracker<RunPageWidget>({ namespace: 'gristmill-run-page' });

        const attempt = (done: Promise<unknown>): void => {
            done.catch((error: unknown) => {
                void showErrorMessage(
                    trans.__('This did not work'),
                    error instanceof Error ? error : String(error)
                );
            });
        };
        const execute =
            (command: string) =>
            (run: Run): void => {
                attempt(commands.execute(command, { run: run.id }));
            };
        /** Others’ commands: a button is there where they are. */
        const where = <T>(command: string, does: T): T | null => (commands.hasCommand(command) ? does : null);

        const more = (run: Run, at: DOMRect): void => {
            const menu = new Menu({ commands });
            const add = (args: { kind: string; code?: boolean }): void => {
                menu.addItem({ command: CommandIds.downloadNotebook, args: { run: run.id, ...args } });
            };
            add({ kind: 'ipynb' });
            add({ kind: 'html' });
            add({ kind: 'html', code: false });
            menu.aboutToClose.connect(() => {
                // What was chosen is executed first.
                requestAnimationFrame(() => {
                    menu.dispose();
                });
            });
            menu.open(at.left, at.bottom);
        };
        /** Others are added to the comparison in the table of runs. */
        const compareWithEarlier = async (run: Run): Promise<void> => {
            const before = await api.runs({ before: run.number, text: run.notebook, limit: 50 });
            const earlier = before.find(one => one.notebook === run.notebook);
            if (!earlier) {
                throw new Error(
                    trans.__(
                        'There is no earlier run of %1. Pick the runs to compare in the table of runs',
                        run.notebook
                    )
                );
            }
            await commands.execute(CommandIds.compareRuns, { runs: `${run.id},${earlier.id}` });
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
                return where(CommandIds.compareRuns, (run: Run) => {
                    attempt(compareWithEarlier(run));
                });
            },
            get register() {
                return where(CommandIds.registerModel, execute(CommandIds.registerModel));
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
                    actions
                })
            );
            const widget = new RunPageWidget(page, charts, notebook, content);
            widget.id = `gristmill-run-${key}`;
            widget.title.label = trans.__('Run');
            widget.title.icon = runIcon;
            widget.title.closable = true;
            widget.addClass('gr-PageWidget');
            page.changed.connect(() => {
                const run = page.detail?.run;
                if (run) {
                    widget.title.label = run.name;
                    widget.title.icon = STATE_ICONS[run.state];
                    widget.title.iconClass = `gr-State gr-mod-${run.state}`;
                }
            });
            place(app, widget, null);
            void pages.add(widget);
            void page.load();
            return widget;
        };

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
