import * as React from 'react';

import type { ProfileStatus, RunForecast } from '../api/wire';
import { duration, size } from '../models/quantities';
import type { TranslationBundle } from '@jupyterlab/translation';

interface IProfilesProps {
    readonly profiles: readonly ProfileStatus[];
    readonly chosen: string | null;
    /** Of a run; what stays up has none. */
    readonly forecast?: (profile: string) => RunForecast | null;
    readonly trans: TranslationBundle;
    readonly onChoose: (name: string) => void;
}

/** The catalogue as one choice: what each gives, what is free of it now, what it costs, how it went last. */
export function Profiles(props: IProfilesProps): React.JSX.Element {
    const { profiles, chosen, trans, onChoose } = props;
    const forecast = props.forecast ?? (() => null);
    const group = React.useId();
    return (
        <div className="gr-Profiles" role="radiogroup" aria-label={trans.__('Compute')}>
            {profiles.map(({ profile, free_slots: free, in_use: used }) => (
                <label
                    key={profile.name}
                    className={profile.name === chosen ? 'gr-mod-chosen' : ''}
                    title={profile.description}
                >
                    <input
                        type="radio"
                        name={group}
                        value={profile.name}
                        checked={profile.name === chosen}
                        onChange={() => {
                            onChoose(profile.name);
                        }}
                    />
                    <span className="gr-Profiles-name">{profile.name}</span>
                    <span className="gr-number">
                        {trans._n('%1 core', '%1 cores', profile.resources.cpu)}
                    </span>
                    <span className="gr-number">{size(profile.resources.memory)}</span>
                    <span>
                        {profile.resources.accelerators
                            ? `${profile.resources.accelerators} × ${profile.accelerator ?? trans.__('GPU')}`
                            : ''}
                    </span>
                    <span className="gr-number">
                        {profile.rate_per_hour > 0
                            ? trans.__('%1 per hour', profile.rate_per_hour.toFixed(2))
                            : ''}
                    </span>
                    <Free free={free} used={used} forecast={forecast(profile.name)} trans={trans} />
                    <Last forecast={forecast(profile.name)} trans={trans} />
                </label>
            ))}
        </div>
    );
}

/** What is free now; else how long one would wait, as far as that can be told, and for what. */
function Free(props: {
    free: number;
    used: number;
    forecast: RunForecast | null;
    trans: TranslationBundle;
}): React.JSX.Element {
    const { free, used, forecast, trans } = props;
    const begins = forecast ? forecast.wait_s === 0 : free > 0;
    if (begins) {
        return (
            <span className="gr-dim">
                {used > 0 ? trans.__('%1 of %2 free', free, free + used) : trans.__('free now')}
            </span>
        );
    }
    const wait = forecast?.wait_s;
    return (
        <span className="gr-warn" title={forecast?.waiting ?? undefined}>
            {typeof wait === 'number' ? trans.__('about %1 wait', duration(wait)) : trans.__('will wait')}
        </span>
    );
}

function Last(props: { forecast: RunForecast | null; trans: TranslationBundle }): React.JSX.Element {
    const { forecast, trans } = props;
    if (typeof forecast?.seconds !== 'number') {
        return <span className="gr-Profiles-last" />;
    }
    const took = duration(forecast.seconds);
    return (
        <span className="gr-dim gr-Profiles-last" title={forecast.run ?? undefined}>
            {forecast.cost
                ? trans.__('last run %1, cost %2', took, forecast.cost.toFixed(2))
                : trans.__('last run %1', took)}
        </span>
    );
}
