import { Signal } from '@lumino/signaling';

import { ProblemError } from '../api/problem';
import type { IRunsQuestion, IRunsTableApi } from '../api/runsTable';
import type { Event, NotebookDiff, Run, RunColumns, RunCounts, RunDetail } from '../api/wire';
import type { State } from './connection';
import { RunsTable } from './runsTable';

function run(number: number, more: Partial<Run> = {}): Run {
    return {
        id: `run_${number}`,
        number,
        name: `train-${number}`,
        notebook: 'train.ipynb',
        parameters: { depth: number % 7 },
        given: ['depth'],
        labels: {},
        state: 'succeeded',
        metrics: { auc: { value: number / 1000 } },
        profile: 'small',
        created_at: '2026-11-01T10:00:00Z',
        created_by: 'ada',
        ...more
    } as Run;
}

/** So many runs, newest first. */
class Upstream implements IRunsTableApi {
    readonly asked: IRunsQuestion[] = [];
    count = 250;
    refusal: Error | null = null;

    list(question: IRunsQuestion): Promise<readonly Run[]> {
        this.asked.push(question);
        if (this.refusal) {
            return Promise.reject(this.refusal);
        }
        const all = Array.from({ length: this.count }, (_, at) => run(this.count - at));
        const known = all.filter(one => one.number < (question.before ?? Infinity));
        const from = question.offset ?? 0;
        return Promise.resolve(known.slice(from, from + (question.limit ?? 50)));
    }

    counts(): Promise<RunCounts> {
        return this.refusal
            ? Promise.reject(this.refusal)
            : Promise.resolve({
                  total: this.count,
                  newest: this.count,
                  groups: [{ key: 'train.ipynb', count: this.count, newest: this.count }]
              });
    }

    columns(): Promise<RunColumns> {
        return Promise.resolve({ metrics: ['auc'], parameters: ['depth'], labels: [] });
    }

    change(): Promise<Run> {
        throw new Error('not asked here');
    }

    diff(): Promise<NotebookDiff> {
        throw new Error('not asked here');
    }
}

class Stream {
    readonly state: State = { state: 'ready', since: '2026-11-01T10:00:00Z' };
    readonly refreshed = new Signal<Stream, void>(this);
    readonly happened = new Signal<Stream, Event>(this);

    say(kind: string, number: number): void {
        this.happened.emit({ kind, subject: `run_${number}`, data: { number } } as unknown as Event);
    }
}

let upstream: Upstream;
let stream: Stream;
let table: RunsTable;
let current: Map<string, Run>;

async function settled(): Promise<void> {
    await new Promise(resolve => setTimeout(resolve, 0));
}

async function soon(): Promise<void> {
    jest.advanceTimersByTime(300);
    jest.useRealTimers();
    await settled();
}

beforeEach(async () => {
    upstream = new Upstream();
    stream = new Stream();
    current = new Map();
    const asked = {
        run: (id: string): Promise<RunDetail> =>
            Promise.resolve({ run: current.get(id), attempts: [], outputs: [] } as unknown as RunDetail),
        profiles: () => Promise.resolve([])
    };
    table = new RunsTable(upstream, asked, stream as unknown as ConstructorParameters<typeof RunsTable>[2]);
    await settled();
});

afterEach(() => {
    jest.useRealTimers();
    table.dispose();
});

describe('RunsTable', () => {
    it('has the first page, and how many there are', () => {
        expect(table.rows.length).toBe(250);
        expect(table.row(0)).toMatchObject({ run: { number: 250 } });
        expect(table.columns).toEqual([
            'state',
            'name',
            'metrics.auc',
            'params.depth',
            'duration',
            'by',
            'created'
        ]);
    });

    it('asks for a page that comes into sight once, and for what was there at the beginning only', async () => {
        table.ensure(100, 130);
        table.ensure(101, 131);
        await settled();
        expect(upstream.asked.at(-1)).toMatchObject({ offset: 100, before: 251 });
        expect(upstream.asked).toHaveLength(2);
        expect(table.row(100)).toMatchObject({ run: { number: 150 } });
    });

    it('counts what is new and moves no row, where one has scrolled', async () => {
        jest.useFakeTimers();
        table.atTop = false;
        upstream.count = 252;
        stream.say('run.queued', 251);
        stream.say('run.queued', 252);
        await soon();
        expect(table.arrived).toBe(2);
        expect(table.row(0)).toMatchObject({ run: { number: 250 } });
        await table.load();
        expect(table.arrived).toBe(0);
        expect(table.row(0)).toMatchObject({ run: { number: 252 } });
    });

    it('shows new runs by itself at the top of the newest', async () => {
        jest.useFakeTimers();
        upstream.count = 251;
        stream.say('run.queued', 251);
        await soon();
        expect(table.row(0)).toMatchObject({ run: { number: 251 } });
    });

    it('changes a run in its place as it goes on', async () => {
        jest.useFakeTimers();
        current.set('run_249', run(249, { state: 'failed' }));
        stream.say('run.failed', 249);
        await soon();
        expect(table.row(1)).toMatchObject({ run: { state: 'failed' } });
    });

    it('says where a query is not understood, and keeps what it shows', async () => {
        upstream.refusal = new ProblemError({
            type: '',
            title: '',
            status: 400,
            detail: 'at character 7 of the query: expected a value',
            code: 'query',
            faults: [{ where: 'query:6', message: 'expected a value', hint: 'a number' }]
        });
        await table.show({ query: 'auc > ' });
        expect(table.queryFault).toEqual({ position: 6, message: 'expected a value', hint: 'a number' });
        expect(table.problem).toBeNull();
        expect(table.row(0)).toMatchObject({ run: { number: 250 } });
        upstream.refusal = null;
        await table.show({ query: '' });
        expect(table.queryFault).toBeNull();
    });

    it('sorts by a column highest first, then lowest first, then not at all', async () => {
        await table.sortBy('metrics.val loss');
        expect(upstream.asked.at(-1)).toMatchObject({ sort: 'metrics."val loss"', ascending: false });
        await table.sortBy('metrics.val loss');
        expect(upstream.asked.at(-1)).toMatchObject({ ascending: true });
        await table.sortBy('metrics.val loss');
        expect(upstream.asked.at(-1)?.sort).toBeUndefined();
    });

    it('asks for the runs of a group that is opened', async () => {
        await table.show({ group: 'notebook', query: 'state = failed' });
        expect(table.rows.length).toBe(1);
        table.toggle('train.ipynb');
        table.ensure(0, 20);
        await settled();
        expect(upstream.asked.at(-1)).toMatchObject({ notebook: 'train.ipynb', query: 'state = failed' });
        expect(table.row(1)).toMatchObject({ run: { number: 250 } });
    });

    it('tells a baseline that was deleted from its view', async () => {
        current.set('run_1', run(1));
        await table.show({ baseline: 'run_1' });
        await settled();
        expect(table.baseline?.number).toBe(1);
    });

    it('hands out all runs, page by page', async () => {
        let count = 0;
        for await (const page of table.all(100)) {
            count += page.length;
        }
        expect(count).toBe(250);
    });
});
