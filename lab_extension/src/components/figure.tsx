import { type IRenderMimeRegistry, MimeModel } from '@jupyterlab/rendermime';
import type { IRenderMime } from '@jupyterlab/rendermime';
import { MessageLoop } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import * as React from 'react';

import { type IFigure, type IFigureTheme, themed } from '../models/figure';
import type { ITrans } from '../models/translation';
import { Problem } from './common';

const PLOTLY = 'application/vnd.plotly.v1+json';

export interface IFigureProps {
    readonly figure: IFigure;
    readonly rendermime: IRenderMimeRegistry;
    readonly trans: ITrans;
    /** What the chart shows, for who does not see it. */
    readonly label: string;
    /** In pixels; nothing moves when the chart comes. */
    readonly height?: number;
}

/**
 * A plotly figure, drawn by the labextension that the `plotly` wheel brings, in the colours of the theme. Another
 * `figure` is drawn into the same place, a zoom stays. A caller memoises its figure: another object is drawn anew.
 */
export function Figure(props: IFigureProps): React.JSX.Element {
    const { figure, rendermime, trans, label, height = 360 } = props;
    const host = React.useRef<HTMLDivElement>(null);
    const drawing = React.useRef<Drawing | null>(null);
    const [problem, setProblem] = React.useState<unknown>(null);
    const theme = useTheme();
    const able = rendermime.mimeTypes.includes(PLOTLY);

    React.useLayoutEffect(() => {
        const node = host.current;
        if (!able || !node) {
            return undefined;
        }
        const made = new Drawing(node, rendermime);
        drawing.current = made;
        return () => {
            drawing.current = null;
            made.dispose();
        };
    }, [able, rendermime]);

    React.useEffect(() => {
        drawing.current?.draw(themed(figure, theme, height)).then(
            () => {
                setProblem(null);
            },
            (error: unknown) => {
                setProblem(error);
            }
        );
    }, [figure, theme, height, able, rendermime]);

    if (!able) {
        return (
            <div className="gr-Empty">
                {trans.__('Charts are drawn by plotly’s extension, which this JupyterLab lacks.')}{' '}
                {trans.__('Install plotly where the server runs, then reload this page.')}
            </div>
        );
    }
    return (
        <>
            {problem === null ? null : (
                <Problem problem={problem} trans={trans} title={trans.__('The chart cannot be drawn')} />
            )}
            <div ref={host} className="gr-Figure" role="figure" aria-label={label} style={{ height }} />
        </>
    );
}

/** One chart in a node: its renderer, told of the node's size. */
class Drawing {
    private renderer: IRenderMime.IRenderer | null = null;
    private readonly sizes: ResizeObserver;

    constructor(
        private readonly node: HTMLElement,
        private readonly rendermime: IRenderMimeRegistry
    ) {
        this.sizes = new ResizeObserver(() => {
            if (this.renderer) {
                MessageLoop.sendMessage(this.renderer, Widget.ResizeMessage.UnknownSize);
            }
        });
        this.sizes.observe(node);
    }

    async draw(figure: object): Promise<void> {
        const model = new MimeModel({ data: { [PLOTLY]: { ...figure } }, trusted: false });
        const { renderer } = this;
        if (renderer && drawsAgain(renderer)) {
            await renderer.createGraph(model);
            return;
        }
        this.remove();
        const made = this.rendermime.createRenderer(PLOTLY);
        this.renderer = made;
        MessageLoop.sendMessage(made, Widget.Msg.BeforeAttach);
        this.node.appendChild(made.node);
        MessageLoop.sendMessage(made, Widget.Msg.AfterAttach);
        await made.renderModel(model);
    }

    dispose(): void {
        this.sizes.disconnect();
        this.remove();
    }

    private remove(): void {
        const { renderer } = this;
        this.renderer = null;
        if (renderer && !renderer.isDisposed) {
            MessageLoop.sendMessage(renderer, Widget.Msg.BeforeDetach);
            renderer.node.remove();
            MessageLoop.sendMessage(renderer, Widget.Msg.AfterDetach);
            renderer.dispose();
        }
    }
}

/** plotly's renderer passes over a second model in `renderModel`; this draws it, into the same chart. */
interface IDrawsAgain {
    createGraph(model: IRenderMime.IMimeModel): Promise<unknown>;
}

function drawsAgain(renderer: object): renderer is IDrawsAgain {
    return 'createGraph' in renderer && typeof renderer.createGraph === 'function';
}

/** The colours of JupyterLab's theme, anew when another one is taken. */
function useTheme(): IFigureTheme {
    const [theme, setTheme] = React.useState(readTheme);
    React.useEffect(() => {
        const changes = new MutationObserver(() => {
            setTheme(readTheme());
        });
        changes.observe(document.body, { attributeFilter: ['data-jp-theme-name', 'data-jp-theme-light'] });
        return () => {
            changes.disconnect();
        };
    }, []);
    return theme;
}

function readTheme(): IFigureTheme {
    const style = getComputedStyle(document.body);
    const variable = (name: string): string => style.getPropertyValue(name).trim();
    return {
        text: variable('--jp-ui-font-color1'),
        grid: variable('--jp-border-color2'),
        background: variable('--jp-layout-color1'),
        font: variable('--jp-ui-font-family') || 'sans-serif',
        size: parseFloat(variable('--jp-ui-font-size1')) || 13
    };
}
