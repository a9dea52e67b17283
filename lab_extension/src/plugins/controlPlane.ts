import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';

import { Api } from '../api/client';
import { RunApi } from '../api/runs';
import { type Open, shared } from '../api/shared';
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
        const runApi = new RunApi(app.serviceManager.serverSettings);
        const { baseUrl } = app.serviceManager.serverSettings;
        const upstream: Open = async signal => messages(await api.events(signal));
        const connection = new Connection(shared(upstream, `gristmill-lab:1:${baseUrl}`));
        return { api, runApi, connection };
    }
};
