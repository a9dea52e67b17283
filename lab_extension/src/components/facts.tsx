import * as React from 'react';

/** Names and what they are, under a heading. `bold`: names that were set. */
export function Facts(props: {
    title: string;
    empty: string;
    bold?: ReadonlySet<string>;
    children: readonly (readonly [string, React.ReactNode])[];
}): React.JSX.Element {
    const shown = props.children.filter(([, text]) => text !== '' && text !== null && text !== undefined);
    return (
        <section>
            <h2>{props.title}</h2>
            {shown.length === 0 ? <p className="gr-dim">{props.empty}</p> : null}
            <table className="gr-Facts">
                <tbody>
                    {shown.map(([name, text], at) => (
                        <tr
                            key={`${name} ${at}`}
                            className={props.bold?.has(name) ? 'gr-mod-set' : undefined}
                        >
                            <th scope="row">{name}</th>
                            <td title={typeof text === 'string' ? text : undefined}>{text}</td>
                        </tr>
                    ))}
                </tbody>
            </table>
        </section>
    );
}
