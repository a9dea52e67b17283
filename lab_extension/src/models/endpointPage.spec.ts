import { Endpoints } from './endpoints';
import { EndpointPage } from './endpointPage';
import { Said, settled } from './made';
import { asConnection, endpoint, version } from './madeModels';
import { untranslated as trans } from './translation';

const SIGNATURE = { inputs: [{ name: 'x', type: 'double', required: true }], outputs: [], params: [] };

class Play {
    listed = [endpoint({ state: 'ready' })];
    sent: unknown[] = [];
    refusal: Error | null = null;
    signature: Record<string, unknown> | null = SIGNATURE;
    readonly endpoints = new Endpoints(
        { endpoints: () => Promise.resolve(this.listed) },
        asConnection(new Said())
    );
    readonly page = new EndpointPage(
        {
            version: (name, number) =>
                Promise.resolve(
                    version({
                        name,
                        version: number,
                        signature: this.signature,
                        input_example: { dataframe_split: { columns: ['x'], data: [[1.5]] } }
                    })
                ),
            calls: () => Promise.resolve({ curl: 'curl', python: 'python', has_key: false }),
            endpointLog: () => Promise.resolve({ text: 'it serves' }),
            predict: (_, body) => {
                this.sent.push(body);
                return this.refusal
                    ? Promise.reject(this.refusal)
                    : Promise.resolve({ answer: { predictions: [1] }, milliseconds: 2 });
            }
        },
        this.endpoints,
        'churn',
        trans
    );
}

it('asks by hand with the example’s values until others are typed', async () => {
    const { page, sent } = new Play();
    await page.load();
    expect(page.tryIt.text('x')).toBe('1.5');
    page.tryIt.set('x', 'much');
    expect(page.tryIt.fault('x')).toBe('expected a number');
    await page.tryIt.ask();
    page.tryIt.set('x', '2');
    await page.tryIt.ask();
    expect(sent).toEqual([{ dataframe_split: { columns: ['x'], data: [[2]] } }]);
    expect(page.tryIt.answer?.answer).toEqual({ predictions: [1] });
});

it('begins the JSON with what was typed in fields, and refuses what is no JSON', async () => {
    const { page, sent } = new Play();
    await page.load();
    page.tryIt.set('x', '2');
    page.tryIt.showJson(true);
    expect(JSON.parse(page.tryIt.json)).toEqual({ dataframe_split: { columns: ['x'], data: [[2]] } });
    page.tryIt.setJson('{');
    expect(page.tryIt.hindrance).toBe('This is not JSON.');
    page.tryIt.setJson('{"inputs": [1]}');
    await page.tryIt.ask();
    expect(sent).toEqual([{ inputs: [1] }]);
});

it('is asked in JSON where the model takes no columns, the example first', async () => {
    const play = new Play();
    play.signature = null;
    await play.page.load();
    expect(play.page.tryIt.asJson).toBe(true);
    expect(JSON.parse(play.page.tryIt.json)).toHaveProperty('dataframe_split');
});

it('keeps what was typed where it is refused, and where a new version with the same columns serves', async () => {
    const play = new Play();
    await play.page.load();
    play.page.tryIt.set('x', '7');
    play.refusal = new Error('no');
    await play.page.tryIt.ask();
    expect([play.page.tryIt.problem, play.page.tryIt.answer]).toEqual([play.refusal, null]);
    const [variant] = endpoint().variants;
    play.listed = variant ? [endpoint({ variants: [{ ...variant, version: '2' }] })] : [];
    await play.endpoints.refresh();
    await settled();
    expect(play.page.tryIt.text('x')).toBe('7');
});

it('knows that its endpoint was deleted, also when another has its name', async () => {
    const play = new Play();
    await play.page.load();
    expect(play.page.deleted).toBe(false);
    play.listed = [endpoint({ id: 'endpoint_2' })];
    await play.endpoints.refresh();
    await settled();
    expect(play.page.deleted).toBe(true);
});
