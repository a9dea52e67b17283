import type { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { compare } from './plugins/compare';
import { controlPlane } from './plugins/controlPlane';
import { notebooks } from './plugins/notebooks';
import { runForm } from './plugins/runForm';
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
    runPage,
    runsPanel,
    savedViews,
    runsTable,
    compare,
    status,
    toolbar
];

export default plugins;
