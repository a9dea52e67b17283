import { closeIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { ISavedView } from '../models/tableView';
import type { ITrans } from '../models/translation';
import { Press } from './press';

/** Views with a name: taken, saved, deleted. */
export function SavedViews(props: {
    views: readonly ISavedView[];
    trans: ITrans;
    onTake: (view: ISavedView) => void;
    onSave: (name: string) => void;
    onDelete: (name: string) => void;
}): React.JSX.Element {
    const { views, trans, onTake, onSave, onDelete } = props;
    const [name, setName] = React.useState('');
    return (
        <form
            className="gr-Views"
            onSubmit={event => {
                event.preventDefault();
                if (name.trim()) {
                    onSave(name.trim());
                    setName('');
                }
            }}
        >
            {views.length === 0 ? (
                <p className="gr-dim">{trans.__('A view is a query with its order, group and columns.')}</p>
            ) : null}
            {views.map(view => (
                <div key={view.name} className="gr-Views-one">
                    <button
                        type="button"
                        className="jp-mod-styled jp-mod-minimal"
                        title={view.view.query || trans.__('all runs')}
                        onClick={() => {
                            onTake(view);
                        }}
                    >
                        {view.name}
                    </button>
                    <button
                        type="button"
                        className="jp-mod-styled jp-mod-minimal"
                        aria-label={trans.__('Delete view %1', view.name)}
                        title={trans.__('Delete view %1', view.name)}
                        onClick={() => {
                            onDelete(view.name);
                        }}
                    >
                        <closeIcon.react tag="span" />
                    </button>
                </div>
            ))}
            <div className="gr-Views-save">
                <input
                    className="jp-mod-styled"
                    maxLength={60}
                    placeholder={trans.__('name of this view')}
                    aria-label={trans.__('Name of this view')}
                    value={name}
                    onChange={event => {
                        setName(event.target.value);
                    }}
                />
                <Press type="submit" className="jp-mod-styled" off={!name.trim()}>
                    {views.some(view => view.name === name.trim()) ? trans.__('Replace') : trans.__('Save')}
                </Press>
            </div>
        </form>
    );
}
