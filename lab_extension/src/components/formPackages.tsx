import * as React from 'react';

import { ProblemError } from '../api/problem';
import type { Packages as Found } from '../api/wire';
import { Problem, sentence } from './common';
import { Copyable } from './copy';
import type { IPartProps } from './formParts';

/** The environment of the run: which, how many packages it has, and what the notebook imports that it lacks. */
export function Packages({ form, trans }: IPartProps): React.JSX.Element {
    const { outlook, choices } = form;
    const id = React.useId();
    const kernel = form.facts?.kernel;
    const { packages: found, refusal } = outlook.found ?? {};
    return (
        <>
            <h2>{trans.__('Environment')}</h2>
            <div className="gr-Environment">
                <div className="jp-select-wrapper gr-Select">
                    <select
                        id={id}
                        className="jp-mod-styled"
                        aria-label={trans.__('Environment')}
                        value={choices.environment ?? ''}
                        onChange={event => {
                            form.chooseEnvironment(event.target.value || null);
                        }}
                    >
                        <option value="">
                            {kernel
                                ? trans.__('the notebook’s kernel: %1', kernel)
                                : trans.__('the notebook’s kernel')}
                        </option>
                        {choices.environments.map(one => (
                            <option key={one.name} value={one.name}>
                                {`${one.name} (${trans._n('%1 package', '%1 packages', one.packages.length)})`}
                            </option>
                        ))}
                    </select>
                </div>
                <span className="gr-dim" title={found?.interpreter ?? undefined}>
                    {outlook.busy ? trans.__('looking …') : counted(found, trans)}
                </span>
            </div>
            {outlook.problem ? (
                <Problem
                    problem={outlook.problem}
                    trans={trans}
                    title={trans.__('What the run needs could not be looked at')}
                />
            ) : refusal ? (
                <Problem
                    problem={new ProblemError(refusal)}
                    trans={trans}
                    title={trans.__('It cannot be run as it is')}
                />
            ) : (
                <Lacking form={form} trans={trans} />
            )}
            <OwnVenv form={form} trans={trans} onUsed={() => document.getElementById(id)?.focus()} />
        </>
    );
}

/** What the person works with may lie in the project, and be another environment than the kernel’s. */
function OwnVenv(props: IPartProps & { onUsed: () => void }): React.JSX.Element | null {
    const { form, trans, onUsed } = props;
    const venv = form.outlook.found?.venv;
    if (!venv || form.choices.environment !== null) {
        return null;
    }
    return (
        <div className="gr-Environment">
            <span className="gr-hint">
                {trans.__('This project has %1, which is not the kernel’s.', venv.folder)}
            </span>
            <button
                type="button"
                className="jp-mod-styled"
                onClick={() => {
                    void form.useVenv().then(onUsed);
                }}
            >
                {trans.__('Run in %1', venv.folder)}
            </button>
        </div>
    );
}

function counted(found: Found | null | undefined, trans: IPartProps['trans']): string {
    if (typeof found?.packages !== 'number') {
        return '';
    }
    const packages = trans._n('%1 package', '%1 packages', found.packages);
    return found.python ? trans.__('Python %1, %2', found.python, packages) : packages;
}

function Lacking({ form, trans }: IPartProps): React.JSX.Element | null {
    const found = form.outlook.found?.packages;
    if (!found || (found.lacking.length === 0 && found.notices.length === 0)) {
        return null;
    }
    const modules = found.lacking.map(one => trans.__('%1 (cell %2)', one.module, one.number)).join(', ');
    const [command] = (found.fix ?? '').replace(/^Install it: /, '').split('   (');
    return (
        <div className="gr-Warning" role="status">
            {modules ? (
                <>
                    <strong>{trans.__('Missing there: %1', modules)}</strong>
                    {command ? (
                        <Copyable text={command} label={trans.__('what installs it')} trans={trans} />
                    ) : null}
                    <button
                        type="button"
                        className="jp-mod-styled"
                        onClick={() => {
                            void form.look();
                        }}
                    >
                        {trans.__('Look again')}
                    </button>
                </>
            ) : null}
            {found.notices.map(notice => (
                <div key={notice}>{sentence(notice)}</div>
            ))}
        </div>
    );
}
