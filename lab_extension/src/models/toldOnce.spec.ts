import { ToldOnce } from './toldOnce';

function storage(kept: Record<string, string> = {}): Pick<Storage, 'getItem' | 'setItem'> {
    return {
        getItem: key => kept[key] ?? null,
        setItem: (key, text) => {
            kept[key] = text;
        }
    };
}

test('what was told is not told again, also after a reload', () => {
    const kept = {};
    const told = new ToldOnce(storage(kept));
    expect(told.fresh(['project: /a (no mark)', 'other'])).toEqual(['project: /a (no mark)', 'other']);
    expect(told.fresh(['project: /a (no mark)'])).toEqual([]);
    expect(new ToldOnce(storage(kept)).fresh(['project: /b (no mark)', 'other'])).toEqual([
        'project: /b (no mark)'
    ]);
});

test('what cannot be read is nothing', () => {
    expect(new ToldOnce(storage({ 'gristmill-lab:told': '{' })).fresh(['a'])).toEqual(['a']);
});
