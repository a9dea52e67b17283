const KEY = 'gristmill-lab:told';
const MOST = 200;

/** What was told already in this tab of the browser, also before it was loaded anew. */
export class ToldOnce {
    constructor(private readonly storage: Pick<Storage, 'getItem' | 'setItem'>) {}

    /** Those of the texts that nobody was told yet; from now on they are. */
    fresh(texts: readonly string[]): readonly string[] {
        const told = this.told();
        const found = texts.filter(text => !told.includes(text));
        if (found.length > 0) {
            this.storage.setItem(KEY, JSON.stringify([...told, ...found].slice(-MOST)));
        }
        return found;
    }

    private told(): readonly unknown[] {
        try {
            const kept: unknown = JSON.parse(this.storage.getItem(KEY) ?? '[]');
            return Array.isArray(kept) ? kept : [];
        } catch {
            return [];
        }
    }
}
