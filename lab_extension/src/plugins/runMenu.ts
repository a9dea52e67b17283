import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, IToolbarWidgetRegistry } from '@jupyterlab/apputils';
import { INotebookTracker, type NotebookPanel } from '@jupyterlab/notebook';
import { ITranslator } from '@jupyterlab/translation';
import { ToolbarButton, caretDownEmptyIcon } from '@jupyterlab/ui-components';

import { CommandIds, textArgument } from '../commands';
import { baseName } from '../models/quantities';
import type { Widget } from '@lumino/widgets';
import { focusableOf, openMenu } from './menus';

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
            openMenu(
                commands,
                focusableOf(button.node),
                trans.__('More ways to run %1', baseName(panel.context.path)),
                ITEMS.map(command =>
                    command === null
                        ? { type: 'separator' }
                        : { command, args: { path: panel.context.path, inMenu: true } }
                )
            );
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
