import { ILayoutRestorer, type JupyterFrontEnd, type JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, Notification, ReactWidget, WidgetTracker } from '@jupyterlab/apputils';
import { INotebookTracker, type NotebookPanel } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator } from '@jupyterlab/translation';
import type { Message } from '@lumino/messaging';
import * as React from 'react';

import { CommandIds, textArgument } from '../commands';
import { RunFormView } from '../components/runForm';
import { runIcon } from '../icons';
import { holds, keptBy, keptOf } from '../models/postMortem';
import { baseName } from '../models/quantities';
import { RunForm } from '../models/runForm';
import { ToldOnce } from '../models/toldOnce';
import { IControlPlane, INotebooks, IRunForms, IRuns } from '../tokens';
import { FORM, Page } from './page';
import { place, show } from './placing';
import { FormSettings } from './settings';

const ID = 'gristmill-lab:run-form';
const REREAD = 400; // ms after the last edit of the notebook

/** The form of one notebook; it goes with its widget. */
class FormWidget extends Page {
    private looking: Promise<void> | null = null;

    constructor(
        shell: JupyterFrontEnd.IShell,
        readonly form: RunForm,
        content: ReactWidget
    ) {
        super({ shell, content, own: [form], first: FORM, leaves: () => form.isPristine });
    }

    protected override onAfterShow(message: Message): void {
        super.onAfterShow(message);
        this.lookAgain();
    }

    /** One comes back to it; several signals say so at once. */
    lookAgain(): void {
        this.looking ??= this.form.refresh().finally(() => {
            this.looking = null;
        });
    }
}

export const runForm: JupyterFrontEndPlugin<IRunForms> = {
    id: ID,
    description: 'Runs a notebook as an experiment, from a form beside it.',
    autoStart: true,
    requires: [IControlPlane, IRuns, INotebooks, ITranslator],
    optional: [INotebookTracker, ICommandPalette, ILayoutRestorer, ISettingRegistry],
    provides: IRunForms,
    activate: (
        app: JupyterFrontEnd,
        { api, runApi, connection }: IControlPlane,
        runs: IRuns,
        notebooks: INotebooks,
        translator: ITranslator,
        tracker: INotebookTracker | null,
        palette: ICommandPalette | null,
        restorer: ILayoutRestorer | null,
        registry: ISettingRegistry | null
    ): IRunForms => {
        const trans = translator.load('gristmill_lab');
        const { commands } = app;
        const forms = new WidgetTracker<FormWidget>({ namespace: 'gristmill-run-form' });
        const settings = new FormSettings(registry?.load(ID));
        const told = new ToldOnce(window.sessionStorage);
        let made = 0;

        const blank = (path: string): RunForm =>
            new RunForm(api, notebooks.source(path), trans, () => settings.defaults);

        const launched: IRunForms['launched'] = (run, notices) => {
            runs.add(run);
            for (const notice of told.fresh(notices)) {
                Notification.warning(`${run.name}: ${notice}`, { autoClose: 10_000 });
            }
        };

        const pathOf = (args: Readonly<Record<string, unknown>>): string | null =>
            textArgument(args, 'path') ?? tracker?.currentWidget?.context.path ?? null;

        /** Follows edits of the notebook as long as the form is there. */
        const follow = (widget: FormWidget, { context }: NotebookPanel): void => {
            let timer = 0;
            const onEdit = (): void => {
                clearTimeout(timer);
                timer = window.setTimeout(() => {
                    if (!widget.form.isDisposed) {
                        void widget.form.reread();
                    }
                }, REREAD);
            };
            context.model.contentChanged.connect(onEdit);
            widget.disposed.connect(() => {
                clearTimeout(timer);
                if (!context.isDisposed) {
                    context.model.contentChanged.disconnect(onEdit);
                }
            });
        };

        app.shell.currentChanged?.connect((_, { newValue }) => {
            if (newValue instanceof FormWidget) {
                newValue.lookAgain(); // from a terminal, for example
            }
        });
        let before = '';
        runs.changed.connect(() => {
            // A kernel that ends is offered no more, and holds what it has until it is gone: both change what is told.
            const now = [
                runs.count('queued', 'starting', 'running'),
                runs.all.filter(run => keptOf(run) !== null).length,
                runs.all.filter(holds).length
            ].join();
            if (now !== before) {
                before = now;
                forms
                    .filter(one => one.isVisible)
                    .forEach(one => {
                        void one.form.renew();
                    });
            }
        });

        const create = (path: string): FormWidget => {
            const form = blank(path);
            const view = ReactWidget.create(
                React.createElement(RunFormView, {
                    form,
                    connection,
                    trans,
                    onLaunched: run => {
                        launched(run, form.notices);
                        if (settings.opensRun) {
                            void commands.execute(CommandIds.openRun, { run: run.id });
                        }
                    },
                    ...keptBy(runs, runApi),
                    onCancel: () => {
                        widget.close();
                    }
                })
            );
            const widget = new FormWidget(app.shell, form, view);
            const entitle = (): void => {
                widget.title.label = trans.__('Run %1', baseName(form.source.path));
                widget.title.caption = form.source.path;
            };
            made += 1;
            widget.id = `gristmill-run-form-${made}`;
            entitle();
            form.source.pathChanged.connect(entitle);
            widget.title.icon = runIcon;
            widget.addClass('gr-FormWidget');
            const panel = tracker?.find(one => one.context.path === path);
            place(app, widget, panel ?? null);
            void forms.add(widget);
            form.source.pathChanged.connect(() => void forms.save(widget));
            if (panel) {
                follow(widget, panel);
            }
            return widget;
        };

        const load = async (form: RunForm): Promise<void> => {
            await tracker?.find(one => one.context.path === form.source.path)?.context.ready;
            await form.load();
        };

        const open = async (path: string, refused?: RunForm): Promise<void> => {
            const known = forms.find(one => one.form.source.path === path);
            if (known) {
                show(app, known);
                known.lookAgain();
            }
            const widget = known ?? create(path);
            if (!known) {
                await load(widget.form);
            }
            if (refused) {
                widget.form.adopt(refused);
            }
        };

        commands.addCommand(CommandIds.runForm, {
            label: args =>
                args['isPalette'] ? trans.__('Run Notebook as Experiment…') : trans.__('Run as Experiment…'),
            caption: trans.__(
                'Run a copy of the notebook in a process of its own, with parameters and metrics kept'
            ),
            icon: runIcon,
            isEnabled: args => pathOf(args) !== null,
            execute: async args => {
                const path = pathOf(args);
                if (path === null) {
                    return;
                }
                if (args['isRestored'] === true) {
                    // Notebooks become ready only when all that was open is there again: it must not wait for them.
                    void load(create(path).form);
                } else {
                    await open(path);
                }
            }
        });
        palette?.addItem({ command: CommandIds.runForm, category: 'Gristmill', args: { isPalette: true } });
        if (restorer) {
            void restorer.restore(forms, {
                command: CommandIds.runForm,
                args: widget => ({ path: widget.form.source.path, isRestored: true }),
                name: widget => widget.form.source.path,
                ...(tracker ? { when: tracker.restored } : {})
            });
        }
        const make = async (path: string): Promise<RunForm> => {
            const form = blank(path);
            await form.load();
            return form;
        };
        return { make, open, launched };
    }
};
