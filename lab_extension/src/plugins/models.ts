import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';

import { ModelsApi } from '../api/models';
import { Endpoints } from '../models/endpoints';
import { Registry } from '../models/registry';
import { TrafficWatch } from '../models/traffic';
import { IControlPlane, IModels } from '../tokens';

/** The registered models and the endpoints, as they are now. */
export const models: JupyterFrontEndPlugin<IModels> = {
    id: 'gristmill-lab:models',
    description: 'The registered models and the endpoints of this project, as they are now.',
    autoStart: true,
    requires: [IControlPlane],
    provides: IModels,
    activate: (app: JupyterFrontEnd, { connection }: IControlPlane): IModels => {
        const api = new ModelsApi(app.serviceManager.serverSettings);
        return {
            api,
            registry: new Registry(api, connection),
            endpoints: new Endpoints(api, connection),
            traffic: new TrafficWatch(api)
        };
    }
};
