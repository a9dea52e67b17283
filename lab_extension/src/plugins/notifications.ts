import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator } from '@jupyterlab/translation';

import type { Run } from '../api/wire';
import { CommandIds } from '../commands';
import { faultLine } from '../components/common';
import { mainMetric, metric } from '../models/quantities';
import { IRuns } from '../tokens';
import { Settings } from './settings';

const ID = 'gristmill-lab:notifications';

/** Who started a run is told how it ended, as far as the settings want it. */
export const notifications: JupyterFrontEndPlugin<void> = {
    id: ID,
    description: 'Tells how runs end that were started here.',
    autoStart: true,
    requires: [IRuns, ITranslator],
    optional: [ISettingRegistry],
    activate: (
        app: JupyterFrontEnd,
        runs: IRuns,
        translator: ITranslator,
        registry: ISettingRegistry | null
    ): void => {
        const trans = translator.load('gristmill_lab');
        const settings = new Settings(registry?.load(ID));
        const actions = (run: Run): Notification.IAction[] => [
            {
                label: trans.__('Open'),
                callback: (): void => {
                    void app.commands.execute(CommandIds.openRun, { run: run.id });
                }
            }
        ];
        /** Who looks at the run’s page sees it there: nothing is put over it, and the list of notifications has it. */
        const closes = (run: Run, ms: number): number => {
            const ids = [run.id, run.name, String(run.number)].map(key => `gristmill-run-${key}`);
            const seen = ['main', 'right'].some(area =>
                [...app.shell.widgets(area)].some(one => one.isVisible && ids.includes(one.id))
            );
            return seen && document.visibilityState === 'visible' ? 0 : ms;
        };
        runs.ended.connect((_, { run }) => {
            const tells = settings.get<string>('tells', 'every end');
            if (tells === 'nothing' || (tells === 'failures' && run.state !== 'failed')) {
                return;
            }
            if (run.state === 'failed') {
                const said = trans.__('%1 failed: %2', run.name, faultLine(run, trans));
                Notification.error(said, { actions: actions(run), autoClose: closes(run, 10_000) });
            } else if (run.state === 'succeeded') {
                const main = mainMetric(run);
                const said = main
                    ? trans.__('%1 succeeded: %2 %3', run.name, main[0], metric(main[1]))
                    : trans.__('%1 succeeded', run.name);
                Notification.success(said, { actions: actions(run), autoClose: closes(run, 4000) });
            }
        });
    }
};
