import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';

import { Runs } from '../models/runs';
import { IControlPlane, IRuns } from '../tokens';

/** The runs as they are now. */
export const runs: JupyterFrontEndPlugin<IRuns> = {
    id: 'gristmill-lab:runs',
    description: 'The runs of this project, as they are now.',
    autoStart: true,
    requires: [IControlPlane],
    provides: IRuns,
    activate: (_: JupyterFrontEnd, { api, connection }: IControlPlane): IRuns => new Runs(api, connection)
};
