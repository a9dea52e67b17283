import { ILayoutRestorer, type JupyterFrontEnd, type JupyterFrontEndPlugin } from '@jupyterlab/application';
import {
    Dialog,
    MainAreaWidget,
    ReactWidget,
    WidgetTracker,
    showDialog,
    showErrorMessage
} from '@jupyterlab/apputils';
import { NotebookPanel } from '@jupyterlab/notebook';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ITranslator } from '@jupyterlab/translation';
import * as React from 'react';

import type { Run } from '../api/wire';
import { CommandIds, textArgument } from '../commands';
import { ExecutedNotebook } from '../components/executedNotebook';
import { RunPageView } from '../components/runPage';
import { STATE_ICONS, runIcon } from '../icons';
import { RunPage } from '../models/runPage';
import { IControlPlane, IRuns } from '../tokens';
import { place, show } from './placing';

class RunPageWidget extends MainAreaWidget<ReactWidget> {
    constructor(
        readonly page: RunPage,
        private readonly notebook: ExecutedNotebook,
        content: ReactWidget
    ) {
        super({ content });
    }

    override dispose(): void {
        this.page.dispose();
        super.dispose();
        this.notebook.dispose();
    }
}

/** One run in the main area, and what can be done with it. */
export const runPage: JupyterFrontEndPlugin<void> = {
    id: 'gristmill-lab:run-page',
    description: 'One run: how it goes, why it failed, its metrics, its notebook, its log.',
    autoStart: true,
    requires: [IControlPlane, IRuns, IRenderMimeRegistry, ITranslator],
    optional: [ILayoutRestorer],
    activate: (
        app: JupyterFrontEnd,
        { api, connection }: IControlPlane,
        runs: IRuns,
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
        /** The source opens where the run failed. */
        const source = async (run: Run): Promise<void> => {
            const { source: file } = await api.snapshot(run.snapshot);
            const path = file ? await api.placeOf(file) : null;
            if (path === null) {
                throw new Error(trans.__('%1 is not in this folder any more', file ?? run.notebook));
            }
            const panel: unknown = await commands.execute('docmanager:open', { path });
            const cell = run.fault?.cell;
            if (panel instanceof NotebookPanel && typeof cell === 'number') {
                await panel.revealed;
                panel.content.activeCellIndex = cell;
                await panel.content.scrollToItem(cell);
            }
        };

        const open = (key: string): RunPageWidget => {
            const page = new RunPage(api, connection, key);
            const notebook = new ExecutedNotebook(page, rendermime, () => 'python', trans);
            const content = ReactWidget.create(
                React.createElement(RunPageView, {
                    page,
                    api,
                    connection,
                    trans,
                    notebook,
                    onCancel: execute(CommandIds.cancelRun),
                    onRerun: execute(CommandIds.rerun),
                    onDelete: execute(CommandIds.deleteRun),
                    onStartAnyway: run => {
                        attempt(api.startAnyway(run.id));
                    },
                    onSource: run => {
                        attempt(source(run));
                    }
                })
            );
            const widget = new RunPageWidget(page, notebook, content);
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
                    const widget = pages.find(one => one.page.key === key) ?? open(key);
                    show(app, widget);
                }
            }
        });
        commands.addCommand(CommandIds.cancelRun, {
            label: trans.__('Cancel Run'),
            execute: async args => {
                const key = textArgument(args, 'run');
                if (key !== null) {
                    runs.add(await api.cancelRun(key));
                }
            }
        });
        commands.addCommand(CommandIds.rerun, {
            label: trans.__('Run Once More'),
            execute: async args => {
                const key = textArgument(args, 'run');
                if (key !== null) {
                    const run = await api.rerun(key);
                    runs.add(run);
                    await commands.execute(CommandIds.openRun, { run: run.id });
                }
            }
        });
        commands.addCommand(CommandIds.deleteRun, {
            label: trans.__('Delete Run…'),
            execute: async args => {
                const key = textArgument(args, 'run');
                if (key === null) {
                    return;
                }
                const { run } = await api.run(key);
                const answer = await showDialog({
                    title: trans.__('Delete run %1?', run.name),
                    body: trans.__(
                        'Its metrics, log, executed notebook and outputs go with it. The notebook itself stays.'
                    ),
                    buttons: [
                        Dialog.cancelButton({ label: trans.__('Keep') }),
                        Dialog.warnButton({ label: trans.__('Delete run %1', run.name) })
                    ]
                });
                if (answer.button.accept) {
                    await api.deleteRun(run.id);
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
