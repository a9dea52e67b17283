import { SimplifiedOutputArea, OutputAreaModel } from '@jupyterlab/outputarea';
import { type IRenderMimeRegistry, MimeModel } from '@jupyterlab/rendermime';
import { Panel, Widget } from '@lumino/widgets';

import type { ICell } from '../models/cells';
import { duration } from '../models/quantities';
import type { RunPage } from '../models/runPage';
import type { ITrans } from '../models/translation';

/** A run's notebook, growing as the run goes on. Read-only and not trusted: scripts of outputs do not run. */
export class ExecutedNotebook extends Panel {
    private shown: readonly ICell[] = [];
    private follows = true;

    constructor(
        private readonly page: RunPage,
        private readonly rendermime: IRenderMimeRegistry,
        private readonly trans: ITrans
    ) {
        super();
        this.addClass('gr-Notebook');
        page.changed.connect(this.draw, this);
        this.node.addEventListener('wheel', () => {
            this.follows = false; // who scrolls reads
        });
        this.draw();
    }

    override dispose(): void {
        this.page.changed.disconnect(this.draw, this);
        super.dispose();
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
        const running = this.page.runningCell;
        if (this.follows && running !== null && this.isVisible) {
            this.widgets[running]?.node.scrollIntoView({ block: 'nearest' });
        }
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
        void renderer.renderModel(new MimeModel({ data: { [mimeType]: text }, trusted: false }));
        return renderer;
    }
}
