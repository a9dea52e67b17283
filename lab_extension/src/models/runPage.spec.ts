import type { EventPage, Held, RunDetail, Snapshot } from '../api/wire';
import type { Connection } from './connection';
import { Said, event, run, settled } from './made';
import { RunPage } from './runPage';

const notebook = {
    cells: [
        { cell_type: 'markdown', source: ['# Title'] },
        { cell_type: 'code', source: 'a = 1' },
        { cell_type: 'code', source: 'print(a)' }
    ]
};

class Api {
    detail: RunDetail = { run: run(), attempts: [], outputs: [], held: [] };
    blobs: Record<string, string> = {
        source: JSON.stringify(notebook),
        printed: 'hello\n',
        outputs: JSON.stringify([{ output_type: 'stream', name: 'stdout', text: 'hello' }])
    };
    executed: unknown = notebook;
    together: number[] = [];
    past: EventPage = { events: [], next: 0, reset: false };
    run(): Promise<RunDetail> {
        return Promise.resolve(this.detail);
    }
    snapshot(): Promise<Snapshot> {
        const file = { path: 'n.ipynb', digest: 'source', size: 1, executable: false };
        return Promise.resolve({ notebook: 'n.ipynb', files: [file] } as unknown as Snapshot);
    }
    blob(digest: string): Promise<string> {
        return Promise.resolve(this.blobs[digest] ?? '');
    }
    runEvents(): Promise<EventPage> {
        return Promise.resolve(this.past);
    }
    executedNotebook(): Promise<unknown> {
        return Promise.resolve(this.executed);
    }
    smallBlobs(digests: readonly string[]): Promise<ReadonlyMap<string, string>> {
        this.together.push(digests.length);
        return Promise.resolve(new Map(digests.map(digest => [digest, this.blobs[digest] ?? ''])));
    }
}

async function opened(api = new Api()): Promise<{ api: Api; said: Said; page: RunPage }> {
    const said = new Said();
    const page = new RunPage(api, api, said as unknown as Connection, 'run_1');
    await page.load();
    return { api, said, page };
}

async function told(page: RunPage): Promise<void> {
    await settled();
    await settled();
    expect(page.problem).toBeNull();
}

test('a run that goes on grows cell by cell, its log with it', async () => {
    const { said, page } = await opened();
    expect(page.cells.map(cell => cell.number)).toEqual([null, 1, 2]);
    said.happened.emit(event('cell.started', { cell: 2, number: 2, of: 2 }));
    await told(page);
    expect(page.runningCell).toBe(2);
    said.happened.emit(event('log', { digest: 'printed' }));
    said.happened.emit(event('cell.finished', { cell: 2, seconds: 1.5, failed: false, digest: 'outputs' }));
    await told(page);
    expect(page.log).toBe('hello\n');
    expect(page.cells[2]).toMatchObject({ state: 'done', seconds: 1.5 });
    expect(page.cells[2]?.outputs).toHaveLength(1);
});

test('what a run held is told as it is once all of it is free', async () => {
    const { api, said, page } = await opened();
    const since = '2026-11-28T12:00:00Z';
    const held = { rate_per_hour: 1, since, until: '2026-11-28T12:01:00Z' } as unknown as Held;
    api.detail = { ...api.detail, held: [held] };
    said.happened.emit(event('run.freed', {}));
    await told(page);
    expect(page.detail?.held).toEqual([held]);
});

test('an event that was read with the past is not taken again', async () => {
    const api = new Api();
    const printed = event('log', { digest: 'printed' });
    api.past = { events: [printed], next: printed.seq, reset: false };
    const { said, page } = await opened(api);
    said.happened.emit(printed);
    await told(page);
    expect(page.log).toBe('hello\n');
});

test('when it is over the executed notebook is shown: injected values, the failed cell, no headlines', async () => {
    const api = new Api();
    api.detail.run = run({
        state: 'failed',
        fault: { kind: 'cell_error', message: 'KeyError', cell: 2, traceback: [] },
        attempt: { executed_notebook: 'sha256:1', progress: { cell: 2, cells: 2 } } as never
    });
    const [title, first, second] = notebook.cells;
    api.executed = {
        cells: [
            {
                cell_type: 'markdown',
                source: 'An Exception',
                metadata: { tags: ['papermill-error-cell-tag'] }
            },
            title,
            { ...first, execution_count: 1 },
            {
                cell_type: 'code',
                source: 'a = 2',
                execution_count: 2,
                metadata: { tags: ['injected-parameters'] }
            },
            { ...second, execution_count: 3, outputs: [{ output_type: 'error' }] }
        ]
    };
    const { page } = await opened(api);
    expect(page.cells.map(cell => cell.state)).toEqual(['waiting', 'done', 'done', 'failed']);
    expect(page.cells.map(cell => cell.injected)).toEqual([false, false, true, false]);
    expect(page.cells.map(cell => cell.number)).toEqual([null, 1, 2, 3]);
    expect(page.numberOf(2)).toBe(3);
});

