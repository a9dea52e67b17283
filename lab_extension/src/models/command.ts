import type { Parameter, RunOrder } from '../api/wire';
import { quoted } from './shell';

/** What `gristmill run -p NAME=…` reads as this value. */
function argument(value: unknown, parameter: Parameter | undefined): string {
    if (value === null) {
        return 'none';
    }
    if (typeof value !== 'string') {
        return JSON.stringify(value);
    }
    const isWord = (parameter?.nullable ?? false) && /^(none|null)$/i.test(value);
    return isWord || (parameter?.type === 'any' && isJson(value)) ? JSON.stringify(value) : value;
}

function isJson(text: string): boolean {
    try {
        JSON.parse(text);
        return true;
    } catch {
        return false;
    }
}

/** The command that makes the same run, typed in the folder that this Lab was started in. */
export function command(order: RunOrder, parameters: readonly Parameter[]): string {
    const known = new Map(parameters.map(one => [one.name, one]));
    const words = ['gristmill', 'run', order.path];
    for (const [name, value] of Object.entries(order.parameters ?? {})) {
        words.push('-p', `${name}=${argument(value, known.get(name))}`);
    }
    const options: readonly (readonly [string, string | null | undefined])[] = [
        ['--profile', order.profile],
        ['--environment', order.environment],
        ['--name', order.name],
        ['--timeout', order.timeout_s ? `${String(order.timeout_s)}s` : null],
        ['--retries', order.retries ? String(order.retries) : null]
    ];
    for (const [option, value] of options) {
        if (value) {
            words.push(option, value);
        }
    }
    for (const [name, value] of Object.entries(order.labels ?? {})) {
        words.push('--label', `${name}=${value}`);
    }
    for (const { name, env } of order.secrets) {
        words.push(...(env ? ['--secret-env', env === name ? name : `${name}=${env}`] : ['--secret', name]));
    }
    if (order.priority) {
        words.push(`--priority=${String(order.priority)}`); // it may begin with a minus
    }
    if (order.post_mortem_s) {
        words.push(`--post-mortem=${String(order.post_mortem_s)}s`);
    }
    if (order.data_roots.length > 0) {
        words.push('--yes');
    }
    return words.map(quoted).join(' ');
}
