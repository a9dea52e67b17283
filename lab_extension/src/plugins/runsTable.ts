import { ILayoutRestorer, type JupyterFrontEnd, type JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Clipboard, ICommandPalette, Notification, ReactWidget, WidgetTracker } from '@jupyterlab/apputils';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator } from '@jupyterlab/translation';
import { UseSignal } from '@jupyterlab/ui-components';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import * as React from 'react';

import { RunsTableApi } from '../api/runsTable';
import type { Run } from '../api/wire';
import { CommandIds } from '../commands';
import { RunsTableView } from '../components/runsTable';
import { millIcon } from '../icons';
import { csv } from '../models/csv';
import { RunsTable } from '../models/runsTable';
import { SavedViews } from '../models/savedViews';
import { cellOf, readView } from '../models/tableView';
import type { ITrans } from '../models/translation';
import { IControlPlane, ISavedViews } from '../tokens';
import { attempting } from './attempt';
import { download } from './download';
import { Page } from './page';
import { placeWide, show } from './placing';
import { SelectedRuns } from './selectedRuns';

const ID = 'gristmill-runs-table';
const WRITTEN = 500; // runs that are asked for at once, for CSV

class TableWidget extends Page {
    constructor(
        shell: JupyterFrontEnd.IShell,
        readonly table: RunsTable,
        content: ReactWidget
    ) {
        super({ shell, content, own: [table], first: ['.gr-Table', '.gr-Empty button'] });
    }
}

/** Views that were saved, in the settings: for the table and for comparisons. */
export const savedViews: JupyterFrontEndPlugin<ISavedViews> = {
    id: 'gristmill-lab:runs-table',
    description: 'Views of runs that were saved, and which way of a metric is better.',
    autoStart: true,
    requires: [ISettingRegistry],
    provides: ISavedViews,
    activate: (_: JupyterFrontEnd, settings: ISettingRegistry): ISavedViews => {
        const views = new SavedViews();
        settings.load(savedViews.id).then(
            kept => {
                views.take(kept);
            },
            (error: unknown) => {
                console.error('The settings of the table of runs cannot be read', error);
            }
        );
        return views;
    }
};

