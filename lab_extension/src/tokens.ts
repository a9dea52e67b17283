import { Token } from '@lumino/coreutils';

import type { IApi } from './api/client';
import type { IRunApi } from './api/runs';
import type { Run } from './api/wire';
import type { IMlflowPages as IPages } from './api/mlflow';
import type { IModelsApi } from './api/models';
import type { Connection } from './models/connection';
import type { Endpoints } from './models/endpoints';
import type { Registry } from './models/registry';
import type { RunForm } from './models/runForm';
import type { Runs } from './models/runs';
import type { ISource } from './models/source';
import type { SavedViews } from './models/savedViews';
import type { TrafficWatch } from './models/traffic';

/** How this page reaches the control plane: questions, and the one stream of what happens. */
export interface IControlPlane {
    readonly api: IApi;
    /** What is asked about one run: its files, its kernel, what it used. */
    readonly runApi: IRunApi;
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

/** Forms of notebooks' runs. */
export interface IRunForms {
    /** A form of this notebook, loaded, that nobody sees yet; it belongs to who made it. */
    make(path: string): Promise<RunForm>;
    /** Shows the form of this notebook; with what another one was refused with, to be put right. */
    open(path: string, refused?: RunForm): Promise<void>;
    /** Tells what was done otherwise with a new run than one may expect, and shows the run in lists at once. */
    launched(run: Run, notices: readonly string[]): void;
}

export const IRunForms = new Token<IRunForms>('gristmill-lab:IRunForms', 'Forms of notebooks’ runs.');

export type ISavedViews = SavedViews;

export const ISavedViews = new Token<ISavedViews>(
    'gristmill-lab:ISavedViews',
    'Views of runs that were saved, and which way of a metric is better.'
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

export type IMlflowPages = IPages;

export const IMlflowPages = new Token<IMlflowPages>(
    'gristmill-lab:IMlflowPages',
    'Addresses of MLflow’s pages below this server’s.'
);
