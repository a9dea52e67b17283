import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, Notification } from '@jupyterlab/apputils';
import { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ITranslator } from '@jupyterlab/translation';

import type { Run } from '../api/wire';
import { CommandIds, textArgument } from '../commands';
import { runIcon } from '../icons';
import type { RunForm } from '../models/runForm';
import { IRunForms } from '../tokens';

/** Runs without a form: with the last values, or with the notebook's own. A form opens where one is refused. */
export const runNow: JupyterFrontEndPlugin<void> = {
    id: 'gristmill-lab:run-now',
    description: 'Runs a notebook as an experiment without asking.',
    autoStart: true,
    requires: [IRunForms, ITranslator],
    optional: [INotebookTracker, IDefaultFileBrowser, ICommandPalette],
    activate: (
        app: JupyterFrontEnd,
        forms: IRunForms,
        translator: ITranslator,
        tracker: INotebookTracker | null,
        browser: IDefaultFileBrowser | null,
        palette: ICommandPalette | null
    ): void => {
        const trans = translator.load('gristmill_lab');
        const { commands } = app;

        const started = (run: Run): void => {
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
        };

        /** What is in the way is said where it can be put right: in a form that holds it. */
        const now = async (path: string, prepare: (form: RunForm) => Promise<void>): Promise<void> => {
            const form = await forms.make(path);
            try {
                await prepare(form);
                const run = await form.run();
                if (run) {
                    forms.launched(run, form.notices);
                    started(run);
                } else {
                    await forms.open(path, form);
                }
            } finally {
                form.dispose();
            }
        };

        const pathOf = (args: Readonly<Record<string, unknown>>): string | null =>
            textArgument(args, 'path') ?? tracker?.currentWidget?.context.path ?? null;

        const add = (
            command: string,
            label: string,
            caption: string,
            prepare: (form: RunForm) => Promise<void>
        ): void => {
            commands.addCommand(command, {
                label,
                caption,
                icon: args => (args['inMenu'] ? undefined : runIcon),
                isEnabled: args => pathOf(args) !== null,
                execute: async args => {
                    const path = pathOf(args);
                    if (path !== null) {
                        await now(path, prepare);
                    }
                }
            });
            palette?.addItem({ command, category: 'Gristmill' });
        };
        add(
            CommandIds.runAgain,
            trans.__('Run with Last Values'),
            trans.__('Run the notebook as it stands, with the values and the profile of the last time'),
            form => form.takeLast()
        );
        add(
            CommandIds.runInBackground,
            trans.__('Run in the Background'),
            trans.__('Run the same notebook as it stands, with its own values, and go on working in it'),
            () => Promise.resolve()
        );
        commands.addCommand(CommandIds.runFromBrowser, {
            label: trans.__('Run as Experiment…'),
            icon: runIcon,
            isVisible: () => [...(browser?.selectedItems() ?? [])].some(item => item.type === 'notebook'),
            execute: async () => {
                for (const item of browser?.selectedItems() ?? []) {
                    if (item.type === 'notebook') {
                        await forms.open(item.path);
                    }
                }
            }
        });
    }
};
