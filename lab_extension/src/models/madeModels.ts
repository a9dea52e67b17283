import type { Endpoint, ModelVersion, RegisteredModel, Traffic } from '../api/wire';
import type { Connection } from './connection';
import type { Said } from './made';

/** What tests of models and endpoints are made of. */
export function version(said: Partial<ModelVersion> = {}): ModelVersion {
    return {
        project_id: 'default',
        name: 'churn',
        version: '1',
        source: 'models:/m-1',
        artifact_path: '',
        created_at: '2026-03-01T12:00:00Z',
        status: 'READY',
        aliases: [],
        metrics: {},
        flavors: ['python_function', 'sklearn'],
        ...said
    };
}

export function registered(...versions: ModelVersion[]): RegisteredModel {
    return {
        project_id: 'default',
        name: versions[0]?.name ?? 'churn',
        created_at: '2026-03-01T12:00:00Z',
        versions
    };
}

export function endpoint(said: Partial<Endpoint> = {}): Endpoint {
    return {
        id: 'endpoint_1',
        project_id: 'default',
        name: 'churn',
        target: 'dev',
        url: 'http://127.0.0.1:4000',
        port: 4000,
        generation: 1,
        open: false,
        state: 'starting',
        variants: [
            {
                name: 'main',
                model: 'churn',
                version: '1',
                artifact_path: '',
                profile: 'small',
                weight: 100,
                role: 'live'
            }
        ],
        created_by: 'ada',
        created_at: '2026-03-01T12:00:00Z',
        updated_at: '2026-03-01T12:00:00Z',
        ...said
    };
}

export function traffic(second: number, requests: number, said: Partial<Traffic> = {}): Traffic {
    return {
        time: new Date(Date.UTC(2026, 2, 1, 12, 0, second)).toISOString(),
        generation: 1,
        requests,
        refused: 0,
        failed: 0,
        in_flight: 0,
        bounds: [0.001, 0.01],
        counts: [requests, 0, 0],
        callers: [],
        ...said
    };
}

/** What says what a test wants said, in the place of a connection. */
export function asConnection(said: Said): Connection {
    return said as unknown as Connection;
}
