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
    /** `view`: an `ITableView`; default: as it was left. */
    openTable: 'gristmill:runs-table',
    /** `runs`: ids, numbers or names of 2 to 10, with commas between. */
    compareRuns: 'gristmill:compare-runs',
    openCompareLink: 'gristmill:open-compare-link',
    compareSelected: 'gristmill:compare-selected-runs',
    labelSelected: 'gristmill:label-selected-runs',
    deleteSelected: 'gristmill:delete-selected-runs',
    pinBaseline: 'gristmill:pin-baseline'
} as const;

/** An argument that is a text; null for anything else. */
export function textArgument(args: Readonly<Record<string, unknown>>, name: string): string | null {
    const value = args[name];
    return typeof value === 'string' && value !== '' ? value : null;
}
