const SAFE = /^[\w@%+=:,./-]+$/;

/** As a POSIX shell takes it for one word. */
export function quoted(text: string): string {
    return SAFE.test(text) ? text : `'${text.replaceAll("'", `'"'"'`)}'`;
}

/** A command of these words and of those options that have a value. */
export function commandLine(
    words: readonly string[],
    options: Readonly<Record<string, string | boolean | null | undefined>> = {}
): string {
    const given = Object.entries(options).flatMap(([name, value]) => {
        if (value === true) {
            return [name];
        }
        return value ? [name, quoted(value)] : [];
    });
    return [...words.map(quoted), ...given].join(' ');
}
