import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';

import { Api } from '../api/client';
import { RunApi } from '../api/runs';
import { messages } from '../api/stream';
import { Connection } from '../models/connection';
import { IControlPlane } from '../tokens';

/** The control plane: one client and one stream for this page. */
export const controlPlane: JupyterFrontEndPlugin<IControlPlane> = {
    id: 'gristmill-lab:control-plane',
    description: 'Questions to Gristmill’s control plane, and what happens there as it happens.',
    autoStart: true,
    provides: IControlPlane,
    activate: (app: JupyterFrontEnd): IControlPlane => {
        const api = new Api(app.serviceManager.serverSettings);
        const connection = new Connection(async signal => messages(await api.events(signal)));
        const runApi = new RunApi(app.serviceManager.serverSettings);
        return { api, runApi, connection };
    }
};
