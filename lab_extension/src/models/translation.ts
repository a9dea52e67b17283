/** What the models need of a translator: `%1` in a text is its first value. */
export interface ITrans {
    __(text: string, ...values: (string | number)[]): string;
}

/** The texts as they are, for tests. */
export const untranslated: ITrans = {
    __: (text, ...values) =>
        values.reduce<string>((said, value, at) => said.replace(`%${at + 1}`, String(value)), text)
};
