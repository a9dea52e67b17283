import { Http } from './http';
import type {
    Answered,
    Calls,
    DeployRequest,
    Endpoint,
    EndpointLog,
    ModelVersion,
    RegisteredModel,
    RegisterRequest,
    Traffic,
    TryOut,
    TryOutRequest
} from './wire';

/** What is asked about models and endpoints. API keys stay on the server, but for `callsWithKey`. */
export interface IModelsApi {
    models(): Promise<readonly RegisteredModel[]>;
    model(name: string): Promise<RegisteredModel>;
    version(name: string, version: string): Promise<ModelVersion>;
    register(name: string, request: RegisterRequest): Promise<ModelVersion>;
    beginTryOut(request: TryOutRequest): Promise<TryOut>;
    tryOut(id: string): Promise<TryOut>;
    endTryOut(id: string): Promise<TryOut>;
    endpoints(): Promise<readonly Endpoint[]>;
    endpoint(name: string): Promise<Endpoint>;
    deploy(name: string, request: DeployRequest): Promise<Endpoint>;
    deleteEndpoint(name: string): Promise<Endpoint>;
    traffic(name: string): Promise<Traffic>;
    endpointLog(name: string): Promise<EndpointLog>;
    /** What the endpoint answers to `body`, which is JSON text as it was typed. */
    predict(name: string, body: unknown): Promise<Answered>;
    calls(name: string): Promise<Calls>;
    callsWithKey(name: string): Promise<Calls>;
}

const part = encodeURIComponent;

export class ModelsApi extends Http implements IModelsApi {
    models(): Promise<readonly RegisteredModel[]> {
        return this.json('GET', 'api/models');
    }

    model(name: string): Promise<RegisteredModel> {
        return this.json('GET', `api/models/${part(name)}`);
    }

    version(name: string, version: string): Promise<ModelVersion> {
        return this.json('GET', `api/models/${part(name)}/versions/${part(version)}`);
    }

    register(name: string, request: RegisterRequest): Promise<ModelVersion> {
        return this.json('POST', `api/models/${part(name)}/versions`, request);
    }

    beginTryOut(request: TryOutRequest): Promise<TryOut> {
        return this.json('POST', 'api/try-outs', request);
    }

    tryOut(id: string): Promise<TryOut> {
        return this.json('GET', `api/try-outs/${part(id)}`);
    }

    endTryOut(id: string): Promise<TryOut> {
        return this.json('DELETE', `api/try-outs/${part(id)}`);
    }

    endpoints(): Promise<readonly Endpoint[]> {
        return this.json('GET', 'api/endpoints');
    }

    endpoint(name: string): Promise<Endpoint> {
        return this.json('GET', `api/endpoints/${part(name)}`);
    }

    deploy(name: string, request: DeployRequest): Promise<Endpoint> {
        return this.json('PUT', `api/endpoints/${part(name)}`, request);
    }

    deleteEndpoint(name: string): Promise<Endpoint> {
        return this.json('DELETE', `endpoints/${part(name)}`);
    }

    traffic(name: string): Promise<Traffic> {
        return this.json('GET', `api/endpoints/${part(name)}/traffic`);
    }

    endpointLog(name: string): Promise<EndpointLog> {
        return this.json('GET', `api/endpoints/${part(name)}/log`);
    }

    predict(name: string, body: unknown): Promise<Answered> {
        return this.json('POST', `endpoints/${part(name)}/predict`, body);
    }

    calls(name: string): Promise<Calls> {
        return this.json('GET', `endpoints/${part(name)}/calls`);
    }

    callsWithKey(name: string): Promise<Calls> {
        return this.json('POST', `endpoints/${part(name)}/calls`);
    }
}
