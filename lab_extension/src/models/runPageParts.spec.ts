import type { RunDetail } from '../api/wire';
import { ProblemError } from '../api/problem';
import { Blobs } from './blobs';
import { costOf, money } from './cost';
import { search } from './logSearch';
import { event, run } from './made';
import { outputKind } from './outputKind';
import { copyOf, copyPath, keptOf, leftText, orderOf } from './postMortem';
import { short, workerFacts } from './provenance';
import { RunLog } from './runLog';
import { untranslated } from './translation';

test('a run costs by the time that its profile was held, its kept kernel’s too, up to now', () => {
    const held = [
        {
            attempt: 'a',
            profile: 'gpu',
            rate_per_hour: 3,
            since: '2026-03-01T12:00:00Z',
            until: '2026-03-01T12:30:00Z'
        },
        { attempt: 'b', profile: 'gpu', rate_per_hour: 3, since: '2026-03-01T12:30:00Z', until: null }
    ];
    expect(costOf(held, new Date('2026-03-01T13:00:00Z'))).toEqual({
        hours: 1,
        amount: 3,
        rates: [3],
        going: true
    });
    expect([0, 0.004, 1.234].map(money)).toEqual(['0', '0.004', '1.23']);
});

test('what matches in a log is marked and counted, whatever its case', () => {
    const found = search('Epoch 1\nepoch 2 of epoch 9\nother', 'epoch', false);
    expect(found.hits).toBe(3);
    expect(found.lines[1]?.map(piece => [piece.text, piece.hit])).toEqual([
        ['epoch', 1],
        [' 2 of ', null],
        ['epoch', 2],
        [' 9', null]
    ]);
    expect(search('a\nb', 'b', true).lines).toHaveLength(1);
    expect(search('x'.repeat(5000), 'x', false)).toMatchObject({ hits: 2000, more: true });
});

test('an output is looked at by what its name says that it is', () => {
    const names = [
        'a/b.csv',
        'T.PARQUET',
        'figures/roc.png',
        'r.html',
        'notes.json',
        'model.bin',
        'Makefile'
    ];
    expect(names.map(outputKind)).toEqual(['table', 'table', 'image', 'html', 'text', 'none', 'none']);
});

test('a copy says which run it is of, and stands beside its source', () => {
    expect(copyOf({ gristmill: { copy_of: 'run_1', number: 17, cell: 3, source: 'a.ipynb' } })).toEqual({
        run: 'run_1',
        number: 17,
        cell: 3,
        source: 'a.ipynb'
    });
    expect([copyOf(null), copyOf({}), copyOf({ gristmill: { copy_of: 3 } })]).toEqual([null, null, null]);
    expect(copyPath('work/train.ipynb', 17)).toBe('work/train.run-17.ipynb');
    expect(copyPath('work/train.ipynb', 17, 2)).toBe('work/train.run-17-2.ipynb');
});

test('how long a kernel is kept is told as one would say it', () => {
    const now = new Date('2026-03-01T12:00:00Z');
    const left = (until: string): string => leftText(until, now, untranslated);
    expect(left('2026-03-01T12:29:59Z')).toBe('29 min left');
    expect(left('2026-03-01T12:01:00Z')).toBe('60 s left');
    expect(left('2026-03-01T15:05:00Z')).toBe('3 h 5 min left');
    expect(left('2026-03-01T11:59:00Z')).toBe('over');
    const kept = { connection_file: '/k', since: '', until: '', ending: false, deleting: false };
    const attempt = (ending: boolean): never => ({ kept_kernel: { ...kept, ending } }) as never;
    expect(keptOf(run({ attempt: attempt(false) }))).not.toBeNull();
    expect(keptOf(run({ attempt: attempt(true) }))).toBeNull();
});

test('the form is filled with what was given, and not with the notebook’s own values', () => {
    const order = orderOf(
        run({ given: ['depth'], parameters: { depth: 4, rate: 1 }, retries: 2 }),
        'a.ipynb'
    );
    expect(order).toMatchObject({
        path: 'a.ipynb',
        parameters: { depth: 4 },
        profile: 'small',
        retries: 2,
        name: null
    });
});

test('what a worker has seen is read with care', () => {
    const detail = (provenance: unknown): RunDetail =>
        ({ attempts: [{ provenance }] }) as unknown as RunDetail;
    const facts = workerFacts(
        detail({
            worker: {
                kernel: { python: '3.11' },
                environment: { digest: 'sha256:abcdef0123', packages: ['a==1'] },
                device: { cores: 2, gpus: [{ name: 'A100' }, 'odd'] },
                data: { loans: { source: '/d', at: 'd', size: 3, changed: true } }
            }
        })
    );
    expect(facts).toMatchObject({ python: '3.11', packages: ['a==1'], cores: 2, gpus: ['A100'] });
    expect(facts.data).toMatchObject([{ name: 'loans', size: 3, digest: null, changed: true }]);
    expect(short(facts.packagesDigest ?? '')).toBe('abcdef01');
    expect(workerFacts(detail('nonsense')).packages).toEqual([]);
    expect(workerFacts({ attempts: [] } as unknown as RunDetail).python).toBeNull();
});

function problem(status: number): ProblemError {
    return new ProblemError({ type: '', title: '', status, detail: '', code: '', faults: [] });
}

test('a blob that is gone is empty, and takes no other with it', async () => {
    const blobs = new Blobs(
        {
            blob: digest =>
                digest === 'gone' ? Promise.reject(problem(404)) : Promise.resolve(`<${digest}>`)
        },
        { smallBlobs: () => Promise.reject(problem(404)) }
    );
    const found = await blobs.texts([
        { digest: 'a', size: 1 },
        { digest: 'gone', size: 1 },
        { digest: 'large', size: 10_000_000 }
    ]);
    expect(Object.fromEntries(found)).toEqual({ a: '<a>', gone: '', large: '<large>' });
});

test('of a very long log the end is fetched, and it is said that the beginning is left out', async () => {
    const asked: string[] = [];
    const blobs = new Blobs(
        {
            blob: digest => {
                asked.push(digest);
                return Promise.resolve('x'.repeat(900_000));
            }
        },
        { smallBlobs: () => Promise.reject(problem(404)) }
    );
    const log = new RunLog();
    for (const digest of ['1', '2', '3', '4', '5']) {
        log.take(event('log', { digest, size: 900_000 }));
    }
    await log.fetch(blobs);
    expect(asked.sort()).toEqual(['3', '4', '5']);
    expect(log.cut).toBe(true);
    expect(log.text).toHaveLength(2_000_000);
    await log.fetch(blobs);
    expect(asked).toHaveLength(3);
});
