import * as React from 'react';

interface IPressProps extends React.ButtonHTMLAttributes<HTMLButtonElement> {
    /** It cannot be pressed now. */
    readonly off: boolean;
}

/** A button that keeps the focus while it cannot be pressed: one that is `disabled` drops it, and cannot be asked why. */
export function Press({ off, onClick, children, ...rest }: IPressProps): React.JSX.Element {
    return (
        <button
            {...rest}
            aria-disabled={off}
            onClick={event => {
                if (off) {
                    event.preventDefault(); // Enter in a field presses what submits, too
                } else {
                    onClick?.(event);
                }
            }}
        >
            {children}
        </button>
    );
}
