import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Dialog } from '@jupyterlab/apputils';
import type { JSONObject } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';
import { INotebookTracker, type NotebookPanel } from '@jupyterlab/notebook';
import { type Kernel, KernelMessage } from '@jupyterlab/services';
import { ITranslator } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';

import { PanelApi } from '../api/panels';
import type { IConsent } from '../models/panelAsks';
import { type Agree, type Heard, PanelComm, type Said } from '../models/panelComm';
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

        const serve = (panel: NotebookPanel, kernel: Kernel.IKernelConnection, comm: Kernel.IComm): void => {
            const voice = new Voice(kernel, comm.commId);
            const agree: Agree = (consent, signal) => asked(consent, signal, panel);
            const served = new PanelComm(
                said => {
                    voice.say(said);
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
                voice.dispose();
            };
            comm.onClose = end;
            panel.disposed.connect(end);
            panel.sessionContext.kernelChanged.connect(end);
            kernel.statusChanged.connect((_, status) => {
                if (status === 'restarting' || status === 'autorestarting') {
                    end();
                }
            });
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

        const listen = async (panel: NotebookPanel): Promise<void> => {
            await panel.sessionContext.ready;
            const kernel = panel.sessionContext.session?.kernel;
            if (!kernel?.handleComms) {
                return;
            }
            kernel.registerCommTarget(TARGET, comm => {
                serve(panel, kernel, comm);
            });
            // Panels that were there before this page was loaded.
            const { content } = await kernel.requestCommInfo({ target_name: TARGET });
            const comms = content.status === 'ok' ? (content.comms as JSONObject) : {};
            for (const id of Object.keys(comms)) {
                if (!kernel.isDisposed && !kernel.hasComm(id)) {
                    serve(panel, kernel, kernel.createComm(TARGET, id));
                }
            }
        };

        notebooks.widgetAdded.connect((_, panel) => {
            panel.sessionContext.kernelChanged.connect(() => {
                void listen(panel);
            });
            void listen(panel);
        });
    }
};

/**
 * What this page says to one comm, in the order in which it says it, read while the kernel computes something else.
 * The subshell is its own: one that comms of a target share may be deleted while another still speaks in it.
 */
class Voice implements IDisposable {
    private readonly subshell: Promise<string | null>;
    private _isDisposed = false;

    constructor(
        private readonly kernel: Kernel.IKernelConnection,
        private readonly comm: string
    ) {
        this.subshell = this.begun().catch(() => null);
    }

    get isDisposed(): boolean {
        return this._isDisposed;
    }

    say(said: Said): void {
        void this.subshell.then(subshellId => {
            if (this._isDisposed || this.kernel.isDisposed) {
                return;
            }
            const message = KernelMessage.createMessage<KernelMessage.ICommMsgMsg<'shell'>>({
                msgType: 'comm_msg',
                channel: 'shell',
                username: this.kernel.username,
                session: this.kernel.clientId,
                // What is said is made of JSON alone.
                content: { comm_id: this.comm, data: said as unknown as JSONObject },
                ...(subshellId === null ? {} : { subshellId })
            });
            this.kernel.sendShellMessage(message, false, true);
        });
    }

    dispose(): void {
        if (this._isDisposed) {
            return;
        }
        this._isDisposed = true;
        void this.subshell.then(subshell => {
            if (subshell !== null && !this.kernel.isDisposed && this.kernel.status !== 'dead') {
                this.kernel.requestDeleteSubshell({ subshell_id: subshell }, true);
            }
        });
    }

    private async begun(): Promise<string | null> {
        await this.kernel.info;
        if (!this.kernel.supportsSubshells) {
            return null;
        }
        const { content } = await this.kernel.requestCreateSubshell({}).done;
        return content.subshell_id;
    }
}

function body(details: readonly string[], last: string): Widget {
    const widget = new Widget();
    for (const text of [...details, last]) {
        const line = document.createElement('p');
        line.textContent = text;
        widget.node.append(line);
    }
    return widget;
}
