import { ServerConnection } from '@jupyterlab/services';

import { MlflowPages } from './mlflow';

describe('addresses of MLflow’s pages', () => {
    const pages = new MlflowPages(ServerConnection.makeSettings({ baseUrl: 'http://host/user/me/' }));

    it('are below this server’s base URL', () => {
        expect(pages.first).toBe('http://host/user/me/gristmill/mlflow/');
        expect(pages.run('run_1')).toBe('http://host/user/me/gristmill/runs/run_1/mlflow');
    });

    it('name a version as MLflow does, whatever the model is called', () => {
        expect(pages.version('a model/x', '3')).toBe(
            'http://host/user/me/gristmill/mlflow/#/models/a%20model%2Fx/versions/3'
        );
    });
});