test('the cell that failed has the number that the run counts, whatever the source holds', async () => {
    const api = new Api();
    const tagged = (source: string, ...tags: string[]): object => ({
        cell_type: 'code',
        source,
        metadata: { tags }
    });
    const injected = tagged('a = 3', 'injected-parameters');
    const source = [
        tagged('An Exception', 'papermill-error-cell-tag'),
        tagged('a = 1', 'parameters'),
        injected,
        tagged('slow()', 'skip-execution'),
        tagged('a["x"]')
    ];
    api.blobs['source'] = JSON.stringify({ cells: source });
    api.detail.run = run({
        state: 'failed',
        given: ['a'],
        parameters: { a: 3 },
        fault: { kind: 'cell_error', message: 'TypeError', cell: 4, traceback: [] },
        attempt: { executed_notebook: 'sha256:1', progress: { cell: 3, cells: 3 } } as never
    });
    api.executed = { cells: source.slice(1) };
    const { page } = await opened(api);
    expect(page.numberOf(4)).toBe(3);
    expect(page.cells.map(cell => cell.state)).toEqual(['waiting', 'waiting', 'waiting', 'failed']);
});

test('while it runs, cells are counted with the one of values that it adds', async () => {
    const api = new Api();
    api.detail.run = run({ given: ['a'] });
    const { page } = await opened(api);
    expect(page.cells.map(cell => cell.number)).toEqual([null, 2, 3]);
});

test('what could not be fetched is asked for again with the next event, and nothing is lost', async () => {
    const { api, said, page } = await opened();
    const first = event('log', { digest: 'printed' });
    const blob = api.blob.bind(api);
    api.blob = () => Promise.reject(new Error('connection lost'));
    said.happened.emit(first);
    await settled();
    await settled();
    expect(page.problem).not.toBeNull();
    api.blob = blob;
    const second = event('log', { digest: 'printed' });
    api.past = { events: [first, second], next: second.seq, reset: false };
    said.happened.emit(second);
    await told(page);
    await told(page);
    expect(page.log).toBe('hello\nhello\n');
});

test('no cell goes on in a run whose worker was killed', async () => {
    const api = new Api();
    api.past = { events: [event('cell.started', { cell: 1, number: 1, of: 2 })], next: 1, reset: false };
    api.detail.run = run({ state: 'failed' });
    const { page } = await opened(api);
    expect(page.runningCell).toBeNull();
    expect(page.cells[1]?.state).toBe('failed');
});

test('of a run that is over the notebook is shown before its log is read, and the log comes in few requests', async () => {
    const api = new Api();
    api.detail.run = run({
        state: 'succeeded',
        attempt: { executed_notebook: 'sha256:1', progress: { cell: 2, cells: 2 } } as never
    });
    const pieces = Array.from({ length: 1200 }, (_, at) => {
        api.blobs[`piece-${at}`] = `line ${at}\n`;
        return event('log', { digest: `piece-${at}`, size: 10 });
    });
    api.past = { events: pieces.slice(0, 999), next: 0, reset: false };
    const seen: string[] = [];
    const said = new Said();
    const page = new RunPage(api, api, said as unknown as Connection, 'run_1');
    page.changed.connect(() => {
        seen.push(
            `${page.cells.some(cell => cell.state === 'done' || cell.outputs.length > 0)} ${page.log !== ''}`
        );
    });
    api.executed = { cells: notebook.cells.map(cell => ({ ...cell, execution_count: 1 })) };
    await page.load();
    expect(page.problem).toBeNull();
    expect(seen.indexOf('true false')).toBeGreaterThan(-1);
    expect(seen.indexOf('true false')).toBeLessThan(seen.indexOf('true true'));
    expect(api.together).toEqual([500, 499]);
    expect(page.log.split('\n')[998]).toBe('line 998');
});

test('when each cell began and how long it took is told of executed cells too', async () => {
    const api = new Api();
    api.detail.run = run({
        state: 'succeeded',
        attempt: { executed_notebook: 'sha256:1', progress: { cell: 2, cells: 2 } } as never
    });
    api.past = {
        events: [
            event('cell.started', { cell: 1, number: 1, of: 2 }, { time: '2026-03-01T12:00:05Z' }),
            event('cell.finished', { cell: 1, number: 1, of: 2, seconds: 2.5, digest: 'outputs' })
        ],
        next: 0,
        reset: false
    };
    const { page } = await opened(api);
    expect(page.cells[1]).toMatchObject({ started: '2026-03-01T12:00:05Z', seconds: 2.5 });
});

test('a deleted run says so', async () => {
    const { said, page } = await opened();
    said.happened.emit(event('run.deleted'));
    await told(page);
    expect(page.deleted).toBe(true);
});
