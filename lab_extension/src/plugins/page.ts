import type { JupyterFrontEnd } from '@jupyterlab/application';
import { MainAreaWidget, type ReactWidget } from '@jupyterlab/apputils';
import type { IDisposable } from '@lumino/disposable';
import type { Message } from '@lumino/messaging';

import { Focus } from '../components/focus';

/** What one works with in a form: its first field, a row to choose, what it asks for next. */
export const FORM = [
    '.gr-Fields input, .gr-Fields select',
    '.gr-Row',
    'button[type=submit]',
    'footer .jp-mod-accept'
] as const;

export interface IPageOptions {
    readonly shell: JupyterFrontEnd.IShell;
    readonly content: ReactWidget;
    /** What goes with the page. */
    readonly own: readonly IDisposable[];
    /** Selectors of what one works with, the best first: the focus goes there; else to the heading. */
    readonly first?: readonly string[];
    /** Whether Escape may close it: nothing that was typed would be lost. */
    readonly leaves?: () => boolean;
}

/** A page or a form in the main area: what it shows goes with it, and who uses it by keyboard is never lost. */
export class Page extends MainAreaWidget<ReactWidget> {
    private readonly focus: Focus;
    private readonly options: IPageOptions;

    constructor(options: IPageOptions) {
        super({ content: options.content });
        this.options = options;
        this.title.closable = true;
        const { node } = options.content;
        this.focus = new Focus(node, options.first);
        this.title.changed.connect(({ label }) => {
            node.setAttribute('aria-label', label); // Lab’s own is “main area content”, of all of them
        });
        this.node.addEventListener('keydown', event => {
            if (event.key === 'Escape' && !event.defaultPrevented && this.options.leaves?.()) {
                event.preventDefault();
                this.close();
            }
        });
    }

    override dispose(): void {
        if (this.isDisposed) {
            return;
        }
        const { shell, own } = this.options;
        const had = this.node.contains(document.activeElement);
        this.focus.dispose();
        own.forEach(one => {
            one.dispose();
        });
        super.dispose();
        if (had) {
            returned(shell);
        }
    }

    /** To where one was in it. */
    protected override onActivateRequest(message: Message): void {
        if (!this.focus.goOn()) {
            super.onActivateRequest(message);
        }
    }
}

/** What had the focus is gone: it goes to what one was in before, once Lab knows that. */
function returned(shell: JupyterFrontEnd.IShell): void {
    setTimeout(() => {
        const { currentWidget } = shell;
        if (currentWidget && document.activeElement === document.body) {
            shell.activateById(currentWidget.id);
        }
    });
}
