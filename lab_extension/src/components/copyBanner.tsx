import { UseSignal } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { CopyState } from '../models/copyState';
import { keptOf, leftText } from '../models/postMortem';
import { baseName } from '../models/quantities';
import type { ITrans } from '../models/translation';
import { useNow } from './common';

export interface IBannerProps {
    readonly state: CopyState;
    readonly trans: ITrans;
    /** What Lab calls the source; null where it has it not. */
    readonly source: string | null;
    /** What the failed cell is called, counted as the run does; null where none failed. */
    readonly cell: number | null;
    readonly isAttached: () => boolean;
    readonly onAttach: () => void;
    readonly onSend: () => void;
    readonly onRun: () => void;
    /** The kernel ends, and what waits for its room begins. */
    readonly onEndAndRun: () => void;
    readonly onEnd: () => void;
    /** Its height in pixels, which Lumino’s layout does not see by itself. */
    readonly onHeight: (height: number) => void;
}

/** Above a copy: what it is, how long its kernel lives, and the way back to the source. */
export function CopyBanner(props: IBannerProps): React.JSX.Element {
    return <UseSignal signal={props.state.changed}>{() => <Banner {...props} />}</UseSignal>;
}

function Banner(props: IBannerProps): React.JSX.Element {
    const { state, trans, source, cell } = props;
    const { run } = state;
    const kept = run && keptOf(run);
    const now = useNow(Boolean(kept));
    const alive = kept && new Date(kept.until) > now ? kept : null;
    const hindered = alive !== null && source !== null && state.hinders;
    const { number } = state.of;
    const { onHeight } = props;
    const box = React.useRef<HTMLDivElement>(null);
    React.useEffect(() => {
        const node = box.current;
        if (!node) {
            return undefined;
        }
        const sizes = new ResizeObserver(() => {
            onHeight(node.offsetHeight);
        });
        sizes.observe(node);
        return () => {
            sizes.disconnect();
        };
    }, [onHeight]);
    return (
        <div ref={box} className="gr-Banner" role="region" aria-label={trans.__('Copy of run %1', number)}>
            <strong>
                {cell === null
                    ? trans.__('Copy of run %1', number)
                    : trans.__('Copy of run %1 at failed cell %2', number, cell)}
            </strong>
            <span className="gr-Banner-left" role="timer">
                {alive
                    ? trans.__('live kernel, %1', leftText(alive.until, now, trans))
                    : state.gone
                      ? trans.__('the run was deleted')
                      : run
                        ? trans.__('its kernel has ended')
                        : ''}
            </span>
            {hindered ? (
                <span className="gr-Banner-why" role="status" title={state.next?.waiting ?? undefined}>
                    {state.next
                        ? trans.__('%1 waits: this kernel holds the room that it needs', state.next.name)
                        : trans.__('a run would wait: this kernel holds the room that it needs')}
                </span>
            ) : null}
            <span className="gr-Banner-buttons">
                {alive && !props.isAttached() ? (
                    <Act label={trans.__('Attach its kernel')} onClick={props.onAttach} />
                ) : null}
                {source === null ? null : (
                    <>
                        <Act
                            label={trans.__('Send changed cells to %1…', baseName(source))}
                            onClick={props.onSend}
                        />
                        {hindered ? (
                            <Act label={trans.__('End the kernel and run')} onClick={props.onEndAndRun} />
                        ) : null}
                        {hindered && state.next ? null : (
                            <Act label={trans.__('Run the fixed source')} onClick={props.onRun} />
                        )}
                    </>
                )}
                {alive ? <Act label={trans.__('End kernel')} onClick={props.onEnd} /> : null}
            </span>
        </div>
    );
}

function Act({ label, onClick }: { label: string; onClick: () => void }): React.JSX.Element {
    return (
        <button className="jp-mod-styled" onClick={onClick}>
            {label}
        </button>
    );
}