/** The table of runs in the main area, and what can be done with those that are picked. */
export const runsTable: JupyterFrontEndPlugin<void> = {
    id: 'gristmill-lab:runs-table-widget',
    description: 'Runs as a table: queries, columns, groups, views.',
    autoStart: true,
    requires: [IControlPlane, ISavedViews, ITranslator],
    optional: [ILayoutRestorer, ICommandPalette],
    activate: (
        app: JupyterFrontEnd,
        { api, connection }: IControlPlane,
        views: ISavedViews,
        translator: ITranslator,
        restorer: ILayoutRestorer | null,
        palette: ICommandPalette | null
    ): void => {
        const trans = translator.load('gristmill_lab');
        const { commands, shell } = app;
        const tableApi = new RunsTableApi(app.serviceManager.serverSettings);
        const actions = new SelectedRuns(api, tableApi, trans);
        const tracker = new WidgetTracker<TableWidget>({ namespace: ID });

        const attempt = attempting(trans);
        const compare = (runs: readonly Run[]): void => {
            attempt(commands.execute(CommandIds.compareRuns, { runs: runs.map(run => run.id).join(',') }));
        };
        const label = (table: RunsTable, runs: readonly Run[]): void => {
            attempt(
                actions.label(runs, table.known?.labels ?? []).then(done => {
                    if (done > 0) {
                        table.refresh();
                    }
                })
            );
        };

        const open = (kept: unknown): TableWidget => {
            const table = new RunsTable(tableApi, api, connection, readView(kept));
            const draw = (): React.JSX.Element =>
                React.createElement(RunsTableView, {
                    table,
                    connection,
                    trans,
                    views: views.all,
                    onOpen: run => {
                        attempt(commands.execute(CommandIds.openRun, { run: run.id }));
                    },
                    onStart: () => {
                        attempt(commands.execute(CommandIds.runForm));
                    },
                    onCompare: compare,
                    onLabel: runs => {
                        label(table, runs);
                    },
                    onDelete: runs => {
                        attempt(actions.remove(runs));
                    },
                    onCsv: () => {
                        attempt(write(table, trans));
                    },
                    onCopy: text => {
                        Clipboard.copyToSystem(text);
                        Notification.info(trans.__('Copied: %1', text), { autoClose: 3000 });
                    },
                    onSaveView: name => {
                        attempt(views.save(name, { ...table.view, columns: table.columns }));
                    },
                    onDeleteView: name => {
                        attempt(views.remove(name));
                    }
                });
            const content = ReactWidget.create(
                React.createElement(UseSignal<ISavedViews, void>, { signal: views.changed, children: draw })
            );
            const widget = new TableWidget(shell, table, content);
            widget.id = ID;
            widget.title.label = trans.__('Runs');
            widget.title.icon = millIcon;
            widget.addClass('gr-RunsTableWidget');
            placeWide(app, widget);
            void tracker.add(widget);
            table.viewChanged.connect(() => {
                void tracker.save(widget);
            });
            return widget;
        };

        commands.addCommand(CommandIds.openTable, {
            label: trans.__('Table of Runs'),
            caption: trans.__(
                'All runs, by query, in any order, with their parameters and metrics as columns'
            ),
            icon: millIcon,
            execute: async args => {
                const known = tracker.currentWidget;
                const kept = args['view'];
                const widget = known ?? open(kept);
                if (known && kept !== undefined) {
                    const view = readView(kept);
                    await known.table.show({ ...view, columns: view.columns ?? known.table.view.columns });
                }
                show(app, widget);
            }
        });
        palette?.addItem({ command: CommandIds.openTable, category: 'Gristmill' });

        const picked = (): readonly Run[] => tracker.currentWidget?.table.selection.runs ?? [];
        commands.addCommand(CommandIds.compareSelected, {
            label: trans.__('Compare Selected Runs'),
            isEnabled: () => picked().length > 1,
            execute: () => {
                compare(picked());
            }
        });
        commands.addCommand(CommandIds.labelSelected, {
            label: trans.__('Label Selected Runs…'),
            isEnabled: () => picked().length > 0,
            execute: () => {
                const table = tracker.currentWidget?.table;
                if (table) {
                    label(table, picked());
                }
            }
        });
        commands.addCommand(CommandIds.deleteSelected, {
            label: trans.__('Delete Selected Runs…'),
            isEnabled: () => picked().length > 0,
            execute: () => {
                attempt(actions.remove(picked()));
            }
        });
        commands.addCommand(CommandIds.pinBaseline, {
            label: trans.__('Pin as Baseline'),
            isEnabled: () => picked().length === 1,
            execute: async () => {
                await tracker.currentWidget?.table.show({ baseline: picked()[0]?.id ?? null });
            }
        });
        if (restorer) {
            void restorer.restore(tracker, {
                command: CommandIds.openTable,
                args: widget => ({ view: widget.table.view as unknown as ReadonlyPartialJSONObject }),
                name: () => ID
            });
        }
    }
};

/** All runs that are asked for, as they stand in the table, as a file; it can be given up. */
async function write(table: RunsTable, trans: ITrans): Promise<void> {
    const { columns, prices } = table;
    const total = table.rows.total;
    const told = (): string => trans.__('Writing %1 of %2 runs', count, total);
    const parts: string[] = [csv([['id', ...columns]])];
    let [count, ended] = [0, false];
    const stop = {
        label: trans.__('Stop'),
        callback: (): void => {
            ended = true;
        }
    };
    const id = Notification.emit(told(), 'in-progress', { autoClose: false, actions: [stop] });
    try {
        for await (const page of table.all(WRITTEN)) {
            if (ended) {
                return;
            }
            const now = new Date();
            parts.push(
                csv(
                    page.map(run => [
                        run.id,
                        ...columns.map(column => {
                            const cell = cellOf(run, column, now, prices, trans);
                            return cell.figure ?? written(run, column, cell.title);
                        })
                    ])
                )
            );
            count += page.length;
            Notification.update({ id, message: told() });
        }
        download('runs.csv', parts, 'text/csv');
    } finally {
        Notification.dismiss(id);
    }
}

/** Times in full, and not as one reads them. */
function written(run: Run, column: string, title: string): string | null {
    const times: Readonly<Record<string, string | null | undefined>> = {
        created: run.created_at,
        started: run.started_at,
        ended: run.ended_at
    };
    return column in times ? (times[column] ?? null) : title || null;
}
