import type { Fault, Problem } from './wire';

/** What the control plane or this server refused, or that it does not answer: what, why, and what to do. */
export class ProblemError extends Error {
    readonly status: number;
    readonly code: string;
    readonly hint: string | null;
    readonly faults: readonly Fault[];

    constructor(problem: Problem) {
        super(problem.detail);
        this.name = 'ProblemError';
        this.status = problem.status;
        this.code = problem.code;
        this.hint = problem.hint ?? null;
        this.faults = problem.faults;
    }
}

function isProblem(value: unknown): value is Problem {
    return (
        typeof value === 'object' &&
        value !== null &&
        'detail' in value &&
        'code' in value &&
        'faults' in value
    );
}

/** The problem of an answer that is none, whoever gave it. */
export function problemOf(status: number, text: string): ProblemError {
    try {
        const body: unknown = JSON.parse(text);
        if (isProblem(body)) {
            return new ProblemError(body);
        }
        if (
            typeof body === 'object' &&
            body !== null &&
            'message' in body &&
            typeof body.message === 'string'
        ) {
            return madeUp(status, body.message);
        }
    } catch (error) {
        if (!(error instanceof SyntaxError)) {
            throw error;
        }
    }
    return madeUp(status, text.slice(0, 500) || `status ${status}`);
}

/** `code` is `lacking` where the server has no such route: its half of this extension is not enabled. */
function madeUp(status: number, detail: string): ProblemError {
    const code = status === 404 ? 'lacking' : 'http';
    return new ProblemError({ type: 'about:blank', title: '', status, detail, code, faults: [] });
}

/** Nothing was answered. `silent`: this Jupyter server itself does not; `closed`: what it answered broke off. */
export function away(detail: string, code: 'silent' | 'closed'): ProblemError {
    return new ProblemError({
        type: 'about:blank',
        title: '',
        status: 503,
        detail,
        code,
        faults: []
    });
}
