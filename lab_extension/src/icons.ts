import { LabIcon } from '@jupyterlab/ui-components';

import type { Look } from './models/endpoints';
import type { RunLook } from './models/runEvents';

function drawn(name: string, shapes: string): LabIcon {
    return new LabIcon({
        name: `gristmill:${name}`,
        svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 16 16">${shapes}</svg>`
    });
}

// The class colours what has a stroke or a fill of its own; none here has both.
const stroke = 'stroke="#616161" stroke-width="1.5" stroke-linecap="round"';
const line = 'fill="none" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round"';

/** A millstone: Gristmill's own. */
export const millIcon = drawn(
    'mill',
    `<g fill="none"><path class="jp-icon3" ${stroke} d="M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 1 0 8 1.8zM8 6.4a1.6 1.6 0 1 0 0 3.2 1.6 1.6 0 1 0 0-3.2zM8 1.8v3M14.2 8h-3M8 14.2v-3M1.8 8h3"/></g>`
);

export const runIcon = drawn(
    'run',
    `<g fill="none"><circle class="jp-icon3" cx="8" cy="8" r="6.2" ${stroke}/></g><path class="jp-icon3" fill="#616161" d="M6.4 5.2v5.6L11 8z"/>`
);

/** Steps of a metric: MLflow's pages of runs. */
export const mlflowIcon = drawn(
    'mlflow',
    `<g fill="none"><path class="jp-icon3" ${stroke} stroke-linejoin="round" d="M2 2v12h12M4.6 10.4l2.6-3.6 2.4 2 3.8-5.2"/></g>`
);

/** People of whom one leaves. */
export const exampleIcon = drawn(
    'example',
    `<g fill="none"><path class="jp-icon3" ${stroke} d="M3 13.5c0-3 1.2-4.6 3-4.6s3 1.6 3 4.6M6 6.6a1.9 1.9 0 1 0 0-3.8 1.9 1.9 0 1 0 0 3.8zM10.6 7.5h3.9M12.6 5.4l2 2.1-2 2.1"/></g>`
);

export const STATE_ICONS: Readonly<Record<RunLook, LabIcon>> = {
    queued: drawn('queued', `<circle class="gr-stroke" cx="8" cy="8" r="5.5" ${line}/>`),
    waiting: drawn(
        'waiting',
        `<circle class="gr-stroke" cx="8" cy="8" r="5.5" ${line}/><path class="gr-stroke" ${line} d="M8 5v3l2 1.5"/>`
    ),
    starting: drawn(
        'starting',
        `<circle class="gr-stroke" cx="8" cy="8" r="5.5" ${line} stroke-dasharray="2.2 2.8"/>`
    ),
    running: drawn(
        'running',
        `<circle class="gr-stroke gr-faint" cx="8" cy="8" r="5.5" ${line}/><path class="gr-stroke gr-turning" ${line} d="M8 2.5A5.5 5.5 0 0 1 13.5 8"/>`
    ),
    succeeded: drawn('succeeded', `<path class="gr-stroke" ${line} d="M3 8.5l3.4 3.4L13 4.6"/>`),
    failed: drawn('failed', `<path class="gr-stroke" ${line} d="M4 4l8 8M12 4l-8 8"/>`),
    cancelled: drawn(
        'cancelled',
        `<circle class="gr-stroke" cx="8" cy="8" r="5.5" ${line}/><path class="gr-stroke" ${line} d="M4.2 11.8l7.6-7.6"/>`
    )
};

/** A cube: what a run made, and what can be deployed. */
export const modelIcon = drawn(
    'model',
    `<g fill="none"><path class="jp-icon3" ${stroke} stroke-linejoin="round" d="M8 1.8l5.4 3.1v6.2L8 14.2l-5.4-3.1V4.9zM2.6 4.9L8 8m5.4-3.1L8 8m0 0v6.2"/></g>`
);

/** Where requests go in and answers come out. */
export const endpointIcon = drawn(
    'endpoint',
    `<g fill="none"><path class="jp-icon3" ${stroke} stroke-linejoin="round" d="M1.8 8h4.4M9.8 8h4.4M11.8 5.6L14.2 8l-2.4 2.4"/><circle class="jp-icon3" cx="8" cy="8" r="1.9" stroke="#616161" stroke-width="1.5"/></g>`
);

export const ENDPOINT_ICONS: Readonly<Record<Look, LabIcon>> = {
    waiting: STATE_ICONS.waiting,
    starting: STATE_ICONS.starting,
    ready: drawn(
        'ready',
        `<circle class="gr-stroke" cx="8" cy="8" r="5.5" ${line}/><circle class="gr-stroke" cx="8" cy="8" r="1.6" ${line}/>`
    ),
    failed: STATE_ICONS.failed,
    stopped: STATE_ICONS.queued
};
