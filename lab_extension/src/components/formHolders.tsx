import * as React from 'react';

import type { Run } from '../api/wire';
import { keptOf, leftText } from '../models/postMortem';
import type { ITrans } from '../models/translation';
import { Problem, sentence, useNow } from './common';

export interface IKept {
    /** Runs whose kernels are kept, as they are now. */
    readonly kept: () => readonly Run[];
    readonly onEnd: (run: Run) => Promise<unknown>;
}

interface IHoldersProps extends IKept {
    /** Whether there is something to be waited for. */
    readonly waits: boolean;
    /** What, as the control plane says it. */
    readonly waiting: string | null;
    readonly trans: ITrans;
}

/** Where one would wait: for what, and which kernels could be let go of for it. */
export function Holders(props: IHoldersProps): React.JSX.Element | null {
    const { waits, waiting, trans, kept, onEnd } = props;
    const [problem, setProblem] = React.useState<unknown>(null);
    const now = useNow(waits);
    const runs = waits ? kept().filter(run => isAlive(run, now)) : [];
    if (!waits || (runs.length === 0 && !waiting)) {
        return null;
    }
    return (
        <div className="gr-Warning gr-Holders" role="group" aria-label={trans.__('What it would wait for')}>
            {waiting ? <div>{sentence(waiting)}</div> : null}
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
                        aria-label={trans.__('End kernel of %1', run.name)}
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
