import * as React from 'react';

import type { Parameter } from '../api/wire';
import { describe, textOf } from '../models/parameters';
import type { ITrans } from '../models/translation';

export interface IFieldProps {
    readonly parameter: Parameter;
    readonly text: string;
    readonly isSet: boolean;
    readonly fault: string | null;
    readonly trans: ITrans;
    readonly onChange: (text: string) => void;
}

/** One parameter: its name, a field of its type, what it takes, what it means, and what is wrong with it. */
export function Field(props: IFieldProps): React.JSX.Element {
    const { parameter, fault, trans } = props;
    const id = React.useId();
    const about = describe(parameter, trans);
    return (
        <div className={`gr-Field${fault ? ' gr-mod-faulty' : ''}${props.isSet ? ' gr-mod-set' : ''}`}>
            <label htmlFor={id} title={parameter.name}>
                {parameter.name}
            </label>
            <Input {...props} id={id} />
            <span className="gr-Field-about" id={`${id}-about`}>
                {[about, parameter.help].filter(Boolean).join(' · ')}
            </span>
            {fault ? (
                <span className="gr-Field-fault" id={`${id}-fault`} role="alert">
                    {fault}
                </span>
            ) : null}
        </div>
    );
}

function Input(props: IFieldProps & { id: string }): React.JSX.Element {
    const { parameter, text, fault, id, onChange, trans } = props;
    const described = {
        id,
        'aria-invalid': fault !== null,
        'aria-describedby': `${id}-about${fault ? ` ${id}-fault` : ''}`
    };
    const choices = choicesOf(parameter);
    if (choices) {
        return (
            <div className="jp-select-wrapper gr-Select">
                <select
                    {...described}
                    className="jp-mod-styled"
                    value={text}
                    onChange={event => {
                        onChange(event.target.value);
                    }}
                >
                    {choices.includes(text) ? null : (
                        <option value={text}>{text || trans.__('choose …')}</option>
                    )}
                    {choices.map(choice => (
                        <option key={choice} value={choice}>
                            {choice || trans.__('none')}
                        </option>
                    ))}
                </select>
            </div>
        );
    }
    return (
        <input
            {...described}
            className="jp-mod-styled"
            type={parameter.type === 'date' ? 'date' : 'text'}
            inputMode={parameter.type === 'int' || parameter.type === 'float' ? 'decimal' : undefined}
            spellCheck={false}
            autoComplete="off"
            value={text}
            placeholder={parameter.nullable ? trans.__('none') : ''}
            onChange={event => {
                onChange(event.target.value);
            }}
        />
    );
}

function choicesOf(parameter: Parameter): string[] | null {
    const none = parameter.nullable ? [''] : [];
    if (parameter.type === 'bool') {
        return ['true', 'false', ...none];
    }
    if (parameter.choices.length > 0 && parameter.type !== 'list') {
        return [...parameter.choices.map(choice => textOf(choice)), ...none];
    }
    return null;
}
