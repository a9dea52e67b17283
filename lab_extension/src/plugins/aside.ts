import type { JupyterFrontEnd } from '@jupyterlab/application';
import { MainAreaWidget, type ReactWidget } from '@jupyterlab/apputils';
import type { IDisposable } from '@lumino/disposable';

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
    // A form beside a form would be a third column: it takes its place as another tab.
    const mode = ref instanceof Aside || ref?.hasClass('gr-FormWidget') ? 'tab-after' : 'split-right';
    shell.add(widget, 'main', ref ? { ref: ref.id, mode } : {});
}
