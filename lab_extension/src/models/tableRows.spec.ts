import type { Run } from '../api/wire';
import { KEPT, TableRows } from './tableRows';

const run = (number: number): Run => ({ id: `run_${number}`, number }) as Run;
const page = (first: number, count = 10): Run[] => Array.from({ length: count }, (_, at) => run(first - at));

describe('TableRows', () => {
    it('knows the first page, and that others are missing', () => {
        const rows = new TableRows(10);
        rows.begin(page(1000));
        rows.resize(1000);
        expect(rows.length).toBe(1000);
        expect(rows.at(3)).toEqual({ kind: 'run', run: run(997) });
        expect(rows.at(503)).toEqual({ kind: 'run', run: null });
        expect(rows.missing(5, 25)).toEqual([
            { section: 0, page: 1 },
            { section: 0, page: 2 }
        ]);
    });

    it('keeps the pages that were looked at last, however many there are', () => {
        const rows = new TableRows(10);
        rows.begin(page(100_000));
        rows.resize(100_000);
        for (let at = 1; at <= 200; at += 1) {
            rows.put(0, at, page(100_000 - at * 10));
        }
        expect(rows.held).toBe(KEPT * 10);
        expect(rows.at(0)).toEqual({ kind: 'run', run: null });
        expect(rows.find('run_100000')).toBeUndefined();
        expect(rows.at(2000)).toEqual({ kind: 'run', run: run(98_000) });
    });

    it('shows what is there until it is answered anew', () => {
        const rows = new TableRows(10);
        rows.begin(page(100));
        rows.resize(30);
        rows.put(0, 1, page(90));
        rows.renew(page(101));
        expect(rows.at(15)).toEqual({ kind: 'run', run: run(85) });
        expect(rows.missing(0, 19)).toEqual([{ section: 0, page: 1 }]);
        rows.put(0, 1, page(91));
        expect(rows.missing(0, 19)).toEqual([]);
    });

    it('has a head for each group, and the runs of those that are open', () => {
        const rows = new TableRows(10);
        rows.group([
            { key: 'a.ipynb', count: 25, newest: 40 },
            { key: 'b.ipynb', count: 3, newest: 9 }
        ]);
        expect(rows.length).toBe(2);
        expect(rows.total).toBe(28);
        rows.toggle('a.ipynb');
        expect(rows.length).toBe(27);
        expect(rows.at(26)).toMatchObject({ kind: 'group', group: { key: 'b.ipynb' }, open: false });
        expect(rows.missing(0, 26).map(one => one.page)).toEqual([0, 1, 2]);
        expect(rows.sectionKey(1)).toEqual({ key: 'b.ipynb' });
    });

    it('changes a run where it stands', () => {
        const rows = new TableRows(10);
        rows.begin(page(100));
        rows.replace({ ...run(95), name: 'other' });
        expect(rows.at(5)).toMatchObject({ run: { name: 'other' } });
    });
});
