import type { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { compare } from './plugins/compare';
import { controlPlane } from './plugins/controlPlane';
import { firstMinute } from './plugins/firstMinute';
import { notebooks } from './plugins/notebooks';
import { notifications } from './plugins/notifications';
import { panels } from './plugins/panels';
import { postMortem } from './plugins/postMortem';
import { runActions } from './plugins/runActions';
import { deployForm } from './plugins/deployForm';
import { endpointPage } from './plugins/endpointPage';
import { mlflow } from './plugins/mlflow';
import { modelPage } from './plugins/modelPage';
import { models } from './plugins/models';
import { modelsPanel } from './plugins/modelsPanel';
import { registerForm } from './plugins/registerForm';
import { runForm } from './plugins/runForm';
import { runMenu } from './plugins/runMenu';
import { runNow } from './plugins/runNow';
import { runPage } from './plugins/runPage';
import { runs } from './plugins/runs';
import { runsTable, savedViews } from './plugins/runsTable';
import { runsPanel } from './plugins/runsPanel';
import { status } from './plugins/status';
import { toolbar } from './plugins/toolbar';

const plugins: JupyterFrontEndPlugin<unknown>[] = [
    controlPlane,
    runs,
    notebooks,
    runForm,
    runNow,
    runMenu,
    firstMinute,
    notifications,
    runPage,
    runActions,
    postMortem,
    mlflow,
    runsPanel,
    savedViews,
    runsTable,
    compare,
    status,
    toolbar,
    models,
    modelsPanel,
    modelPage,
    registerForm,
    deployForm,
    endpointPage,
    panels
];

export default plugins;
