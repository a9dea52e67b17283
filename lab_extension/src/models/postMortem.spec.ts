import { run } from './made';
import { holds, keptOf } from './postMortem';

test('a kernel that is ending is offered no more, and holds what it has until it is gone', () => {
    const kept = {
        connection_file: 'kernel.json',
        since: '2026-03-01T12:00:00Z',
        until: '2026-03-01T12:20:00Z'
    };
    const failed = (kept_kernel: unknown): ReturnType<typeof run> =>
        run({ attempt: { kept_kernel } } as Parameters<typeof run>[0]);
    const told = [failed({ ...kept, ending: false }), failed({ ...kept, ending: true }), failed(null)];
    expect(told.map(one => keptOf(one) !== null)).toEqual([true, false, false]);
    expect(told.map(holds)).toEqual([true, true, false]);
});
