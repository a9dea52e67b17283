import type { NotebookPanel } from '@jupyterlab/notebook';

/** The cell at this place is active, its source in view, and the focus in it: what is typed next is meant for it. */
export async function goToCell(panel: NotebookPanel, place: number): Promise<void> {
    await panel.revealed;
    const { content } = panel;
    const at = Math.min(place, content.widgets.length - 1);
    if (at < 0) {
        return;
    }
    content.mode = 'command';
    content.activeCellIndex = at;
    content.deselectAll();
    // To its start: the end of a long traceback is no place to begin.
    await content.scrollToItem(at, 'start');
    panel.activate();
}
