import { ILayoutRestorer, type JupyterFrontEnd, type JupyterFrontEndPlugin } from '@jupyterlab/application';
import {
    ICommandPalette,
    MainAreaWidget,
    Notification,
    ReactWidget,
    WidgetTracker
} from '@jupyterlab/apputils';
import { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import { INotebookTracker, type NotebookPanel } from '@jupyterlab/notebook';
import { ITranslator } from '@jupyterlab/translation';
import * as React from 'react';

import type { Run } from '../api/wire';
import { CommandIds, textArgument } from '../commands';
import { RunFormView } from '../components/runForm';
import { runIcon } from '../icons';
import { baseName } from '../models/quantities';
import { RunForm } from '../models/runForm';
import { IControlPlane, INotebooks, IRuns } from '../tokens';

const REREAD = 400; // ms after the last edit of the notebook

/** The form of one notebook; it goes with its widget. */
class FormWidget extends MainAreaWidget<ReactWidget> {
    constructor(
        readonly path: string,
        private readonly form: RunForm,
        content: ReactWidget
    ) {
        super({ content });
    }

    override dispose(): void {
        this.form.dispose();
        super.dispose();
    }
}

export const runForm: JupyterFrontEndPlugin<void> = {
    id: 'gristmill-lab:run-form',
    description: 'Runs a notebook as an experiment, from a form beside it.',
    autoStart: true,
    requires: [IControlPlane, IRuns, INotebooks, ITranslator],
    optional: [INotebookTracker, IDefaultFileBrowser, ICommandPalette, ILayoutRestorer],
    activate: (
        app: JupyterFrontEnd,
        { api }: IControlPlane,
        runs: IRuns,
        notebooks: INotebooks,
        translator: ITranslator,
        tracker: INotebookTracker | null,
        browser: IDefaultFileBrowser | null,
        palette: ICommandPalette | null,
        restorer: ILayoutRestorer | null
    ): void => {
        const trans = translator.load('gristmill_lab');
        const { commands, shell } = app;
        const forms = new WidgetTracker<FormWidget>({ namespace: 'gristmill-run-form' });

        const launched = (run: Run, notices: readonly string[]): void => {
            runs.add(run);
            tell(run, notices);
            void commands.execute(CommandIds.openRun, { run: run.id });
        };

        const tell = (run: Run, notices: readonly string[]): void => {
            for (const notice of notices) {
                Notification.warning(`${run.name}: ${notice}`, { autoClose: 20_000 });
            }
        };

        const pathOf = (args: Readonly<Record<string, unknown>>): string | null =>
            textArgument(args, 'path') ?? tracker?.currentWidget?.context.path ?? null;

        /** Follows edits and renames of the notebook as long as the form is there. */
        const follow = (widget: FormWidget, form: RunForm, panel: NotebookPanel): void => {
            let timer = 0;
            const onEdit = (): void => {
                clearTimeout(timer);
                timer = window.setTimeout(() => {
                    if (!form.isDisposed) {
                        void form.reread();
                    }
                }, REREAD);
            };
            const { context } = panel;
            context.model.contentChanged.connect(onEdit);
            const onGone = (): void => {
                widget.close();
            };
            context.pathChanged.connect(onGone);
            widget.disposed.connect(() => {
                clearTimeout(timer);
                if (!context.isDisposed) {
                    context.model.contentChanged.disconnect(onEdit);
                    context.pathChanged.disconnect(onGone);
                }
            });
        };

        const open = (path: string): FormWidget => {
            const form = new RunForm(api, notebooks.source(path), trans);
            const panel = tracker?.find(one => one.context.path === path);
            const view = ReactWidget.create(
                React.createElement(RunFormView, {
                    form,
                    trans,
                    onLaunched: run => {
                        launched(run, form.notices);
                    },
                    onCancel: () => {
                        widget.close();
                    }
                })
            );
            const widget = new FormWidget(path, form, view);
            widget.id = `gristmill-run-form-${path}`;
            widget.title.label = trans.__('Run %1', baseName(path));
            widget.title.icon = runIcon;
            widget.title.closable = true;
            widget.addClass('gr-FormWidget');
            shell.add(widget, 'main', panel ? { ref: panel.id, mode: 'split-right' } : {});
            void forms.add(widget);
            if (panel) {
                follow(widget, form, panel);
            }
            const ready = panel ? panel.context.ready : Promise.resolve();
            void ready.then(() => form.load());
            return widget;
        };

        commands.addCommand(CommandIds.runForm, {
            label: args =>
                args['isPalette'] ? trans.__('Run Notebook as Experiment…') : trans.__('Run as Experiment…'),
            caption: trans.__(
                'Run a copy of the notebook in a process of its own, with parameters and metrics kept'
            ),
            icon: runIcon,
            isEnabled: args => pathOf(args) !== null,
            execute: args => {
                const path = pathOf(args);
                if (path !== null) {
                    const widget = forms.find(one => one.path === path) ?? open(path);
                    shell.activateById(widget.id);
                }
            }
        });

        commands.addCommand(CommandIds.runAgain, {
            label: trans.__('Run with Last Values'),
            caption: trans.__(
                'Run the notebook as it stands, with the values and the profile of the last time'
            ),
            icon: runIcon,
            isEnabled: args => pathOf(args) !== null,
            execute: async args => {
                const path = pathOf(args);
                if (path === null) {
                    return;
                }
                const form = new RunForm(api, notebooks.source(path), trans);
                try {
                    await form.load();
                    await form.takeLast();
                    const run = await form.run();
                    if (run) {
                        runs.add(run);
                        tell(run, form.notices);
                        Notification.info(trans.__('%1 was started', run.name), {
                            autoClose: 3000,
                            actions: [
                                {
                                    label: trans.__('Open'),
                                    callback: () => {
                                        void commands.execute(CommandIds.openRun, { run: run.id });
                                    }
                                }
                            ]
                        });
                    } else {
                        // What is in the way is said where it can be put right.
                        const why = form.problem instanceof Error ? form.problem.message : form.hindrance;
                        Notification.error(why ?? trans.__('The run was refused'), { autoClose: 20_000 });
                        await commands.execute(CommandIds.runForm, { path });
                    }
                } finally {
                    form.dispose();
                }
            }
        });

        commands.addCommand(CommandIds.runFromBrowser, {
            label: trans.__('Run as Experiment…'),
            icon: runIcon,
            isVisible: () => [...(browser?.selectedItems() ?? [])].some(item => item.type === 'notebook'),
            execute: async () => {
                for (const item of browser?.selectedItems() ?? []) {
                    if (item.type === 'notebook') {
                        await commands.execute(CommandIds.runForm, { path: item.path });
                    }
                }
            }
        });

        palette?.addItem({ command: CommandIds.runForm, category: 'Gristmill', args: { isPalette: true } });
        palette?.addItem({ command: CommandIds.runAgain, category: 'Gristmill' });
        if (restorer) {
            void restorer.restore(forms, {
                command: CommandIds.runForm,
                args: widget => ({ path: widget.path }),
                name: widget => widget.path,
                ...(tracker ? { when: tracker.restored } : {})
            });
        }
    }
};
