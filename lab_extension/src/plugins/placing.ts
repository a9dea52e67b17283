import type { JupyterFrontEnd } from '@jupyterlab/application';
import { DockPanel, type Widget } from '@lumino/widgets';

/** The area that Notebook 7 has for what stands beside its one document; JupyterLab's main area takes many. */
function area(app: JupyterFrontEnd): 'main' | 'right' {
    return app.name === 'JupyterLab' ? 'main' : 'right';
}

const NEARLY = 8; // pixels that columns of one width may differ by

function isOurs(widget: Widget): boolean {
    return widget.hasClass('gr-FormWidget') || widget.hasClass('gr-PageWidget');
}

/** The tabs of which one is seen where this widget is. */
function stackOf({ parent, title }: Widget): readonly Widget[] {
    const bars = parent instanceof DockPanel ? [...parent.tabBars()] : [];
    const bar = bars.find(one => one.titles.includes(title));
    return bar ? bar.titles.map(one => one.owner) : [];
}

/** What is new goes behind this one, in its stack of tabs; null where there is no such place beside the notebook. */
function beside(app: JupyterFrontEnd, notebook: Widget): Widget | null {
    const ours = [...app.shell.widgets('main')].filter(isOurs);
    const own = stackOf(notebook);
    const elsewhere = ours.filter(
        one => !own.includes(one) && stackOf(one).some(tab => tab.isVisible) && notebook.isVisible
    );
    const there = elsewhere.find(one => one.isVisible) ?? elsewhere.at(-1);
    // The copy of a failed run is among ours: what is opened from it does not make it narrower still.
    return there ?? (ours.some(one => own.includes(one)) && isBeside(notebook) ? notebook : null);
}

/** Something else is seen together with it. */
function isBeside({ parent }: Widget): boolean {
    return parent instanceof DockPanel && [...parent.tabBars()].length > 1;
}

function add(
    app: JupyterFrontEnd,
    widget: Widget,
    ref: Widget | null,
    mode: 'tab-after' | 'split-right'
): void {
    if (area(app) === 'right') {
        app.shell.add(widget, 'right', { rank: 500 });
    } else {
        app.shell.add(widget, 'main', { mode, ...(ref ? { ref: ref.id } : {}) });
    }
    show(app, widget);
}

/** Adds what is looked at beside a notebook, else behind what is there, and shows it. */
export function place(app: JupyterFrontEnd, widget: Widget, notebook: Widget | null): void {
    const there = notebook && beside(app, notebook);
    add(app, widget, there ?? notebook, notebook && !there ? 'split-right' : 'tab-after');
}

/** The notebook that one looks at: what is opened now stands beside it. */
export function notebookInSight({ shell }: JupyterFrontEnd): Widget | null {
    const shown = [...shell.widgets('main')].filter(one => one.isVisible && one.hasClass('jp-NotebookPanel'));
    return shown.find(one => one === shell.currentWidget) ?? shown[0] ?? null;
}

/** Adds what takes the place of a widget for a while, as a tab in front of it. */
export function placeOver(app: JupyterFrontEnd, widget: Widget, below: Widget): void {
    add(app, widget, below, 'tab-after');
}

/** Adds what needs width where there is most of it, in front of what is there, and not beside it. */
export function placeWide(app: JupyterFrontEnd, widget: Widget): void {
    if (area(app) === 'right') {
        app.shell.add(widget, 'main');
        return;
    }
    const there = [...app.shell.widgets('main')].filter(one => one.isVisible);
    const widest = Math.max(...there.map(one => one.node.offsetWidth));
    // Of columns that are as wide as each other, not the one of what was opened beside a notebook.
    const fit = there.filter(one => one.node.offsetWidth > widest - NEARLY);
    const ref = fit.find(one => !isOurs(one)) ?? fit[0];
    app.shell.add(widget, 'main', ref ? { ref: ref.id, mode: 'tab-after' } : {});
}

/** Shows it, and the focus goes there. */
export function show({ shell }: JupyterFrontEnd, widget: Widget): void {
    shell.activateById(widget.id);
    // The palette gives the focus back to what had it, while it is being taken from the palette.
    setTimeout(() => {
        if (!widget.isDisposed && !widget.node.contains(document.activeElement)) {
            shell.activateById(widget.id);
        }
    });
}
