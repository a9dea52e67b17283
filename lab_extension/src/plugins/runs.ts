import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import { ITranslator } from '@jupyterlab/translation';

import { CommandIds } from '../commands';
import { mainMetric, metric } from '../models/quantities';
import { Runs } from '../models/runs';
import { IControlPlane, IRuns } from '../tokens';
import { faultLine } from '../components/common';

/** The runs as they are now; who started one is told how it ended. */
export const runs: JupyterFrontEndPlugin<IRuns> = {
    id: 'gristmill-lab:runs',
    description: 'The runs of this project, as they are now.',
    autoStart: true,
    requires: [IControlPlane, ITranslator],
    provides: IRuns,
    activate: (app: JupyterFrontEnd, { api, connection }: IControlPlane, translator: ITranslator): IRuns => {
        const trans = translator.load('gristmill_lab');
        const found = new Runs(api, connection);
        found.ended.connect((_, { run }) => {
            const actions = [
                {
                    label: trans.__('Open'),
                    callback: (): void => {
                        void app.commands.execute(CommandIds.openRun, { run: run.id });
                    }
                }
            ];
            if (run.state === 'failed') {
                Notification.error(trans.__('%1 failed: %2', run.name, faultLine(run, trans)), {
                    actions,
                    autoClose: 10_000
                });
            } else if (run.state === 'succeeded') {
                const main = mainMetric(run);
                Notification.success(
                    main
                        ? trans.__('%1 succeeded: %2 %3', run.name, main[0], metric(main[1]))
                        : trans.__('%1 succeeded', run.name),
                    { actions, autoClose: 5000 }
                );
            }
        });
        return found;
    }
};
