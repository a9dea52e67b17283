import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, IToolbarWidgetRegistry } from '@jupyterlab/apputils';
import { INotebookTracker, type NotebookPanel } from '@jupyterlab/notebook';
import { ITranslator } from '@jupyterlab/translation';
import { MenuSvg, ToolbarButton, caretDownEmptyIcon } from '@jupyterlab/ui-components';

import { CommandIds, textArgument } from '../commands';
import { baseName } from '../models/quantities';
import type { Widget } from '@lumino/widgets';

/** What else can be done with the notebook that the menu's toolbar belongs to. */
const ITEMS = [CommandIds.runAgain, CommandIds.runInBackground, null, CommandIds.runsOfNotebook] as const;

export const runMenu: JupyterFrontEndPlugin<void> = {
    id: 'gristmill-lab:run-menu',
    description: 'The menu beside “Run as experiment” in a notebook’s toolbar.',
    autoStart: true,
    requires: [ITranslator],
    optional: [IToolbarWidgetRegistry, INotebookTracker, ICommandPalette],
    activate: (
        app: JupyterFrontEnd,
        translator: ITranslator,
        registry: IToolbarWidgetRegistry | null,
        tracker: INotebookTracker | null,
        palette: ICommandPalette | null
    ): void => {
        const trans = translator.load('gristmill_lab');
        const { commands } = app;
        const pathOf = (args: Readonly<Record<string, unknown>>): string | null =>
            textArgument(args, 'path') ?? tracker?.currentWidget?.context.path ?? null;

        commands.addCommand(CommandIds.runsOfNotebook, {
            label: trans.__('All Runs of This Notebook'),
            isEnabled: args => pathOf(args) !== null,
            execute: args => {
                const path = pathOf(args);
                return path === null
                    ? undefined
                    : commands.execute(CommandIds.showRuns, { filter: baseName(path) });
            }
        });
        palette?.addItem({ command: CommandIds.runsOfNotebook, category: 'Gristmill' });

        const opened = (panel: NotebookPanel, button: Widget): void => {
            const menu = new MenuSvg({ commands });
            menu.title.label = trans.__('More ways to run %1', baseName(panel.context.path));
            for (const command of ITEMS) {
                menu.addItem(
                    command === null
                        ? { type: 'separator' }
                        : { command, args: { path: panel.context.path, inMenu: true } }
                );
            }
            const { left, bottom } = button.node.getBoundingClientRect();
            menu.aboutToClose.connect(() => {
                // Focus comes back to where it was; the menu is done with once its command was called.
                requestAnimationFrame(() => {
                    menu.dispose();
                });
            });
            menu.open(left, bottom);
        };
        registry?.addFactory<NotebookPanel>('Notebook', 'gristmill-run-menu', (panel): Widget => {
            const button = new ToolbarButton({
                icon: caretDownEmptyIcon,
                tooltip: trans.__('More ways to run this notebook'),
                onClick: () => {
                    opened(panel, button);
                }
            });
            button.addClass('gr-RunMenu');
            return button;
        });
    }
};
