/** How an output is looked at; `none`: it can only be taken home. */
export type OutputKind = 'table' | 'image' | 'html' | 'text' | 'none';

const KINDS: Readonly<Record<Exclude<OutputKind, 'none'>, readonly string[]>> = {
    table: ['csv', 'tsv', 'parquet'],
    image: ['png', 'jpg', 'jpeg', 'gif', 'webp', 'svg'],
    html: ['html', 'htm'],
    text: 'txt md json jsonl yaml yml log py r jl toml ini cfg xml sql js ts sh tex rst ipynb out err'.split(
        ' '
    )
};
const IMAGE_TYPES: Readonly<Record<string, string>> = {
    png: 'image/png',
    jpg: 'image/jpeg',
    jpeg: 'image/jpeg',
    gif: 'image/gif',
    webp: 'image/webp',
    svg: 'image/svg+xml'
};

export function outputKind(name: string): OutputKind {
    const found = Object.entries(KINDS).find(([, endings]) => endings.includes(ending(name)));
    return found ? (found[0] as OutputKind) : 'none';
}

export function imageType(name: string): string {
    return IMAGE_TYPES[ending(name)] ?? 'application/octet-stream';
}

function ending(name: string): string {
    const file = name.slice(name.lastIndexOf('/') + 1);
    const dot = file.lastIndexOf('.');
    return dot < 0 ? '' : file.slice(dot + 1).toLowerCase();
}
