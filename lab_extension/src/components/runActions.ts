import type { Output, Run } from '../api/wire';

/** What can be done with a run from its page. One that is null cannot be done here. */
export interface IRunActions {
    cancel(run: Run): void;
    startAnyway(run: Run): void;
    rerun(run: Run): void;
    /** The form beside the notebook, filled with this run’s values. */
    editAndRerun(run: Run): void;
    /** The notebook, at the failed cell where one failed. */
    openSource(run: Run): void;
    /** The executed copy on the run’s own kernel. */
    openKernel(run: Run): void;
    /** With other runs, chosen from a menu below this button. */
    readonly compare: ((run: Run, button: HTMLElement) => void) | null;
    readonly register: ((run: Run) => void) | null;
    readonly deploy: ((run: Run) => void) | null;
    delete(run: Run): void;
    /** What is done seldom, as a menu below this button. */
    more(run: Run, button: HTMLElement): void;
    copyOutputs(run: Run, outputs: readonly Output[]): void;
}
