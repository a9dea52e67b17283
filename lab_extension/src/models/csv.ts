/** Rows as RFC 4180 has them. A text that a spreadsheet would take for a formula is led by an apostrophe. */
export function csv(rows: readonly (readonly (string | number | null)[])[]): string {
    return rows.map(row => `${row.map(cell).join(',')}\r\n`).join('');
}

function cell(value: string | number | null): string {
    if (value === null) {
        return '';
    }
    if (typeof value === 'number') {
        return String(value);
    }
    const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
