/** The commands; what they take as arguments stands beside them. */
export const CommandIds = {
    /** `path`: a notebook; default: the one that is looked at. */
    runForm: 'gristmill:run-form',
    runAgain: 'gristmill:run-with-last-values',
    /** `path`, as above: the same notebook as it stands, with its own values. */
    runInBackground: 'gristmill:run-in-background',
    runFromBrowser: 'gristmill:run-from-file-browser',
    chooseNotebook: 'gristmill:choose-notebook',
    openExample: 'gristmill:open-example',
    /** `path`, as above. */
    runsOfNotebook: 'gristmill:runs-of-notebook',
    /** `run`: id, number or name. */
    openRun: 'gristmill:open-run',
    cancelRun: 'gristmill:cancel-run',
    deleteRun: 'gristmill:delete-run',
    rerun: 'gristmill:run-once-more',
    /** `run`, as above: the form beside the notebook, with this run’s values. */
    editRun: 'gristmill:edit-and-run-again',
    /** `run`: its notebook, at the cell where it failed. */
    openSource: 'gristmill:open-source-of-run',
    /** `run`: its executed copy, on its own kernel. */
    openKernel: 'gristmill:open-live-kernel',
    /** `run`, `kind`: ipynb or html, `code`: false for a page without the cells’ sources. */
    downloadNotebook: 'gristmill:download-executed-notebook',
    /** `run`, `names` of its outputs. */
    copyOutputs: 'gristmill:copy-outputs',
    /** `run`, `others`: ids with commas between, `label`: what the menu says. */
    compareWith: 'gristmill:compare-run-with',
    /** `run`: MLflow’s page of this one; default: its first page. */
    openMlflow: 'gristmill:open-mlflow',
    /** `filter`: words that runs are to have. */
    showRuns: 'gristmill:show-runs',
    /** `view`: an `ITableView`; default: as it was left. */
    openTable: 'gristmill:runs-table',
    /** `runs`: ids, numbers or names of 2 to 10, with commas between. */
    compareRuns: 'gristmill:compare-runs',
    openCompareLink: 'gristmill:open-compare-link',
    compareSelected: 'gristmill:compare-selected-runs',
    labelSelected: 'gristmill:label-selected-runs',
    deleteSelected: 'gristmill:delete-selected-runs',
    pinBaseline: 'gristmill:pin-baseline',

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
