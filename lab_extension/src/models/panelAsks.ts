import type { ITrans } from './translation';

/** What a kernel's panel asks this page to do, with the rights of who looks at it. */
export interface IAsk {
    readonly id: string;
    readonly method: string;
    readonly path: string;
    readonly body?: unknown;
}

/** An ask as it will be done. `consent` is what a person has to agree to; null: it only looks. */
export interface IPlan {
    readonly method: string;
    readonly path: string;
    readonly body?: unknown;
    readonly consent: IConsent | null;
}

export interface IConsent {
    /** What will be done, in words that are made here: a kernel has none of its own in it. */
    readonly what: string;
    readonly details: readonly string[];
    readonly button: string;
    readonly destroys: boolean;
}

type Words = Omit<IConsent, 'destroys' | 'details'> & Partial<IConsent>;
type Say = (parts: readonly string[], body: Body, trans: ITrans) => Words;
type Body = Readonly<Record<string, unknown>>;

const PART = '((?:(?!%2[fF])[^/?])+)';

/** All that panels look at. What is not here is not asked, whatever this server would forward. */
const LOOKS: readonly RegExp[] = [
    'api/profiles',
    'api/environments',
    'api/runs',
    `api/runs/${PART}`,
    `api/runs/${PART}/history`,
    `api/models/${PART}`,
    `api/models/${PART}/versions/${PART}`,
    'api/endpoints',
    `api/endpoints/${PART}`,
    `api/endpoints/${PART}/traffic`
].map(whole);

const ACTS: readonly { method: string; path: RegExp; say: Say }[] = [
    {
        method: 'POST',
        path: whole('launch'),
        say: (_, body, trans) => ({
            what: trans.__('Run %1', text(body.path)),
            button: trans.__('Run'),
            details: [
                ...listed(trans.__('with'), entries(body.parameters)),
                ...listed(trans.__('on the profile'), body.profile ? [text(body.profile)] : []),
                ...listed(trans.__('in the environment'), body.environment ? [text(body.environment)] : []),
                ...listed(trans.__('called'), body.name ? [text(body.name)] : []),
                ...listed(trans.__('with the labels'), entries(body.labels)),
                ...listed(trans.__('ended after the seconds'), body.timeout_s ? [text(body.timeout_s)] : []),
                ...listed(trans.__('tried again, if it fails:'), body.retries ? [text(body.retries)] : []),
                ...listed(trans.__('which may read the secrets'), texts(body.secrets)),
                ...listed(trans.__('from now on with the data'), texts(body.data_roots))
            ]
        })
    },
    {
        method: 'POST',
        path: whole(`api/runs/${PART}/cancel`),
        say: ([run], _, trans) => ({
            what: trans.__('Cancel the run %1', run ?? ''),
            button: trans.__('Cancel the run')
        })
    },
    {
        method: 'POST',
        path: whole(`api/runs/${PART}/rerun`),
        say: ([run], _, trans) => ({
            what: trans.__('Run %1 again', run ?? ''),
            button: trans.__('Run again')
        })
    },
    {
        method: 'DELETE',
        path: whole(`api/runs/${PART}`),
        say: ([run], _, trans) => ({
            what: trans.__('Delete the run %1 with all that is kept of it', run ?? ''),
            button: trans.__('Delete'),
            destroys: true
        })
    },
    {
        method: 'POST',
        path: whole(`api/models/${PART}/versions`),
        say: ([model], body, trans) => ({
            what: trans.__('Register a version of %1', model ?? ''),
            button: trans.__('Register'),
            details: [trans.__('of the run %1', text(body.run))]
        })
    },
    {
        method: 'PUT',
        path: whole(`api/endpoints/${PART}`),
        say: ([endpoint], body, trans) => ({
            what: trans.__('Deploy %1/%2', text(body.model), text(body.version)),
            button: trans.__('Deploy'),
            details: [
                trans.__('to the endpoint %1, in place of what it serves', endpoint ?? ''),
                ...(body.open === true ? [trans.__('open: without an API key')] : [])
            ]
        })
    },
    {
        method: 'DELETE',
        path: whole(`endpoints/${PART}`),
        say: ([endpoint], _, trans) => ({
            what: trans.__('Delete the endpoint %1', endpoint ?? ''),
            button: trans.__('Delete'),
            destroys: true
        })
    },
    {
        method: 'POST',
        path: whole(`endpoints/${PART}/predict`),
        say: ([endpoint], body, trans) => ({
            what: trans.__('Ask the endpoint %1 with your key', endpoint ?? ''),
            button: trans.__('Ask'),
            details: [JSON.stringify(body).slice(0, 500)]
        })
    }
];

/**
 * How this ask is done from a notebook at `notebook`; null where it is none that panels make. A kernel names
 * notebooks as seen from its own, and none outside of this server's folder.
 */
export function planOf(ask: IAsk, notebook: string, trans: ITrans): IPlan | null {
    const [path = '', query] = ask.path.split('?', 2);
    if (isAway(path)) {
        return null;
    }
    if (ask.method === 'GET') {
        return LOOKS.some(one => one.test(path)) ? { method: 'GET', path: ask.path, consent: null } : null;
    }
    const act = ACTS.find(one => one.method === ask.method && one.path.test(path));
    const body = path === 'launch' ? placed(ask.body, notebook) : (ask.body ?? {});
    if (!act || query !== undefined || !isBody(body)) {
        return null;
    }
    const parts = (act.path.exec(path) ?? []).slice(1).map(decodeURIComponent);
    const consent = { details: [], destroys: false, ...act.say(parts, body, trans) };
    const sent = ask.body === undefined ? {} : { body };
    return { method: ask.method, path, consent, ...sent };
}

/** The order of a run with its notebook as this server calls it. */
function placed(body: unknown, notebook: string): Body | null {
    if (!isBody(body) || typeof body.path !== 'string' || body.path.startsWith('/')) {
        return null;
    }
    const parts = notebook.split('/').slice(0, -1);
    for (const part of body.path.split('/')) {
        if (part === '..' && parts.pop() === undefined) {
            return null;
        }
        if (!['', '.', '..'].includes(part)) {
            parts.push(part);
        }
    }
    return { ...body, path: parts.join('/') };
}

function isAway(path: string): boolean {
    try {
        return decodeURIComponent(path)
            .split('/')
            .some(part => ['', '.', '..'].includes(part));
    } catch {
        return true; // it is no text
    }
}

function isBody(value: unknown): value is Body {
    return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function whole(path: string): RegExp {
    return new RegExp(`^${path}$`);
}

function text(value: unknown): string {
    return typeof value === 'string' ? value : JSON.stringify(value ?? null);
}

function texts(value: unknown): readonly string[] {
    return Array.isArray(value) ? value.map(text) : [];
}

function entries(value: unknown): readonly string[] {
    return isBody(value) ? Object.entries(value).map(([name, one]) => `${name} = ${text(one)}`) : [];
}

function listed(head: string, items: readonly string[]): readonly string[] {
    return items.length > 0 ? [`${head} ${items.join(', ')}`] : [];
}
