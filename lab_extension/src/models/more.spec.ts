import { NOTHING, labelsOf, moreFault, sentOf, typedOf } from './more';

test('labels are pairs', () => {
    expect(labelsOf('team=risk, try = 2')).toEqual({ team: 'risk', try: '2' });
    expect(labelsOf('')).toEqual({});
    expect(labelsOf('team')).toBeNull();
});

test('what cannot be sent is named', () => {
    expect(moreFault(NOTHING)).toBeNull();
    expect(moreFault({ ...NOTHING, timeout: 'soon' })).toBe('timeout');
    expect(moreFault({ ...NOTHING, retries: '-1' })).toBe('retries');
    expect(moreFault({ ...NOTHING, priority: '2000' })).toBe('priority');
    expect(moreFault({ ...NOTHING, postMortem: '2000' })).toBe('postMortem');
    expect(moreFault({ ...NOTHING, priority: '-3', postMortem: '0', timeout: '0.5' })).toBeNull();
});

test('minutes are sent as seconds, and stand there as minutes again; a name is of one run alone', () => {
    const more = {
        ...NOTHING,
        name: 'once',
        labels: 'team=risk',
        timeout: '90',
        retries: '2',
        postMortem: '30'
    };
    const sent = sentOf(more);
    expect(sent).toEqual({
        name: 'once',
        labels: { team: 'risk' },
        timeout_s: 5400,
        retries: 2,
        priority: 0,
        post_mortem_s: 1800
    });
    expect(typedOf({ ...sent, path: 'a.ipynb', secrets: [], data_roots: [] })).toEqual({ ...more, name: '' });
});
