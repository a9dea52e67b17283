import { moved } from './moved';

test('a notebook moves with its own name and with that of a folder above it, and with no other', () => {
    expect(moved('work/a.ipynb', 'work/a.ipynb', 'work/b.ipynb')).toBe('work/b.ipynb');
    expect(moved('work/a.ipynb', 'work', 'done')).toBe('done/a.ipynb');
    expect(moved('works/a.ipynb', 'work', 'done')).toBeNull();
});
