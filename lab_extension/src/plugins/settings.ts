import type { ISettingRegistry } from '@jupyterlab/settingregistry';

import type { IDefaults } from '../models/runForm';

/** The settings of one plugin as they are now; before they are loaded, and without a registry, its own defaults. */
export class Settings {
    private settings: ISettingRegistry.ISettings | null = null;

    constructor(loading: Promise<ISettingRegistry.ISettings> | undefined) {
        loading?.then(
            found => {
                this.settings = found;
            },
            (error: unknown) => {
                console.warn('Gristmill’s settings cannot be read; its defaults hold.', error);
            }
        );
    }

    get<T extends string | number | boolean>(name: string, otherwise: T): T {
        const found = this.settings?.get(name).composite;
        return typeof found === typeof otherwise ? (found as T) : otherwise;
    }
}

/** How forms begin, and what becomes of them. */
export class FormSettings extends Settings {
    get defaults(): IDefaults {
        return { profile: this.get('profile', ''), postMortem: this.get('postMortem', 0) };
    }

    /** Whether a run that was started from a form is shown. */
    get opensRun(): boolean {
        return this.get('opensRun', true);
    }
}
