import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IToolbarWidgetRegistry, ReactWidget } from '@jupyterlab/apputils';
import type { NotebookPanel } from '@jupyterlab/notebook';
import { ITranslator } from '@jupyterlab/translation';
import { ToolbarButton, UseSignal } from '@jupyterlab/ui-components';
import type { Widget } from '@lumino/widgets';
import * as React from 'react';

import type { Run } from '../api/wire';
import { CommandIds } from '../commands';
import { State, progressText } from '../components/common';
import { runIcon } from '../icons';
import { mainMetric, metric } from '../models/quantities';
import { isOver } from '../models/runEvents';
import type { ITrans } from '../models/translation';
import { INotebooks, IRuns } from '../tokens';

/** The last run that was made of this notebook from here: its state and main metric, and the way to it. */
function LastRun(props: {
    path: () => string;
    runs: IRuns;
    notebooks: INotebooks;
    trans: ITrans;
    onOpen: (run: Run) => void;
}): React.JSX.Element {
    return (
        <UseSignal signal={props.runs.changed}>
            {() => <Chip {...props} at={props.path()} newest={props.runs.all[0]} />}
        </UseSignal>
    );
}

function Chip(props: {
    at: string;
    newest: Run | undefined;
    runs: IRuns;
    notebooks: INotebooks;
    trans: ITrans;
    onOpen: (run: Run) => void;
}): React.JSX.Element | null {
    const { at, newest, notebooks, runs, trans, onOpen } = props;
    const [id, setId] = React.useState<string | null>(null);
    const newestId = newest?.id;
    React.useEffect(() => {
        let wanted = true;
        void notebooks.lastRun(at).then(found => {
            if (wanted) {
                setId(found);
            }
        });
        return () => {
            wanted = false;
        };
    }, [at, notebooks, newestId]);
    const run = id === null ? undefined : runs.get(id);
    if (!run) {
        return null;
    }
    const main = mainMetric(run);
    const said = isOver(run) ? (main ? `${main[0]} ${metric(main[1])}` : '') : progressText(run, trans);
    return (
        <button
            className="jp-mod-styled jp-mod-minimal gr-LastRun"
            title={trans.__('Open %1', run.name)}
            onClick={() => {
                onOpen(run);
            }}
        >
            <State state={run.state} trans={trans} />
            {said && isOver(run) ? ` · ${said}` : said && run.state === 'running' ? ` · ${said}` : ''}
        </button>
    );
}

/** Both buttons know their own notebook: with two side by side, each acts on the one that it stands in. */
export const toolbar: JupyterFrontEndPlugin<void> = {
    id: 'gristmill-lab:toolbar',
    description: 'The notebook’s toolbar: run it, and how its last run went.',
    autoStart: true,
    requires: [IToolbarWidgetRegistry, IRuns, INotebooks, ITranslator],
    activate: (
        app: JupyterFrontEnd,
        registry: IToolbarWidgetRegistry,
        runs: IRuns,
        notebooks: INotebooks,
        translator: ITranslator
    ): void => {
        const trans = translator.load('gristmill_lab');
        registry.addFactory<NotebookPanel>(
            'Notebook',
            'gristmill-run',
            (panel): Widget =>
                new ToolbarButton({
                    icon: runIcon,
                    label: trans.__('Run as experiment'),
                    tooltip: trans.__('Run a copy of this notebook, with parameters and metrics kept'),
                    onClick: () => {
                        void app.commands.execute(CommandIds.runForm, { path: panel.context.path });
                    }
                })
        );
        registry.addFactory<NotebookPanel>('Notebook', 'gristmill-last-run', (panel): Widget =>
            ReactWidget.create(
                React.createElement(LastRun, {
                    path: () => panel.context.path,
                    runs,
                    notebooks,
                    trans,
                    onOpen: run => {
                        void app.commands.execute(CommandIds.openRun, { run: run.id });
                    }
                })
            )
        );
    }
};
