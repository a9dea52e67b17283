import { Token } from '@lumino/coreutils';

import type { IApi } from './api/client';
import type { IModelsApi } from './api/models';
import type { Connection } from './models/connection';
import type { Endpoints } from './models/endpoints';
import type { Registry } from './models/registry';
import type { ISource } from './models/runForm';
import type { Runs } from './models/runs';
import type { TrafficWatch } from './models/traffic';

/** How this page reaches the control plane: questions, and the one stream of what happens. */
export interface IControlPlane {
    readonly api: IApi;
    readonly connection: Connection;
}

export const IControlPlane = new Token<IControlPlane>(
    'gristmill-lab:IControlPlane',
    'Questions to Gristmill’s control plane, and what happens there as it happens.'
);

export type IRuns = Runs;

export const IRuns = new Token<IRuns>('gristmill-lab:IRuns', 'The runs of this project, as they are now.');

/** Notebooks as runs are made of them: what the editor shows, saved, with what was last run. */
export interface INotebooks {
    source(path: string): ISource;
    /** The run that was last made of this notebook from here. */
    lastRun(path: string): Promise<string | null>;
}

export const INotebooks = new Token<INotebooks>(
    'gristmill-lab:INotebooks',
    'Notebooks of this Lab, as runs are made of them.'
);

/** Registered models and endpoints, as they are now. */
export interface IModels {
    readonly api: IModelsApi;
    readonly registry: Registry;
    readonly endpoints: Endpoints;
    readonly traffic: TrafficWatch;
}

export const IModels = new Token<IModels>(
    'gristmill-lab:IModels',
    'The registered models and the endpoints of this project, as they are now.'
);
