import * as React from 'react';

export interface ITab<T extends string> {
    readonly name: T;
    readonly label: string;
}

/** A row of tabs, one stop of the Tab key; the panel’s `id` is `${id}-panel`. Arrows move between them, as WAI-ARIA's pattern has it. */
export function Tabs<T extends string>(props: {
    id: string;
    label: string;
    tabs: readonly ITab<T>[];
    chosen: T;
    onChoose: (name: T) => void;
}): React.JSX.Element {
    const { id, tabs, chosen, onChoose } = props;
    const move = (event: React.KeyboardEvent<HTMLElement>): void => {
        const step = { ArrowRight: 1, ArrowLeft: -1, Home: -tabs.length, End: tabs.length }[event.key];
        if (step === undefined) {
            return;
        }
        const at = tabs.findIndex(tab => tab.name === chosen);
        const last = tabs.length - 1;
        const next = Math.abs(step) > 1 ? (step > 0 ? last : 0) : (at + step + tabs.length) % tabs.length;
        const tab = tabs[next];
        if (tab) {
            onChoose(tab.name);
            event.currentTarget.querySelectorAll<HTMLElement>('[role="tab"]')[next]?.focus();
        }
        event.preventDefault();
    };
    return (
        <div className="gr-Tabs" role="tablist" aria-label={props.label} onKeyDown={move}>
            {tabs.map(({ name, label }) => (
                <button
                    key={name}
                    id={`${id}-${name}`}
                    type="button"
                    role="tab"
                    aria-selected={chosen === name}
                    aria-controls={`${id}-panel`}
                    tabIndex={chosen === name ? 0 : -1}
                    onClick={() => {
                        onChoose(name);
                    }}
                >
                    {label}
                </button>
            ))}
        </div>
    );
}
