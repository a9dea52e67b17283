import type { RunOrder } from '../api/wire';

/** What stands under "More", as it was typed: times are in minutes. */
export interface IMore {
    name: string;
    labels: string;
    timeout: string;
    retries: string;
    priority: string;
    postMortem: string;
}

export const NOTHING: Readonly<IMore> = {
    name: '',
    labels: '',
    timeout: '',
    retries: '0',
    priority: '0',
    postMortem: ''
};

type Sent = Pick<RunOrder, 'name' | 'labels' | 'timeout_s' | 'retries' | 'priority' | 'post_mortem_s'>;

const MINUTE = 60;
const LONGEST = 24 * 60; // minutes that a kernel may be kept
const MOST_RETRIES = 100;
const MOST_PRIORITY = 1000;

/** `a=1, b=two` as labels; null where it is none. */
export function labelsOf(text: string): Record<string, string> | null {
    const labels: Record<string, string> = {};
    for (const part of text.split(',').map(one => one.trim())) {
        const at = part.indexOf('=');
        if (part === '') {
            continue;
        }
        if (at < 1) {
            return null;
        }
        labels[part.slice(0, at).trim()] = part.slice(at + 1).trim();
    }
    return labels;
}

/** The first field whose text cannot be sent; null where all can. */
export function moreFault(more: IMore): keyof IMore | null {
    const fits: Readonly<Record<keyof IMore, boolean>> = {
        name: true,
        labels: labelsOf(more.labels) !== null,
        timeout: more.timeout.trim() === '' || Number(more.timeout) > 0,
        retries: /^\d+$/.test(more.retries.trim()) && Number(more.retries) <= MOST_RETRIES,
        priority: /^-?\d+$/.test(more.priority.trim()) && Math.abs(Number(more.priority)) <= MOST_PRIORITY,
        postMortem:
            more.postMortem.trim() === '' ||
            (Number(more.postMortem) >= 0 && Number(more.postMortem) <= LONGEST)
    };
    return (Object.keys(fits) as (keyof IMore)[]).find(name => !fits[name]) ?? null;
}

export function sentOf(more: IMore): Sent {
    const kept = Number(more.postMortem.trim() || 0);
    return {
        name: more.name.trim() || null,
        labels: labelsOf(more.labels) ?? {},
        timeout_s: more.timeout.trim() ? Number(more.timeout) * MINUTE : null,
        retries: Number(more.retries),
        priority: Number(more.priority),
        post_mortem_s: kept > 0 ? kept * MINUTE : null
    };
}

/** What was sent, as it would be typed; a name is of one run alone. */
export function typedOf(order: RunOrder): IMore {
    const minutes = (seconds: number | null | undefined): string => (seconds ? String(seconds / MINUTE) : '');
    return {
        name: '',
        labels: Object.entries(order.labels ?? {})
            .map(([name, value]) => `${name}=${value}`)
            .join(', '),
        timeout: minutes(order.timeout_s),
        retries: String(order.retries),
        priority: String(order.priority),
        postMortem: minutes(order.post_mortem_s)
    };
}
