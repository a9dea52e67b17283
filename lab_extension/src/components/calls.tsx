import * as React from 'react';

import type { IModelsApi } from '../api/models';
import type { Calls } from '../api/wire';
import type { ITrans } from '../models/translation';
import { Loading, Problem } from './common';
import { CopyButton, Pasteable } from './copying';
import { type ITab, Tabs } from './tabs';

type Tab = 'curl' | 'python';

const TABS: readonly ITab<Tab>[] = [
    { name: 'curl', label: 'curl' },
    { name: 'python', label: 'Python' }
];

interface ICallsProps {
    readonly name: string;
    readonly url: string;
    readonly api: Pick<IModelsApi, 'calls' | 'callsWithKey'>;
    readonly trans: ITrans;
}

/** An endpoint's URL, and commands that work as pasted. They fetch the key themselves; with the key only on demand. */
export function CallsView(props: ICallsProps): React.JSX.Element {
    const { name, url, api, trans } = props;
    const [calls, setCalls] = React.useState<Calls | null>(null);
    const [problem, setProblem] = React.useState<unknown>(null);
    const [tab, setTab] = React.useState<Tab>('curl');
    React.useEffect(() => {
        let left = false;
        api.calls(name).then(
            found => {
                if (!left) {
                    setCalls(found);
                }
            },
            (error: unknown) => {
                if (!left) {
                    setProblem(error);
                }
            }
        );
        return () => {
            left = true;
        };
    }, [api, name]);
    const id = React.useId();
    return (
        <section className="gr-Calls" aria-label={trans.__('Call it')}>
            <p className="gr-Url">
                <code>{`${url}/invocations`}</code>
                <CopyButton text={`${url}/invocations`} label={trans.__('Copy: URL')} trans={trans} />
            </p>
            {problem ? <Problem problem={problem} trans={trans} /> : null}
            {calls ? (
                <>
                    <Tabs
                        id={id}
                        label={trans.__('How it is called')}
                        tabs={TABS}
                        chosen={tab}
                        onChoose={setTab}
                    />
                    <div
                        role="tabpanel"
                        id={`${id}-panel`}
                        aria-label={TABS.find(({ name }) => name === tab)?.label}
                    >
                        <Pasteable
                            key={tab} // what was copied is the other one
                            text={calls[tab]}
                            label={tab === 'curl' ? trans.__('curl command') : trans.__('Python code')}
                            trans={trans}
                        >
                            <CopyButton
                                text={async () => (await api.callsWithKey(name))[tab]}
                                label={trans.__('Copy with key')}
                                trans={trans}
                                words
                                onFault={setProblem}
                            />
                        </Pasteable>
                        <p className="gr-hint">
                            {trans.__(
                                'The key is fetched by gristmill where this runs. “Copy with key” puts it in, for where there is no gristmill.'
                            )}
                        </p>
                    </div>
                </>
            ) : problem ? null : (
                <Loading text={trans.__('Looking how it is called …')} />
            )}
        </section>
    );
}
