import {
    ILayoutRestorer,
    IRouter,
    type JupyterFrontEnd,
    type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { Clipboard, Notification, ReactWidget, WidgetTracker } from '@jupyterlab/apputils';
import { PageConfig, URLExt } from '@jupyterlab/coreutils';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ITranslator } from '@jupyterlab/translation';
import { UseSignal } from '@jupyterlab/ui-components';
import * as React from 'react';

import { RunsTableApi } from '../api/runsTable';
import { CommandIds, textArgument } from '../commands';
import { CompareView } from '../components/compare';
import { millIcon } from '../icons';
import { Compare } from '../models/compare';
import { FEWEST, MOST, comparisonRows } from '../models/comparison';
import { csv } from '../models/csv';
import { IControlPlane, ISavedViews } from '../tokens';
import { attempting } from './attempt';
import { download } from './download';
import { Page } from './page';
import { placeWide, show } from './placing';

const PARAMETER = 'gristmill-compare';
const LINK = new RegExp(`[?&]${PARAMETER}=([^&#]+)`);

class CompareWidget extends Page {
    constructor(
        shell: JupyterFrontEnd.IShell,
        readonly comparison: Compare,
        content: ReactWidget
    ) {
        super({ shell, content, own: [comparison] });
    }
}

/** Runs beside each other in the main area; a link of this Lab opens them too. */
export const compare: JupyterFrontEndPlugin<void> = {
    id: 'gristmill-lab:compare',
    description: 'Two to ten runs beside each other.',
    autoStart: true,
    requires: [IControlPlane, ISavedViews, IRenderMimeRegistry, ITranslator],
    optional: [ILayoutRestorer, IRouter],
    activate: (
        app: JupyterFrontEnd,
        { api, connection }: IControlPlane,
        views: ISavedViews,
        rendermime: IRenderMimeRegistry,
        translator: ITranslator,
        restorer: ILayoutRestorer | null,
        router: IRouter | null
    ): void => {
        const trans = translator.load('gristmill_lab');
        const { commands, shell } = app;
        const { serverSettings } = app.serviceManager;
        const tracker = new WidgetTracker<CompareWidget>({ namespace: 'gristmill-compare' });

        const attempt = attempting(trans);
        const link = (keys: readonly string[]): string => {
            const page = URLExt.join(PageConfig.getBaseUrl(), PageConfig.getOption('appUrl') || '/lab');
            const full = new URL(page, window.location.href);
            full.searchParams.set(PARAMETER, keys.join(','));
            return full.href;
        };

        const open = (keys: readonly string[]): CompareWidget => {
            const comparison = new Compare(api, new RunsTableApi(serverSettings), connection, keys);
            const ids = (): readonly string[] => comparison.details.map(detail => detail.run.id);
            const draw = (): React.JSX.Element =>
                React.createElement(CompareView, {
                    comparison,
                    connection,
                    rendermime,
                    trans,
                    directions: views.directions,
                    onDirection: (metric, direction) => {
                        attempt(views.setDirection(metric, direction));
                    },
                    onOpen: run => {
                        attempt(commands.execute(CommandIds.openRun, { run: run.id }));
                    },
                    onLink: () => {
                        Clipboard.copyToSystem(link(ids()));
                        Notification.info(trans.__('The link to this comparison is copied'), {
                            autoClose: 3000
                        });
                    },
                    onCsv: sections => {
                        download(
                            'comparison.csv',
                            [csv(comparisonRows(comparison.details, sections))],
                            'text/csv'
                        );
                    }
                });
            const content = ReactWidget.create(
                React.createElement(UseSignal<ISavedViews, void>, { signal: views.changed, children: draw })
            );
            const widget = new CompareWidget(shell, comparison, content);
            widget.id = `gristmill-compare-${keys.join('-')}`;
            widget.title.label = trans.__('Compare %1 runs', keys.length);
            widget.title.icon = millIcon;
            widget.addClass('gr-CompareWidget');
            comparison.changed.connect(() => {
                widget.title.label = trans.__('Compare %1 runs', comparison.wanted.length);
                void tracker.save(widget);
            });
            placeWide(app, widget);
            void tracker.add(widget);
            return widget;
        };

        commands.addCommand(CommandIds.compareRuns, {
            label: trans.__('Compare Runs'),
            icon: millIcon,
            execute: args => {
                const keys = [...new Set((textArgument(args, 'runs') ?? '').split(',').filter(Boolean))];
                if (keys.length < FEWEST || keys.length > MOST) {
                    throw new Error(
                        trans.__('%1 to %2 runs can be compared, got %3', FEWEST, MOST, keys.length)
                    );
                }
                const id = `gristmill-compare-${keys.join('-')}`;
                const widget = tracker.find(one => one.id === id) ?? open(keys);
                show(app, widget);
            }
        });
        if (restorer) {
            void restorer.restore(tracker, {
                command: CommandIds.compareRuns,
                args: widget => ({ runs: widget.comparison.wanted.join(',') }),
                name: widget => widget.comparison.wanted.join(',')
            });
        }
        if (router) {
            commands.addCommand(CommandIds.openCompareLink, {
                label: trans.__('Open a Comparison’s Link'),
                execute: args => {
                    const found = LINK.exec(textArgument(args, 'search') ?? '');
                    if (!found?.[1]) {
                        return;
                    }
                    const runs = decodeURIComponent(found[1]);
                    const rest = new URL(window.location.href);
                    rest.searchParams.delete(PARAMETER);
                    router.navigate(
                        `${rest.pathname.slice(new URL(router.base, rest).pathname.length - 1)}${rest.search}`,
                        {
                            skipRouting: true
                        }
                    );
                    void app.restored.then(() => {
                        attempt(commands.execute(CommandIds.compareRuns, { runs }));
                    });
                }
            });
            router.register({ command: CommandIds.openCompareLink, pattern: LINK, rank: 60 });
        }
    }
};
