import { downloadIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { Output, RunDetail } from '../api/wire';
import { baseName, size } from '../models/quantities';
import { isOver } from '../models/runEvents';
import { OutputPreview } from './outputPreview';
import type { IRunPageProps } from './runPage';

/** The files that a run made: a list that arrows move in, and the chosen one beside it. */
export function Outputs(props: IRunPageProps & { detail: RunDetail }): React.JSX.Element {
    const { detail, runApi, actions, trans } = props;
    const { run, outputs } = detail;
    const [chosen, setChosen] = React.useState<string | null>(null);
    const list = React.useRef<HTMLDivElement>(null);
    const shown = outputs.find(one => one.name === chosen) ?? outputs[0];
    if (!shown) {
        return (
            <p className="gr-dim">
                {isOver(run)
                    ? trans.__('The run made no files in its folder.')
                    : trans.__('Files that it makes in its folder come here when it is over.')}
            </p>
        );
    }
    const move = (event: React.KeyboardEvent): void => {
        const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
        const next = outputs[outputs.indexOf(shown) + (step ?? 0)];
        if (step !== undefined) {
            event.preventDefault();
            if (next) {
                setChosen(next.name);
                list.current
                    ?.querySelectorAll<HTMLElement>('[role="option"]')
                    [outputs.indexOf(next)]?.focus();
            }
        }
    };
    return (
        <div className="gr-Outputs">
            <div className="gr-Bar">
                <button
                    className="jp-mod-styled"
                    onClick={() => {
                        actions.copyOutputs(run, outputs);
                    }}
                >
                    {trans.__('Copy all to my folder')}
                </button>
                <a className="gr-Button" href={runApi.archiveUrl(run.id)} download={`${run.name}.zip`}>
                    {trans.__('Download all as ZIP')}
                </a>
                <span className="gr-dim gr-number">
                    {size(outputs.reduce((sum, one) => sum + one.size, 0))}
                </span>
            </div>
            <div className="gr-Outputs-both">
                <div
                    ref={list}
                    className="gr-Outputs-list"
                    role="listbox"
                    aria-label={trans.__('Outputs')}
                    onKeyDown={move}
                >
                    {outputs.map(output => (
                        <div
                            key={output.name}
                            role="option"
                            aria-selected={output === shown}
                            tabIndex={output === shown ? 0 : -1}
                            title={output.description ?? output.name}
                            onClick={() => {
                                setChosen(output.name);
                            }}
                        >
                            <span>{output.name}</span>
                            <span className="gr-number gr-dim">{size(output.size)}</span>
                        </div>
                    ))}
                </div>
                <Chosen {...props} output={shown} />
            </div>
        </div>
    );
}

function Chosen(props: IRunPageProps & { detail: RunDetail; output: Output }): React.JSX.Element {
    const { detail, output, api, actions, trans } = props;
    const { run } = detail;
    return (
        <section className="gr-Output" aria-label={output.name}>
            <div className="gr-Bar">
                <strong>{baseName(output.name)}</strong>
                <span className="gr-dim gr-number">{size(output.size)}</span>
                <a
                    className="gr-Button"
                    href={api.outputUrl(run.id, output.name)}
                    download={baseName(output.name)}
                >
                    <downloadIcon.react tag="span" className="gr-ButtonIcon" />
                    {trans.__('Download')}
                </a>
                <button
                    className="jp-mod-styled"
                    onClick={() => {
                        actions.copyOutputs(run, [output]);
                    }}
                >
                    {trans.__('Copy to my folder')}
                </button>
            </div>
            {output.description ? <p>{output.description}</p> : null}
            <OutputPreview key={output.digest} {...props} run={run.id} />
        </section>
    );
}
