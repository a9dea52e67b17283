import { MessageLoop } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import * as React from 'react';

/** A Lumino widget within React; it belongs to who made it, and is only shown here. */
export function Hosted({ widget }: { widget: Widget }): React.JSX.Element {
    const host = React.useRef<HTMLDivElement>(null);
    React.useLayoutEffect(() => {
        const node = host.current;
        if (!node || widget.isDisposed) {
            return undefined;
        }
        MessageLoop.sendMessage(widget, Widget.Msg.BeforeAttach);
        node.appendChild(widget.node);
        MessageLoop.sendMessage(widget, Widget.Msg.AfterAttach);
        return () => {
            if (!widget.isDisposed && node.contains(widget.node)) {
                MessageLoop.sendMessage(widget, Widget.Msg.BeforeDetach);
                node.removeChild(widget.node);
                MessageLoop.sendMessage(widget, Widget.Msg.AfterDetach);
            }
        };
    }, [widget]);
    return <div ref={host} className="gr-Hosted" />;
}
