import type { JupyterFrontEnd } from '@jupyterlab/application';
import { MainAreaWidget, type ReactWidget } from '@jupyterlab/apputils';
import type { IDisposable } from '@lumino/disposable';
import type { Widget } from '@lumino/widgets';

const WHOLE = 0.7; // of the main area's width: what has less is beside something

/** A form of its own model, which goes with it. */
export class Aside extends MainAreaWidget<ReactWidget> {
    constructor(
        content: ReactWidget,
        private readonly form: IDisposable
    ) {
        super({ content });
        this.title.closable = true;
        this.addClass('gr-FormWidget');
    }

    override dispose(): void {
        this.form.dispose();
        super.dispose();
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
