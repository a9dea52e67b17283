import { Dialog, Notification, ReactWidget, showDialog } from '@jupyterlab/apputils';
import * as React from 'react';

import type { IApi } from '../api/client';
import type { IRunsTableApi } from '../api/runsTable';
import type { Run } from '../api/wire';
import { isOver } from '../models/runEvents';
import type { ITrans } from '../models/translation';

const NAMED = 8; // runs that a question names; more are counted
const TOGETHER = 4; // requests at a time

/** What is done to several runs at once: asked first, then done to each, and what was refused is told. */
export class SelectedRuns {
    constructor(
        private readonly api: Pick<IApi, 'deleteRun'>,
        private readonly tableApi: Pick<IRunsTableApi, 'change'>,
        private readonly trans: ITrans
    ) {}

    async remove(runs: readonly Run[]): Promise<void> {
        const { trans } = this;
        const over = runs.filter(isOver);
        const alive = runs.filter(run => !isOver(run));
        if (over.length === 0) {
            await showDialog({
                title: trans.__('Nothing to delete'),
                body: trans.__('These runs are not over: cancel them first. %1', names(alive, trans)),
                buttons: [Dialog.okButton()]
            });
            return;
        }
        const [only] = over;
        const label =
            over.length === 1 && only
                ? trans.__('Delete run %1', only.name)
                : trans.__('Delete %1 runs', over.length);
        const left =
            alive.length > 0 ? trans.__(' Not deleted, because it is not over: %1', names(alive, trans)) : '';
        const answer = await showDialog({
            title:
                over.length === 1 && only
                    ? trans.__('Delete run %1?', only.name)
                    : trans.__('Delete %1 runs?', over.length),
            body: trans.__(
                '%1 Metrics, logs, executed notebooks and outputs go with it. Notebooks and registered models stay.%2',
                names(over, trans),
                left
            ),
            buttons: [Dialog.cancelButton({ label: trans.__('Keep') }), Dialog.warnButton({ label })],
            defaultButton: 0 // who presses Enter without reading keeps them
        });
        if (answer.button.accept) {
            await this.each(over, run => this.api.deleteRun(run.id), trans.__('could not be deleted'));
        }
    }

    /** How many it was set on, or taken from. */
    async label(runs: readonly Run[], known: readonly string[]): Promise<number> {
        const { trans } = this;
        const content = new LabelBody(runs, known, trans);
        const title =
            runs.length === 1
                ? trans.__('Label %1', runs[0]?.name ?? '')
                : trans.__('Label %1 runs', runs.length);
        const answer = await showDialog({
            title,
            body: content,
            buttons: [Dialog.cancelButton(), Dialog.okButton({ label: trans.__('Set label') })],
            focusNodeSelector: 'input'
        });
        const { name, value } = answer.value ?? { name: '', value: '' };
        if (!answer.button.accept || name === '') {
            return 0;
        }
        const labels = { [name]: value === '' ? null : value };
        const done = await this.each(
            runs,
            run => this.tableApi.change(run.id, { labels }),
            trans.__('could not be labelled')
        );
        if (done > 0) {
            Notification.success(said(done, name, value, trans), { autoClose: 5000 });
        }
        return done;
    }

    /** How many it was done to. */
    private async each(
        runs: readonly Run[],
        act: (run: Run) => Promise<unknown>,
        refused: string
    ): Promise<number> {
        const faults: string[] = [];
        const left = [...runs];
        const worker = async (): Promise<void> => {
            for (let run = left.shift(); run; run = left.shift()) {
                try {
                    await act(run);
                } catch (error) {
                    faults.push(
                        `${run.name} ${refused}: ${error instanceof Error ? error.message : String(error)}`
                    );
                }
            }
        };
        await Promise.all(Array.from({ length: TOGETHER }, worker));
        for (const fault of faults.slice(0, 3)) {
            Notification.error(fault, { autoClose: 20_000 });
        }
        if (faults.length > 3) {
            Notification.error(this.trans.__('%1 more %2', faults.length - 3, refused), {
                autoClose: 20_000
            });
        }
        return runs.length - faults.length;
    }
}

function said(count: number, name: string, value: string, trans: ITrans): string {
    if (value === '') {
        return count === 1
            ? trans.__('The label %1 is taken from 1 run', name)
            : trans.__('The label %1 is taken from %2 runs', name, count);
    }
    return count === 1
        ? trans.__('1 run is labelled %1: %2', name, value)
        : trans.__('%1 runs are labelled %2: %3', count, name, value);
}

function names(runs: readonly Run[], trans: ITrans): string {
    const told = runs.slice(0, NAMED).map(run => run.name);
    const more = runs.length - told.length;
    return `${told.join(', ')}${more > 0 ? trans.__(' and %1 more', more) : ''}.`;
}

interface ILabel {
    readonly name: string;
    readonly value: string;
}

class LabelBody extends ReactWidget implements Dialog.IBodyWidget<ILabel> {
    private name = '';
    private value = '';

    constructor(
        private readonly runs: readonly Run[],
        private readonly known: readonly string[],
        private readonly trans: ITrans
    ) {
        super();
        this.addClass('gr-LabelBody');
    }

    getValue(): ILabel {
        return { name: this.name.trim(), value: this.value.trim() };
    }

    protected override render(): React.JSX.Element {
        const { trans } = this;
        const had = [...new Set(this.runs.flatMap(run => Object.keys(run.labels)))];
        return (
            <>
                <label>
                    {trans.__('Label')}
                    <input
                        className="jp-mod-styled"
                        list="gr-labels"
                        maxLength={63}
                        onChange={event => {
                            this.name = event.target.value;
                        }}
                    />
                </label>
                <datalist id="gr-labels">
                    {[...new Set([...had, ...this.known])].map(name => (
                        <option key={name} value={name} />
                    ))}
                </datalist>
                <label>
                    {trans.__('Value')}
                    <input
                        className="jp-mod-styled"
                        maxLength={200}
                        placeholder={trans.__('empty: the label goes')}
                        onChange={event => {
                            this.value = event.target.value;
                        }}
                    />
                </label>
                {had.length > 0 ? (
                    <p className="gr-dim">{trans.__('There now: %1', had.join(', '))}</p>
                ) : null}
            </>
        );
    }
}
