import * as React from 'react';

import type { ProfileStatus } from '../api/wire';
import { size } from '../models/quantities';
import type { TranslationBundle } from '@jupyterlab/translation';

interface IProfilesProps {
    readonly profiles: readonly ProfileStatus[];
    readonly chosen: string | null;
    readonly trans: TranslationBundle;
    readonly onChoose: (name: string) => void;
}

/** The catalogue as one choice: what each gives, what is free of it now, what it costs. */
export function Profiles(props: IProfilesProps): React.JSX.Element {
    const { profiles, chosen, trans, onChoose } = props;
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
                    <span className={free > 0 ? 'gr-dim' : 'gr-warn'}>
                        {free > 0
                            ? trans.__('%1 of %2 free', free, free + used)
                            : trans.__('none free: the run will wait')}
                    </span>
                    <span className="gr-number">
                        {profile.rate_per_hour > 0
                            ? trans.__('%1 per hour', profile.rate_per_hour.toFixed(2))
                            : ''}
                    </span>
                </label>
            ))}
        </div>
    );
}
