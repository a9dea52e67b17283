import { SimplifiedOutputArea, OutputAreaModel } from '@jupyterlab/outputarea';
import { type IRenderMimeRegistry, MimeModel } from '@jupyterlab/rendermime';
import type { Message } from '@lumino/messaging';
import { Panel, Widget } from '@lumino/widgets';

import type { ICell } from '../models/cells';
import { duration } from '../models/quantities';
import type { RunPage } from '../models/runPage';
import type { ITrans } from '../models/translation';

const READS = ['wheel', 'pointerdown', 'keydown'];
const SCROLLS = new Set(['ArrowDown', 'ArrowUp', 'PageDown', 'PageUp', 'Home', 'End', ' ']);

/** A run's notebook, growing as the run goes on. Read-only and not trusted: scripts of outputs do not run. */
export class ExecutedNotebook extends Panel {
    private shown: readonly ICell[] = [];
    private follows = true;
    private scroller: Element | null = null;
    private readonly button = document.createElement('button');

    constructor(
        private readonly page: RunPage,
        private readonly rendermime: IRenderMimeRegistry,
        private readonly trans: ITrans
    ) {
        super();
        this.addClass('gr-Notebook');
        page.changed.connect(this.draw, this);
        this.button.className = 'jp-mod-styled gr-Notebook-follow';
        this.button.textContent = trans.__('Follow the running cell');
        this.button.hidden = true;
        this.button.addEventListener('click', () => {
            this.follows = true;
            this.follow();
        });
        this.node.appendChild(this.button); // cells go before it
        this.draw();
    }

    override dispose(): void {
        this.page.changed.disconnect(this.draw, this);
        super.dispose();
    }

    /** Who comes in the middle of a run is at the cell that runs. */
    protected override onAfterAttach(message: Message): void {
        super.onAfterAttach(message);
        this.scroller = this.node.closest('.gr-Page-body');
        for (const what of READS) {
            this.scroller?.addEventListener(what, this.onRead);
        }
        this.follow();
    }

    protected override onBeforeDetach(message: Message): void {
        for (const what of READS) {
            this.scroller?.removeEventListener(what, this.onRead);
        }
        super.onBeforeDetach(message);
    }

    /** Who scrolls reads. */
    private readonly onRead = (event: Event): void => {
        if (!(event instanceof KeyboardEvent) || SCROLLS.has(event.key)) {
            this.follows = false;
            this.follow();
        }
    };

    private follow(): void {
        const running = this.page.runningCell;
        this.button.hidden = running === null || this.follows;
        if (this.follows && running !== null && this.isAttached && !this.isDisposed) {
            this.widgets[running]?.node.scrollIntoView({ block: 'nearest' });
        }
    }

    /** Only cells that differ from what is shown are made anew. */
    private draw(): void {
        const cells = this.page.cells;
        if (cells === this.shown) {
            return;
        }
        cells.forEach((cell, at) => {
            if (cell !== this.shown[at]) {
                this.widgets[at]?.dispose();
                this.insertWidget(at, this.cell(cell));
            }
        });
        while (this.widgets.length > cells.length) {
            this.widgets.at(-1)?.dispose();
        }
        this.shown = cells;
        this.follow();
    }

    private cell(cell: ICell): Widget {
        const panel = new Panel();
        panel.addClass('gr-Cell');
        panel.addClass(`gr-mod-${cell.state}`);
        panel.addClass(`gr-mod-${cell.kind}`);
        if (cell.kind === 'markdown') {
            panel.addWidget(this.rendered('text/markdown', cell.source));
            return panel;
        }
        panel.addWidget(this.head(cell));
        // A fence longer than any in the source.
        const fence = '`'.repeat(
            Math.max(3, ...(cell.source.match(/`+/g) ?? []).map(ticks => ticks.length + 1))
        );
        panel.addWidget(
            this.rendered('text/markdown', `${fence}${this.page.language}\n${cell.source}\n${fence}`)
        );
        if (cell.outputs.length > 0) {
            panel.addWidget(this.outputs(cell));
        }
        return panel;
    }

    private head(cell: ICell): Widget {
        const head = new Widget();
        head.addClass('gr-Cell-head');
        const what = cell.injected
            ? this.trans.__('parameters of this run')
            : cell.number === null
              ? ''
              : this.trans.__('cell %1', cell.number);
        const how = {
            waiting: '',
            running: this.trans.__('running'),
            failed: this.trans.__('failed'),
            done: cell.seconds === null ? '' : duration(cell.seconds)
        }[cell.state];
        head.node.textContent = [what, how].filter(Boolean).join(' · ');
        return head;
    }

    private outputs(cell: ICell): Widget {
        const model = new OutputAreaModel({ values: [...cell.outputs], trusted: false });
        const area = new SimplifiedOutputArea({ model, rendermime: this.rendermime });
        area.disposed.connect(() => {
            model.dispose();
        });
        return area;
    }

    private rendered(mimeType: string, text: string): Widget {
        const renderer = this.rendermime.createRenderer(mimeType);
        const model = new MimeModel({ data: { [mimeType]: text }, trusted: false });
        void renderer.renderModel(model).then(() => {
            this.follow(); // what is above the running cell has grown
        });
        return renderer;
    }
}
