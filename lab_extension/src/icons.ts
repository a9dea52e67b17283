import { LabIcon } from '@jupyterlab/ui-components';

import type { RunState } from './api/wire';

function drawn(name: string, shapes: string): LabIcon {
  return new LabIcon({
    name: `gristmill:${name}`,
    svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 16 16">${shapes}</svg>`
  });
}

const line = 'fill="none" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round"';

/** A millstone: Gristmill's own. */
export const millIcon = drawn(
  'mill',
  `<g class="jp-icon3" fill="none" stroke="#616161" stroke-width="1.5"><circle cx="8" cy="8" r="6.2"/><circle cx="8" cy="8" r="1.6"/></g>
   <path class="jp-icon3" ${line} stroke="#616161" d="M8 1.8v3M14.2 8h-3M8 14.2v-3M1.8 8h3"/>`
);

export const runIcon = drawn(
  'run',
  `<circle class="jp-icon3" cx="8" cy="8" r="6.2" fill="none" stroke="#616161" stroke-width="1.5"/>
   <path class="jp-icon3" fill="#616161" d="M6.4 5.2v5.6L11 8z"/>`
);

export const STATE_ICONS: Readonly<Record<RunState, LabIcon>> = {
  queued: drawn('queued', `<circle class="gr-stroke" cx="8" cy="8" r="5.5" ${line}/>`),
  starting: drawn('starting', `<circle class="gr-stroke" cx="8" cy="8" r="5.5" ${line} stroke-dasharray="2.2 2.8"/>`),
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
