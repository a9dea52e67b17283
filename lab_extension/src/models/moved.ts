/** Where `path` is after `before` became `after`, itself or a folder above it; null where it is not concerned. */
export function moved(path: string, before: string, after: string): string | null {
    if (path === before) {
        return after;
    }
    return path.startsWith(`${before}/`) ? after + path.slice(before.length) : null;
}
