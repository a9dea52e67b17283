import { caretDownIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

const EDGE = 4; // pixels

/** A button with something below it, which Esc, a click elsewhere and leaving it by Tab close. */
export function MenuButton(props: {
    label: string;
    title?: string;
    children: (close: () => void) => React.ReactNode;
}): React.JSX.Element {
    const { label, title, children } = props;
    const [open, setOpen] = React.useState(false);
    const place = React.useRef<HTMLDivElement>(null);
    const button = React.useRef<HTMLButtonElement>(null);
    const below = React.useRef<HTMLDivElement>(null);
    const close = React.useCallback(() => {
        setOpen(false);
        button.current?.focus();
    }, []);
    React.useEffect(() => {
        if (!open) {
            return undefined;
        }
        const elsewhere = (event: Event): void => {
            if (event.target instanceof Node && !place.current?.contains(event.target)) {
                setOpen(false);
            }
        };
        document.addEventListener('pointerdown', elsewhere, true);
        document.addEventListener('focusin', elsewhere, true);
        return () => {
            document.removeEventListener('pointerdown', elsewhere, true);
            document.removeEventListener('focusin', elsewhere, true);
        };
    }, [open]);
    React.useLayoutEffect(() => {
        const [shown, tab] = [below.current, place.current?.closest('.lm-Widget')];
        if (open && shown && tab) {
            // It ends where its button does, but begins where the tab does at the earliest.
            const hidden = tab.getBoundingClientRect().left + EDGE - shown.getBoundingClientRect().left;
            shown.style.right = `${-Math.max(hidden, 0)}px`;
        }
    }, [open]);
    return (
        <div
            ref={place}
            className="gr-MenuButton"
            onKeyDown={event => {
                if (event.key === 'Escape' && open) {
                    event.preventDefault();
                    event.stopPropagation();
                    close();
                }
            }}
        >
            <button
                ref={button}
                className="jp-mod-styled jp-mod-minimal"
                aria-expanded={open}
                title={title}
                onClick={() => {
                    setOpen(!open);
                }}
            >
                {label}
                <caretDownIcon.react tag="span" className="gr-MenuButton-caret" />
            </button>
            {open ? (
                <div ref={below} className="gr-MenuButton-below" role="group" aria-label={label}>
                    {children(close)}
                </div>
            ) : null}
        </div>
    );
}
