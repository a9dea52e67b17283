import { Http } from './http';

/** Addresses of MLflow’s pages, for the browser itself. */
export interface IMlflowPages {
    readonly first: string;
    /** `run`: id, number or name; it leads on to the page. */
    run(run: string): string;
    version(model: string, version: string): string;
}

export class MlflowPages extends Http implements IMlflowPages {
    get first(): string {
        return this.url('mlflow/');
    }

    run(run: string): string {
        return this.url(`runs/${encodeURIComponent(run)}/mlflow`);
    }

    version(model: string, version: string): string {
        const place = `${encodeURIComponent(model)}/versions/${encodeURIComponent(version)}`;
        return `${this.first}#/models/${place}`;
    }
}
