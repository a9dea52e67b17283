/** The commands; what they take as arguments stands beside them. */
export const CommandIds = {
    /** `path`: a notebook; default: the one that is looked at. */
    runForm: 'gristmill:run-form',
    runAgain: 'gristmill:run-with-last-values',
    runFromBrowser: 'gristmill:run-from-file-browser',
    /** `run`: id, number or name. */
    openRun: 'gristmill:open-run',
    cancelRun: 'gristmill:cancel-run',
    deleteRun: 'gristmill:delete-run',
    rerun: 'gristmill:run-once-more',
    showRuns: 'gristmill:show-runs',

    showModels: 'gristmill:show-models',
    /** `model`: a name; `version`: a number, default: the newest. */
    openModel: 'gristmill:open-model',
    /** `run`: one that logged a model, default: one is chosen; `deploy`: true where that is what comes next. */
    registerModel: 'gristmill:register-model',
    /** `model` and `version`; or `run`: the version that was made of it, which is registered first where there is none. */
    deployModel: 'gristmill:deploy-model',
    /** `endpoint`: a name. */
    openEndpoint: 'gristmill:open-endpoint',
    deleteEndpoint: 'gristmill:delete-endpoint'
} as const;

/** An argument that is a text; null for anything else. */
export function textArgument(args: Readonly<Record<string, unknown>>, name: string): string | null {
    const value = args[name];
    return typeof value === 'string' && value !== '' ? value : null;
}
