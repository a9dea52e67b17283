import { ProblemError } from '../api/problem';
import type { ProfileStatus, Run } from '../api/wire';
import { CopyState } from './copyState';
import { Said, event, run, settled } from './made';
import { asConnection } from './madeModels';
import type { ICopyOf } from './postMortem';

const OF: ICopyOf = { run: 'run_1', number: 1, cell: 0, source: 'a.ipynb' };
const KEPT = { connection_file: '/k.json', since: '2026-11-28T09:00:00Z', until: '2026-11-28T10:00:00Z' };

const GONE = new ProblemError({ type: '', title: '', status: 404, detail: '', code: '', faults: [] });

function failed(ending = false): Run {
    const made = run({ id: OF.run, state: 'failed', profile: 'small' });
    const attempt = { kept_kernel: { ...KEPT, ending, deleting: false } };
    return { ...made, attempt } as unknown as Run;
}

class World {
    failed = failed();
    next = run({ id: 'run_2', name: 'again', state: 'queued' });
    free = 0;
    attached: string | null = 'kernel-1';
    readonly said = new Said();

    readonly state = new CopyState(
        {
            run: key => Promise.resolve({ run: key === OF.run ? this.failed : this.next } as never),
            profiles: () =>
                Promise.resolve([
                    { profile: { name: 'small' }, free_slots: this.free, in_use: 1, kept: 1 } as ProfileStatus
                ])
        },
        {
            attachKernel: () =>
                this.attached === null
                    ? Promise.reject(GONE)
                    : Promise.resolve({ id: this.attached } as never)
        },
        asConnection(this.said),
        OF
    );
}

describe('a kernel that is kept', () => {
    it('is in the way where nothing else of its profile would begin', async () => {
        const world = new World();
        await world.state.load();
        expect(world.state.hinders).toBe(true);
        world.free = 1;
        world.said.happened.emit(event('run.freed', {}, { subject: 'run_9' }));
        await settled();
        expect(world.state.hinders).toBe(false);
    });

    it('is in nobody’s way once it was told to end', async () => {
        const world = new World();
        world.failed = failed(true);
        await world.state.load();
        expect(world.state.hinders).toBe(false);
    });

    it('is told of what waits for it until that begins', async () => {
        const world = new World();
        await world.state.load();
        world.state.follow(world.next);
        await settled();
        expect(world.state.next?.name).toBe('again');
        world.next = { ...world.next, state: 'running' };
        world.said.happened.emit(event('run.starting', {}, { subject: 'run_2' }));
        await settled();
        expect(world.state.next).toBeNull();
    });

    it('has the name that Jupyter gives it, and none where it cannot be reached', async () => {
        const world = new World();
        await world.state.attach();
        expect(world.state.kernel).toBe('kernel-1');
        world.attached = null;
        await world.state.attach();
        expect(world.state.kernel).toBeNull();
    });
});
