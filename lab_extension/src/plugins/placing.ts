import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { DocumentRegistry } from '@jupyterlab/docregistry';
import type { Widget } from '@lumino/widgets';

/** The area that Notebook 7 has for what stands beside its one document; JupyterLab's main area takes many. */
function area(app: JupyterFrontEnd): 'main' | 'right' {
    return app.name === 'JupyterLab' ? 'main' : 'right';
}

/** Adds what is looked at beside a notebook, and shows it. */
export function place(app: JupyterFrontEnd, widget: Widget, options: DocumentRegistry.IOpenOptions): void {
    const where = area(app);
    app.shell.add(widget, where, where === 'main' ? options : { rank: 500 });
    show(app, widget);
}

export function show(app: JupyterFrontEnd, widget: Widget): void {
    app.shell.activateById(widget.id);
}
