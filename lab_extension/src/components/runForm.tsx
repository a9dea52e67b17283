import { UseSignal, closeIcon, refreshIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { Run } from '../api/wire';
import type { Connection } from '../models/connection';
import { command } from '../models/command';
import { baseName } from '../models/quantities';
import { Problem } from './common';
import { ConnectionNotice } from './connection';
import { Copyable } from './copy';
import { Data, Others } from './formData';
import { Foot, NotRead } from './formFrame';
import { Holders, type IKept } from './formHolders';
import { More } from './formMore';
import { Packages } from './formPackages';
import { Parameters } from './formParameters';
import type { IPartProps } from './formParts';
import { Secrets } from './formSecrets';
import { Profiles } from './profiles';

interface IRunFormProps extends IPartProps, IKept {
    readonly connection: Connection;
    readonly onLaunched: (run: Run) => void;
    readonly onCancel: () => void;
}

/** The form beside the notebook. Enter in a field runs; what was typed stays whatever the server says. */
export function RunFormView(props: IRunFormProps): React.JSX.Element {
    return <UseSignal signal={props.form.changed}>{() => <Loaded {...props} />}</UseSignal>;
}

function Loaded(props: IRunFormProps): React.JSX.Element {
    const { form, trans } = props;
    if (form.facts) {
        return <Filled {...props} />;
    }
    return (
        <NotRead
            problem={form.busy ? null : form.problem}
            title={trans.__('The notebook cannot be run as it is')}
            reading={trans.__('Reading the notebook …')}
            trans={trans}
            onRetry={() => {
                void form.load();
            }}
        />
    );
}

function Filled(props: IRunFormProps): React.JSX.Element {
    const { form, trans, onLaunched } = props;
    const [shows, setShows] = React.useState(false);
    const { problem } = form;
    const { profile } = form.choices;
    const forecast = profile === null ? null : form.outlook.forecast(profile);
    const cli = React.useRef<HTMLButtonElement>(null);
    const refusal = React.useRef<HTMLDivElement>(null);
    React.useEffect(() => {
        if (problem) {
            refusal.current?.scrollIntoView({ block: 'center' }); // else a long form hides why nothing happens
        }
    }, [problem]);
    const launch = (launched: Promise<Run | null>): void => {
        void launched.then(run => {
            if (run) {
                onLaunched(run);
            }
        });
    };
    return (
        <form
            className="gr-Form"
            aria-label={trans.__('Run %1', baseName(form.source.path))}
            onSubmit={event => {
                event.preventDefault();
                launch(form.run());
            }}
            onKeyDown={event => {
                if (event.key === 'Escape' && shows) {
                    event.preventDefault(); // the form stays
                    setShows(false);
                    cli.current?.focus();
                }
            }}
        >
            <ConnectionNotice connection={props.connection} trans={trans} />
            <Head
                {...props}
                cli={cli}
                shows={shows}
                onShow={() => {
                    setShows(!shows);
                }}
            />
            {shows ? (
                <Copyable
                    text={command(form.order(), form.parameters)}
                    label={trans.__('The same by the command line')}
                    trans={trans}
                />
            ) : null}
            <Parameters form={form} trans={trans} />
            <h2>{trans.__('Compute')}</h2>
            <Profiles
                profiles={form.choices.profiles}
                chosen={form.choices.profile}
                forecast={name => form.outlook.forecast(name)}
                trans={trans}
                onChoose={name => {
                    form.choose(name);
                }}
            />
            <Holders
                waits={forecast !== null && forecast.wait_s !== 0}
                waiting={forecast?.waiting ?? null}
                trans={trans}
                kept={props.kept}
                onEnd={props.onEnd}
            />
            <Packages form={form} trans={trans} />
            <Data form={form} trans={trans} />
            <Secrets form={form} trans={trans} />
            <More form={form} trans={trans} />
            {problem ? (
                <div ref={refusal}>
                    <Problem problem={problem} trans={trans} title={trans.__('The run was not started')}>
                        <Others
                            form={form}
                            faults={form.otherFaults}
                            trans={trans}
                            onDataRoot={place => {
                                launch(form.useDataRoot(place));
                            }}
                        />
                    </Problem>
                </div>
            ) : null}
            <Foot
                hindrance={form.hindrance}
                busy={form.busy !== null}
                label={
                    form.busy === 'saving'
                        ? trans.__('Saving …')
                        : form.busy === 'launching'
                          ? trans.__('Starting …')
                          : trans.__('Run')
                }
                about={trans.__('Saves the notebook and runs a copy of it')}
                trans={trans}
                onCancel={props.onCancel}
            />
        </form>
    );
}

interface IHeadProps extends IRunFormProps {
    readonly shows: boolean;
    readonly onShow: () => void;
    readonly cli: React.RefObject<HTMLButtonElement>;
}

function Head(props: IHeadProps): React.JSX.Element {
    const { form, trans, shows, onShow, cli, onCancel } = props;
    return (
        <header>
            <h1 title={form.source.path}>{trans.__('Run %1', baseName(form.source.path))}</h1>
            <button
                type="button"
                className="jp-mod-styled jp-mod-minimal"
                title={trans.__('Back to what the notebook says')}
                onClick={() => {
                    form.reset();
                }}
            >
                <refreshIcon.react tag="span" className="gr-ButtonIcon" aria-hidden="true" />{' '}
                {trans.__('Defaults')}
            </button>
            <button
                ref={cli}
                type="button"
                className="jp-mod-styled jp-mod-minimal"
                aria-expanded={shows}
                title={trans.__('The same by the command line')}
                onClick={onShow}
            >
                {trans.__('⌘ CLI')}
            </button>
            <button
                type="button"
                className="jp-mod-styled jp-mod-minimal"
                title={trans.__('Close the form')}
                aria-label={trans.__('Close the form')}
                onClick={onCancel}
            >
                <closeIcon.react tag="span" className="gr-ButtonIcon" aria-hidden="true" />
            </button>
        </header>
    );
}
