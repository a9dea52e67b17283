import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ReactWidget } from '@jupyterlab/apputils';
import { IStatusBar } from '@jupyterlab/statusbar';
import { ITranslator } from '@jupyterlab/translation';
import { TextItem } from '@jupyterlab/statusbar';
import { UseSignal } from '@jupyterlab/ui-components';
import * as React from 'react';

import { CommandIds } from '../commands';
import { IRuns } from '../tokens';

/** "2 running, 1 queued" in the status bar; nothing while nothing goes on. */
export const status: JupyterFrontEndPlugin<void> = {
    id: 'gristmill-lab:status',
    description: 'How many runs go on, in the status bar.',
    autoStart: true,
    requires: [IRuns, ITranslator],
    optional: [IStatusBar],
    activate: (app: JupyterFrontEnd, runs: IRuns, translator: ITranslator, bar: IStatusBar | null): void => {
        const trans = translator.load('gristmill_lab');
        const said = (): string => {
            const running = runs.count('running', 'starting');
            const queued = runs.count('queued');
            return [
                running ? trans.__('%1 running', running) : '',
                queued ? trans.__('%1 queued', queued) : ''
            ]
                .filter(Boolean)
                .join(', ');
        };
        const item = ReactWidget.create(
            <UseSignal signal={runs.changed}>
                {() => (
                    <TextItem
                        source={said()}
                        title={trans.__('Show runs')}
                        onClick={() => {
                            void app.commands.execute(CommandIds.showRuns);
                        }}
                    />
                )}
            </UseSignal>
        );
        item.addClass('jp-mod-highlighted');
        bar?.registerStatusItem('gristmill-lab:status', {
            item,
            align: 'left',
            isActive: () => runs.count('running', 'starting', 'queued') > 0,
            activeStateChanged: runs.changed
        });
    }
};
