import type { Message } from '@lumino/messaging';
import { Panel } from '@lumino/widgets';

import { Focus } from '../components/focus';

/** A panel at the side: who comes to it goes on where one was in it, or begins at its filter. */
export class SidePanel extends Panel {
    private readonly focus = new Focus(this.node, ['input[type=search]']);

    override dispose(): void {
        this.focus.dispose();
        super.dispose();
    }

    protected override onActivateRequest(message: Message): void {
        if (!this.focus.goOn()) {
            super.onActivateRequest(message);
        }
    }
}
