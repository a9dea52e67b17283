import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Dialog } from '@jupyterlab/apputils';
import type { JSONObject, JSONValue } from '@lumino/coreutils';
import { INotebookTracker, type NotebookPanel } from '@jupyterlab/notebook';
import type { Kernel } from '@jupyterlab/services';
import { ITranslator } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';

import { PanelApi } from '../api/panels';
import type { IConsent } from '../models/panelAsks';
import { type Agree, type Heard, PanelComm } from '../models/panelComm';
import { IControlPlane } from '../tokens';

const TARGET = 'gristmill.panels';

/** Panels of kernels that have no credentials of a person's: what they ask is done here, if somebody agrees. */
export const panels: JupyterFrontEndPlugin<void> = {
    id: 'gristmill-lab:panels',
    description: 'Does what panels of a kernel ask for, with the login of this page.',
    autoStart: true,
    requires: [IControlPlane, INotebookTracker, ITranslator],
    activate: (
        app: JupyterFrontEnd,
        { connection }: IControlPlane,
        notebooks: INotebookTracker,
        translator: ITranslator
    ): void => {
        const trans = translator.load('gristmill_lab');
        const api = new PanelApi(app.serviceManager.serverSettings);

        const serve = (panel: NotebookPanel, comm: Kernel.IComm): void => {
            const agree: Agree = (consent, signal) => asked(consent, signal, panel);
            const served = new PanelComm(
                said => {
                    // What is said is made of JSON alone.
                    comm.send(said as unknown as JSONValue);
                },
                () => panel.context.path,
                api,
                connection,
                agree,
                trans
            );
            comm.onMsg = (message): void => {
                void served.hear(message.content.data as unknown as Heard);
            };
            const end = (): void => {
                served.dispose();
            };
            comm.onClose = end;
            panel.disposed.connect(end);
            panel.sessionContext.kernelChanged.connect(end);
        };

        const asked = async (
            consent: IConsent,
            signal: AbortSignal,
            panel: NotebookPanel
        ): Promise<boolean> => {
            const buttons = [
                Dialog.cancelButton(),
                consent.destroys
                    ? Dialog.warnButton({ label: consent.button })
                    : Dialog.okButton({ label: consent.button })
            ];
            const dialog = new Dialog({
                title: trans.__('%1 asks: %2?', panel.title.label, consent.what),
                body: body(consent.details, trans.__('It is done with your rights.')),
                buttons,
                defaultButton: 0 // Enter that was meant for a cell agrees to nothing
            });
            signal.addEventListener('abort', () => {
                dialog.reject();
            });
            return (await dialog.launch()).button.accept;
        };

        const listen = (panel: NotebookPanel): void => {
            const kernel = panel.sessionContext.session?.kernel;
            if (!kernel?.handleComms) {
                return;
            }
            kernel.registerCommTarget(TARGET, comm => {
                serve(panel, comm);
            });
            // Panels that were there before this page was loaded.
            void kernel.requestCommInfo({ target_name: TARGET }).then(reply => {
                const { content } = reply;
                const comms = content.status === 'ok' ? (content.comms as JSONObject) : {};
                for (const id of Object.keys(comms)) {
                    if (!kernel.hasComm(id)) {
                        serve(panel, kernel.createComm(TARGET, id));
                    }
                }
            });
        };

        notebooks.widgetAdded.connect((_, panel) => {
            panel.sessionContext.kernelChanged.connect(() => {
                listen(panel);
            });
            listen(panel);
        });
    }
};

function body(details: readonly string[], last: string): Widget {
    const widget = new Widget();
    for (const text of [...details, last]) {
        const line = document.createElement('p');
        line.textContent = text;
        widget.node.append(line);
    }
    return widget;
}
