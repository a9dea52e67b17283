import type { TranslationBundle } from '@jupyterlab/translation';

import type { RunForm } from '../models/runForm';

/** What every part of the form is given. */
export interface IPartProps {
    readonly form: RunForm;
    readonly trans: TranslationBundle;
}
