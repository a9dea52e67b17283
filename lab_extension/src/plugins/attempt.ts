import { showErrorMessage } from '@jupyterlab/apputils';

import type { ITrans } from '../models/translation';

/** Does what nobody waits for: why it did not work is said in a dialog. */
export function attempting(trans: ITrans): (done: Promise<unknown>) => void {
    return done => {
        done.catch((error: unknown) => {
            void showErrorMessage(
                trans.__('This did not work'),
                error instanceof Error ? error : String(error)
            );
        });
    };
}
