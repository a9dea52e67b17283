import { Signal } from '@lumino/signaling';

import type { Event, Run } from '../api/wire';
import type { State } from './connection';

/** What tests are made of. */
export function run(said: Partial<Run> = {}): Run {
    return {
        id: 'run_1',
        project_id: 'default',
        number: 1,
        name: 'train-1',
        notebook: 'work/train.ipynb',
        snapshot: 'snapshot_1',
        parameters: { depth: 4 },
        given: [],
        profile: 'small',
        kernel: 'python3',
        secrets: [],
        labels: {},
        priority: 0,
        timeout_s: null,
        retries: 0,
        state: 'running',
        created_by: 'ann',
        created_at: '2026-03-01T12:00:00Z',
        cancel_requested: false,
        models: [],
        data: [],
        ...said
    };
}

let seq = 0;

export function event(kind: string, data: Record<string, unknown> = {}, said: Partial<Event> = {}): Event {
    seq += 1;
    return {
        seq,
        project_id: 'default',
        time: '2026-03-01T12:00:01Z',
        kind,
        subject: 'run_1',
        data,
        ...said
    };
}

/** A connection that says what a test wants said. */
export class Said {
    readonly state: State = { state: 'starting', since: '2026-03-01T12:00:00Z' };
    readonly refreshed = new Signal<Said, void>(this);
    readonly happened = new Signal<Said, Event>(this);
}

/** Returns when all that was begun has been answered. */
export async function settled(): Promise<void> {
    for (let turn = 0; turn < 20; turn += 1) {
        await Promise.resolve();
    }
}
