import { caretDownIcon, caretRightIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { ModelVersion, RegisteredModel } from '../api/wire';
import { measured } from '../models/modelPage';
import { ago, exact, metric } from '../models/quantities';
import { newestFirst, rowKeys } from '../models/registry';
import { Loading, Problem, useNow } from './common';
import type { IModelsPanelProps } from './modelsPanel';
import { ROW, moveAmong, onActivate, tabStop } from './rows';

const SHOWN = 5; // versions of an open model; its page has them all

/** Registered models with their newest versions, as a tree. */
export function ModelList(props: IModelsPanelProps & { text: string }): React.JSX.Element {
    const { registry, trans, text, onRegister } = props;
    const [closed, setClosed] = React.useState<ReadonlySet<string>>(new Set());
    const [focused, setFocused] = React.useState<string | null>(null);
    const now = useNow(false);
    const shown = registry.matching(text);
    if (!registry.loaded) {
        return registry.fault ? (
            <Problem problem={registry.fault} trans={trans} title={trans.__('The models cannot be listed')} />
        ) : (
            <Loading text={trans.__('Looking for models …')} />
        );
    }
    if (registry.all.length === 0) {
        return (
            <div className="gr-Empty">
                <p>
                    {trans.__(
                        'A registered model is what a run logged, under a name and with a number: it can be compared with the one before it, and deployed.'
                    )}
                </p>
                <button className="jp-mod-styled jp-mod-accept" onClick={onRegister}>
                    {trans.__('Register a run’s model…')}
                </button>
            </div>
        );
    }
    if (shown.length === 0) {
        return <div className="gr-Empty">{trans.__('No model here has all of “%1”.', text)}</div>;
    }
    const toggle = (name: string, open: boolean): void => {
        const next = new Set(closed);
        next[open ? 'delete' : 'add'](name);
        setClosed(next);
    };
    const first = tabStop(focused, rowKeys(shown, closed, SHOWN));
    return (
        <>
            {registry.fault ? <Problem problem={registry.fault} trans={trans} /> : null}
            <div
                role="tree"
                aria-label={trans.__('Models')}
                onKeyDown={event => {
                    moveAmong(event, ROW);
                }}
            >
                {shown.map(model => (
                    <Model
                        key={model.name}
                        {...props}
                        model={model}
                        now={now}
                        isOpen={!closed.has(model.name)}
                        tabStop={first}
                        onFocus={setFocused}
                        onToggle={open => {
                            toggle(model.name, open);
                        }}
                    />
                ))}
            </div>
        </>
    );
}

interface IModelProps extends IModelsPanelProps {
    readonly model: RegisteredModel;
    readonly now: Date;
    readonly isOpen: boolean;
    readonly tabStop: string | null;
    readonly onFocus: (key: string) => void;
    readonly onToggle: (open: boolean) => void;
}

function Model(props: IModelProps): React.JSX.Element {
    const { model, isOpen, trans, tabStop, onFocus, onToggle, onModel } = props;
    const versions = newestFirst(model.versions);
    const newest = versions[0];
    const Caret = isOpen ? caretDownIcon : caretRightIcon;
    return (
        <div role="none">
            <div
                role="treeitem"
                aria-level={1}
                aria-expanded={isOpen}
                aria-label={model.name}
                className="gr-Row"
                tabIndex={tabStop === model.name ? 0 : -1}
                title={model.description ?? model.name}
                data-model={model.name}
                onFocus={() => {
                    onFocus(model.name);
                }}
                onClick={() => {
                    onToggle(!isOpen);
                }}
                onDoubleClick={() => {
                    if (newest) {
                        onModel(newest);
                    }
                }}
                onKeyDown={event => {
                    if (event.key === 'ArrowRight' || event.key === 'ArrowLeft') {
                        onToggle(event.key === 'ArrowRight');
                    } else if (newest) {
                        onActivate(() => {
                            onModel(newest);
                        })(event);
                    }
                }}
            >
                <span className="gr-Row-line">
                    <Caret.react tag="span" className="gr-Row-caret" aria-hidden="true" />
                    <span className="gr-Row-name">{model.name}</span>
                    <span className="gr-Row-said gr-dim">
                        {trans._n('%1 version', '%1 versions', versions.length)}
                    </span>
                </span>
            </div>
            {isOpen ? (
                <div role="group">
                    {versions.slice(0, SHOWN).map(version => (
                        <Version key={version.version} {...props} version={version} />
                    ))}
                    {versions.length > SHOWN && newest ? (
                        <div
                            role="treeitem"
                            aria-level={2}
                            className="gr-Row gr-mod-version"
                            tabIndex={-1}
                            onClick={() => {
                                onModel(newest);
                            }}
                            onKeyDown={onActivate(() => {
                                onModel(newest);
                            })}
                        >
                            {trans.__('All %1 versions', versions.length)}
                        </div>
                    ) : null}
                </div>
            ) : null}
        </div>
    );
}

function Version(props: IModelProps & { version: ModelVersion }): React.JSX.Element {
    const { version, endpoints, trans, now, tabStop, onFocus, onModel, onDeploy } = props;
    const key = `${version.name}/${version.version}`;
    const main = [...measured(version.metrics ?? {})][0];
    const serving = endpoints.serving(version.name, version.version);
    return (
        <div
            role="treeitem"
            aria-level={2}
            aria-label={key}
            className="gr-Row gr-mod-version"
            tabIndex={tabStop === key ? 0 : -1}
            data-version={key}
            title={[key, version.description, exact(version.created_at)].filter(Boolean).join(' · ')}
            onFocus={() => {
                onFocus(key);
            }}
            onClick={() => {
                onModel(version);
            }}
            onKeyDown={onActivate(() => {
                onModel(version);
            })}
        >
            <span className="gr-Row-line">
                <span className="gr-Row-number">{version.version}</span>
                <span className="gr-Row-name gr-number">
                    {main ? `${main[0]} ${metric({ value: main[1].value, spread: main[1].spread })}` : ''}
                </span>
                <span className="gr-Row-said">
                    {[...version.aliases.map(alias => `@${alias}`), ...serving.map(one => one.name)].map(
                        tag => (
                            <span key={tag} className="gr-Tag">
                                {tag}
                            </span>
                        )
                    )}
                </span>
                <button
                    className="jp-mod-styled jp-mod-minimal gr-Row-act"
                    tabIndex={-1}
                    title={trans.__('Deploy %1', key)}
                    aria-label={trans.__('Deploy %1', key)}
                    onClick={event => {
                        event.stopPropagation();
                        onDeploy(version);
                    }}
                >
                    {trans.__('Deploy')}
                </button>
            </span>
            <span className="gr-Row-line gr-Row-second">
                <span className="gr-Row-name">
                    {version.run_name
                        ? trans.__('from %1', version.run_name)
                        : trans.__('made outside a run')}
                </span>
                <span className="gr-Row-said">{ago(version.created_at, now, trans)}</span>
            </span>
        </div>
    );
}
