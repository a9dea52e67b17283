import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { ReactWidget } from '@jupyterlab/apputils';
import type { IDisposable } from '@lumino/disposable';
import type { Widget } from '@lumino/widgets';

import { FORM, Page } from './page';

const WHOLE = 0.7; // of the main area's width: what has less is beside something

interface IAsideForm extends IDisposable {
    /** Nothing would be lost with it. */
    readonly isPristine: boolean;
}

/** A form of its own model, which goes with it; Escape leaves it before anything was typed. */
export class Aside extends Page {
    constructor(shell: JupyterFrontEnd.IShell, content: ReactWidget, form: IAsideForm) {
        super({ shell, content, own: [form], first: FORM, leaves: () => form.isPristine });
        this.addClass('gr-FormWidget');
    }
}

/** Adds it beside what is looked at in the main area, which stays in sight. */
export function beside(shell: JupyterFrontEnd.IShell, widget: Aside): void {
    const current = [...shell.widgets('main')].find(one => one.isVisible && one === shell.currentWidget);
    const ref = current ?? [...shell.widgets('main')].find(one => one.isVisible);
    // What has its place beside something already shares it: a third column would be too narrow for both.
    const mode = ref && isBesideAnother(ref) ? 'tab-after' : 'split-right';
    shell.add(widget, 'main', ref ? { ref: ref.id, mode } : {});
}

function isBesideAnother(widget: Widget): boolean {
    const area = widget.parent?.node.offsetWidth ?? 0;
    return widget.node.offsetWidth < area * WHOLE;
}
