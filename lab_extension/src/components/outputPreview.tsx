import * as React from 'react';

import type { IRunApi } from '../api/runs';
import type { Output, TablePreview } from '../api/wire';
import { imageType, outputKind } from '../models/outputKind';
import { size } from '../models/quantities';
import type { ITrans } from '../models/translation';
import { Loading, Problem } from './common';

const MB = 1_000_000;
const LIMITS = { image: 20 * MB, html: 10 * MB, text: MB / 4 };

type Looked =
    | { readonly kind: 'table'; readonly table: TablePreview }
    | { readonly kind: 'image'; readonly url: string }
    | { readonly kind: 'html'; readonly page: string }
    | { readonly kind: 'text'; readonly text: string; readonly whole: boolean }
    | { readonly kind: 'large' }
    | { readonly kind: 'none' };

interface IPreviewProps {
    readonly runApi: IRunApi;
    readonly run: string;
    readonly output: Output;
    readonly trans: ITrans;
}

/** An output as one can look at it. Pages are shown without any right to this one. */
export function OutputPreview(props: IPreviewProps): React.JSX.Element {
    const { runApi, run, output, trans } = props;
    const [looked, setLooked] = React.useState<Looked | null>(null);
    const [problem, setProblem] = React.useState<unknown>(null);
    React.useEffect(() => {
        let wanted = true;
        let made: string | null = null;
        look(runApi, run, output).then(
            found => {
                made = found.kind === 'image' ? found.url : null;
                if (wanted) {
                    setLooked(found);
                } else if (made !== null) {
                    URL.revokeObjectURL(made);
                }
            },
            (error: unknown) => {
                if (wanted) {
                    setProblem(error);
                }
            }
        );
        return () => {
            wanted = false;
            if (made !== null) {
                URL.revokeObjectURL(made);
            }
        };
    }, [runApi, run, output]);
    if (problem) {
        return <Problem problem={problem} trans={trans} title={trans.__('It cannot be shown here')} />;
    }
    return looked ? (
        <Shown looked={looked} output={output} trans={trans} />
    ) : (
        <Loading text={trans.__('Looking into it …')} />
    );
}

async function look(runApi: IRunApi, run: string, output: Output): Promise<Looked> {
    const kind = outputKind(output.name);
    switch (kind) {
        case 'table':
            return { kind, table: await runApi.preview(run, output.name) };
        case 'none':
            return { kind };
        case 'image':
        case 'html': {
            if (output.size > LIMITS[kind]) {
                return { kind: 'large' };
            }
            const { bytes } = await runApi.output(run, output.name, LIMITS[kind]);
            return kind === 'html'
                ? { kind, page: new TextDecoder().decode(bytes) }
                : {
                      kind,
                      url: URL.createObjectURL(new Blob([bytes], { type: imageType(output.name) }))
                  };
        }
        case 'text': {
            const { bytes, whole } = await runApi.output(run, output.name, LIMITS.text);
            return { kind, text: new TextDecoder().decode(bytes), whole };
        }
    }
}

function Shown(props: { looked: Looked; output: Output; trans: ITrans }): React.JSX.Element {
    const { looked, output, trans } = props;
    switch (looked.kind) {
        case 'table':
            return <Table table={looked.table} trans={trans} />;
        case 'image':
            return <img className="gr-Output-image" src={looked.url} alt={output.name} />;
        case 'html':
            // An origin of its own: no cookie, no token and no script of this page is within its reach.
            return (
                <iframe
                    className="gr-Output-page"
                    sandbox="allow-scripts"
                    referrerPolicy="no-referrer"
                    srcDoc={looked.page}
                    title={output.name}
                />
            );
        case 'text':
            return (
                <>
                    {looked.whole ? null : (
                        <p className="gr-dim">{trans.__('Its beginning; download it for all of it.')}</p>
                    )}
                    <pre className="gr-Output-text" tabIndex={0}>
                        {looked.text}
                    </pre>
                </>
            );
        case 'large':
            return (
                <p className="gr-dim">
                    {trans.__('%1 are too much to be shown here: download it.', size(output.size))}
                </p>
            );
        case 'none':
            return (
                <p className="gr-dim">
                    {trans.__('There is no preview of such a file: download it or copy it.')}
                </p>
            );
    }
}

function Table({ table, trans }: { table: TablePreview; trans: ITrans }): React.JSX.Element {
    const { columns, rows, numeric } = table;
    const told =
        typeof table.total === 'number'
            ? table.cut
                ? trans.__('%1 of %2 rows', rows.length, table.total.toLocaleString('en'))
                : trans.__('%1 rows', table.total)
            : trans.__('the first %1 rows', rows.length);
    return (
        <>
            <p className="gr-dim gr-number">
                {told}
                {table.columns_cut
                    ? ` · ${trans.__('%1 more columns are left out', table.columns_cut)}`
                    : ` · ${trans.__('%1 columns', columns.length)}`}
            </p>
            <div className="gr-Output-table" tabIndex={0}>
                <table>
                    <thead>
                        <tr>
                            {columns.map((name, at) => (
                                <th
                                    key={at}
                                    scope="col"
                                    className={numeric[at] ? 'gr-mod-numeric' : undefined}
                                >
                                    {name}
                                </th>
                            ))}
                        </tr>
                    </thead>
                    <tbody>
                        {rows.map((row, place) => (
                            <tr key={place}>
                                {row.map((text, at) => (
                                    <td
                                        key={at}
                                        className={numeric[at] ? 'gr-mod-numeric' : undefined}
                                        title={text}
                                    >
                                        {text}
                                    </td>
                                ))}
                            </tr>
                        ))}
                    </tbody>
                </table>
            </div>
        </>
    );
}
