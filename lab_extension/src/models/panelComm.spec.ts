import { ProblemError } from '../api/problem';
import { Connection } from './connection';
import type { IConsent } from './panelAsks';
import { PanelComm, type Said } from './panelComm';
import { untranslated } from './translation';

const RUN = JSON.stringify({ run: { name: 'train-1' } });

/** A kernel's panels, a server that has one run, and a person who does as the test says. */
class Scene {
    readonly said: Said[] = [];
    readonly asked: string[] = [];
    readonly consents: IConsent[] = [];
    answer: (signal: AbortSignal) => Promise<boolean> = () => Promise.resolve(true);
    readonly connection = new Connection(() => new Promise(() => undefined));
    readonly comm = new PanelComm(
        said => this.said.push(said),
        () => 'work/mine.ipynb',
        {
            ask: (method, path, body) => {
                this.asked.push(`${method} ${path}${body === undefined ? '' : ` ${JSON.stringify(body)}`}`);
                return path.startsWith('api/runs/gone')
                    ? Promise.reject(new ProblemError({ ...problem, status: 404, code: 'not_found' }))
                    : Promise.resolve(RUN);
            }
        },
        this.connection,
        (consent, signal) => {
            this.consents.push(consent);
            return this.answer(signal);
        },
        untranslated
    );

    hear(method: string, path: string, body?: unknown): Promise<void> {
        return this.comm.hear({ type: 'ask', id: '7', method, path, body });
    }

    end(): void {
        this.comm.dispose();
        this.connection.dispose();
    }
}

const problem = { type: 'about:blank', title: '', detail: 'there is no run', faults: [] };
let scene: Scene;

beforeEach(() => {
    scene = new Scene();
});

afterEach(() => {
    scene.end();
});

test('it greets, says how the control plane is, and answers what only looks without a question', async () => {
    expect(scene.said.map(one => one.type)).toEqual(['hello', 'message']);
    await scene.hear('GET', 'api/runs/run_1');
    expect(scene.said.at(-1)).toEqual({ type: 'answer', id: '7', text: RUN });
    expect(scene.consents).toEqual([]);
});

test('what is destroyed is named by its name, and done once a person has agreed', async () => {
    await scene.hear('DELETE', 'api/runs/run_1');
    expect(scene.consents[0]?.what).toBe('Delete the run train-1 with all that is kept of it');
    expect(scene.asked).toEqual(['GET api/runs/run_1', 'DELETE api/runs/run_1']);
    expect(scene.said.slice(-2).map(one => one.type)).toEqual(['taken', 'answer']);
});

test('what nobody agreed to is not done, and neither is what panels never do', async () => {
    scene.answer = () => Promise.resolve(false);
    await scene.hear('POST', 'launch', { path: 'train.ipynb' });
    expect(scene.said.at(-1)).toMatchObject({
        type: 'problem',
        problem: { status: 403, code: 'forbidden', detail: 'You did not agree: Run work/train.ipynb' }
    });
    await scene.hear('DELETE', 'api/kernels/1');
    expect(scene.said.at(-1)).toMatchObject({ problem: { code: 'forbidden' } });
    expect(scene.asked).toEqual([]);
});

test('where another page was faster the question is taken back, and nothing is done', async () => {
    scene.answer = signal =>
        new Promise(resolve => {
            signal.addEventListener('abort', () => {
                resolve(true);
            });
        });
    const heard = scene.hear('DELETE', 'endpoints/churn');
    await Promise.resolve();
    await scene.comm.hear({ type: 'settled', id: '7' });
    await heard;
    expect(scene.asked).toEqual([]);
    expect(scene.said.map(one => one.type)).toEqual(['hello', 'message']);
});

test('what the server refuses is told as it is', async () => {
    await scene.hear('GET', 'api/runs/gone');
    expect(scene.said.at(-1)).toMatchObject({
        type: 'problem',
        problem: { status: 404, code: 'not_found', detail: 'there is no run' }
    });
});
