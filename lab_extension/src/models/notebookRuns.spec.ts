import { Signal } from '@lumino/signaling';

import type { Run } from '../api/wire';
import { run, settled } from './made';
import { NotebookRuns } from './notebookRuns';
import type { Runs } from './runs';

class Known {
    readonly changed = new Signal<Known, void>(this);
    all: readonly Run[] = [];
    get(id: string): Run | undefined {
        return this.all.find(one => one.id === id);
    }
    become(...all: Run[]): void {
        this.all = all;
        this.changed.emit();
    }
}

function made(answers: readonly Run[][] | Error): { known: Known; found: NotebookRuns; asked: string[] } {
    const known = new Known();
    const asked: string[] = [];
    const api = {
        runsOf: (path: string): Promise<readonly Run[]> => {
            asked.push(path);
            return answers instanceof Error
                ? Promise.reject(answers)
                : Promise.resolve(answers[Math.min(asked.length, answers.length) - 1] ?? []);
        }
    };
    const found = new NotebookRuns(
        api,
        known as unknown as Runs,
        () => 'work/train.ipynb',
        () => Promise.resolve('run_1')
    );
    return { known, found, asked };
}

const auc = (value: number): Partial<Run> => ({ state: 'succeeded', metrics: { auc: { value } } });

test('a run that was started elsewhere is the notebook’s last one as soon as it is heard of', async () => {
    const first = run({ id: 'run_1', number: 1, ...auc(0.8) });
    const second = run({ id: 'run_2', number: 2, state: 'running' });
    const { known, found, asked } = made([[first], [second, first]]);
    await found.load();
    expect(found.last?.id).toBe('run_1');
    known.become(second, first);
    await settled();
    expect(asked).toHaveLength(2);
    expect(found.last?.id).toBe('run_2');
    known.become({ ...second, ...auc(0.9) }, first);
    expect(found.last?.state).toBe('succeeded');
    expect(found.series).toEqual({ name: 'auc', values: [0.8, 0.9] });
    expect(asked).toHaveLength(2);
});

test('runs of another notebook change nothing', async () => {
    const { known, found, asked } = made([[]]);
    await found.load();
    known.become(run({ id: 'run_9', notebook: 'other.ipynb' }));
    await settled();
    expect(asked).toHaveLength(1);
    expect(found.last).toBeNull();
});

test('where the server cannot say, the run that was made from here is shown', async () => {
    const { known, found } = made(new Error('on a drive'));
    known.all = [run({ id: 'run_1' })];
    await found.load();
    expect(found.last?.id).toBe('run_1');
});
