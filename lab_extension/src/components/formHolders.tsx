import * as React from 'react';

import type { Run } from '../api/wire';
import { keptOf, leftText } from '../models/postMortem';
import { Problem, sentence, useNow } from './common';
import type { IPartProps } from './formParts';

interface IHoldersProps extends IPartProps {
    /** Runs whose kernels are kept, as they are now. */
    readonly kept: () => readonly Run[];
    readonly onEnd: (run: Run) => Promise<unknown>;
}

/** Where the run would wait: for what, and which kernels could be let go of for it. */
export function Holders(props: IHoldersProps): React.JSX.Element | null {
    const { form, trans, kept, onEnd } = props;
    const [problem, setProblem] = React.useState<unknown>(null);
    const { profile } = form.choices;
    const forecast = profile === null ? null : form.outlook.forecast(profile);
    const waits = forecast !== null && forecast.wait_s !== 0;
    const now = useNow(waits);
    const runs = waits ? kept().filter(run => isAlive(run, now)) : [];
    if (!waits || (runs.length === 0 && !forecast.waiting)) {
        return null;
    }
    return (
        <div className="gr-Warning gr-Holders" role="group" aria-label={trans.__('What it would wait for')}>
            {forecast.waiting ? <div>{sentence(forecast.waiting)}</div> : null}
            {runs.map(run => (
                <div key={run.id} className="gr-Offer">
                    <span>
                        {trans.__(
                            '%1 failed, and its kernel is kept: %2',
                            run.name,
                            leftText(keptOf(run)?.until ?? '', now, trans)
                        )}
                    </span>
                    <button
                        type="button"
                        className="jp-mod-styled"
                        aria-label={trans.__('End the kernel of %1', run.name)}
                        onClick={() => {
                            onEnd(run).catch(setProblem);
                        }}
                    >
                        {trans.__('End kernel')}
                    </button>
                </div>
            ))}
            {problem ? <Problem problem={problem} trans={trans} /> : null}
        </div>
    );
}

function isAlive(run: Run, now: Date): boolean {
    const until = keptOf(run)?.until;
    return until !== undefined && new Date(until) > now;
}
