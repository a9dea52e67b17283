import * as React from 'react';

import type { ITrans } from '../models/translation';

/** To a page of MLflow’s, which opens in a tab of the browser. */
export function MlflowLink({ href, trans }: { href: string; trans: ITrans }): React.JSX.Element {
    return (
        <a className="gr-Link" href={href} target="_blank" rel="noopener">
            {trans.__('Open in MLflow')}
        </a>
    );
}
