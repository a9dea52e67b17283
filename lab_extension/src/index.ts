import type { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { controlPlane } from './plugins/controlPlane';
import { deployForm } from './plugins/deployForm';
import { endpointPage } from './plugins/endpointPage';
import { modelPage } from './plugins/modelPage';
import { models } from './plugins/models';
import { modelsPanel } from './plugins/modelsPanel';
import { notebooks } from './plugins/notebooks';
import { registerForm } from './plugins/registerForm';
import { runForm } from './plugins/runForm';
import { runPage } from './plugins/runPage';
import { runs } from './plugins/runs';
import { runsPanel } from './plugins/runsPanel';
import { status } from './plugins/status';
import { toolbar } from './plugins/toolbar';

const plugins: JupyterFrontEndPlugin<unknown>[] = [
    controlPlane,
    runs,
    notebooks,
    runForm,
    runPage,
    runsPanel,
    status,
    toolbar,

    models,
    modelsPanel,
    modelPage,
    registerForm,
    deployForm,
    endpointPage
];

export default plugins;
