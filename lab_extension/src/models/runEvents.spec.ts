import type { Attempt } from '../api/wire';
import { run } from './made';
import { runLook } from './runEvents';

const waits = { waiting: 'waiting for a node (Unschedulable)' } as Attempt;

test('what a worker waits for is what a run waits for, as long as it is not over', () => {
    expect(runLook(run({ state: 'starting' }))).toBe('starting');
    expect(runLook(run({ state: 'starting', attempt: waits }))).toBe('waiting');
    expect(runLook(run({ state: 'running', attempt: waits }))).toBe('waiting');
    expect(runLook(run({ state: 'queued', attempt: waits }))).toBe('queued');
    expect(runLook(run({ state: 'failed', attempt: waits }))).toBe('failed');
});
