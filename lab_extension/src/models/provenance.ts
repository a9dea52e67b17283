import type { RunDetail } from '../api/wire';

/** What a run's worker has seen: of its last attempt. What it did not say is null or empty. */
export interface IWorkerFacts {
    readonly python: string | null;
    readonly interpreter: string | null;
    readonly workerPython: string | null;
    readonly gristmill: string | null;
    readonly packages: readonly string[];
    readonly packagesDigest: string | null;
    readonly host: string | null;
    readonly platform: string | null;
    readonly cpu: string | null;
    readonly cores: number | null;
    readonly memory: number | null;
    readonly gpus: readonly string[];
    readonly data: readonly IDataFacts[];
}

export interface IDataFacts {
    readonly name: string;
    readonly source: string;
    readonly at: string;
    readonly digest: string | null;
    readonly files: number | null;
    readonly size: number | null;
    readonly changed: boolean;
}

/** The worker's own words, read with care: another version may have written them. */
export function workerFacts(detail: RunDetail): IWorkerFacts {
    const worker = of(detail.attempts.at(-1)?.provenance, 'worker');
    const kernel = of(worker, 'kernel');
    const environment = of(worker, 'environment');
    const device = of(worker, 'device');
    return {
        python: text(of(kernel, 'python')),
        interpreter: text(of(kernel, 'interpreter')),
        workerPython: text(of(worker, 'worker_python')),
        gristmill: text(of(worker, 'gristmill')),
        packages: list(of(environment, 'packages')).map(String),
        packagesDigest: text(of(environment, 'digest')),
        host: text(of(device, 'host')),
        platform: text(of(device, 'platform')),
        cpu: text(of(device, 'cpu')),
        cores: count(of(device, 'cores')),
        memory: count(of(device, 'memory')),
        gpus: list(of(device, 'gpus')).flatMap(gpu => text(of(gpu, 'name')) ?? []),
        data: Object.entries(record(of(worker, 'data'))).map(([name, facts]) => ({
            name,
            source: text(of(facts, 'source')) ?? '',
            at: text(of(facts, 'at')) ?? '',
            digest: text(of(facts, 'digest')),
            files: count(of(facts, 'files')),
            size: count(of(facts, 'size')),
            changed: of(facts, 'changed') === true
        }))
    };
}

/** `sha256:1a2b3c4d…` as people compare it: `1a2b3c4d`. */
export function short(digest: string): string {
    return digest.replace(/^sha256:/, '').slice(0, 8);
}

function record(value: unknown): Readonly<Record<string, unknown>> {
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function of(value: unknown, name: string): unknown {
    return record(value)[name];
}

function text(value: unknown): string | null {
    return typeof value === 'string' && value !== '' ? value : null;
}

function count(value: unknown): number | null {
    return typeof value === 'number' ? value : null;
}

function list(value: unknown): readonly unknown[] {
    return Array.isArray(value) ? value : [];
}
