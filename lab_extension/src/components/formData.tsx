import * as React from 'react';

import type { DataOffer, Fault } from '../api/wire';
import { size } from '../models/quantities';
import { sentence } from './common';
import type { IPartProps } from './formParts';

const DATA = 'data:';

/** What the notebook reads and is too large to travel with it, or ignored: a data root by one click. */
export function Data({ form, trans }: IPartProps): React.JSX.Element | null {
    const offers = form.outlook.found?.data ?? [];
    if (offers.length === 0) {
        return null;
    }
    return (
        <>
            <h2>{trans.__('Data')}</h2>
            {offers.map(offer => (
                <Offer key={offer.at} form={form} trans={trans} offer={offer} />
            ))}
        </>
    );
}

function Offer({ form, trans, offer }: IPartProps & { offer: DataOffer }): React.JSX.Element {
    const place = offer.folder ? `${offer.at}/` : offer.at;
    const said = offer.certain
        ? trans.__(
              '%1 (%2) is read by this notebook, and the run would lack it.',
              offer.files,
              size(offer.size)
          )
        : trans.__(
              '%1 (%2) is named by this notebook, and the run would lack it.',
              offer.files,
              size(offer.size)
          );
    const wanted = form.choices.isDataRoot(offer.at);
    return (
        <div className={wanted ? 'gr-Offer' : 'gr-Offer gr-Warning'}>
            <span>
                {wanted
                    ? trans.__(
                          '%1 (%2) becomes a data root: runs read it where it is.',
                          place,
                          size(offer.size)
                      )
                    : said}
            </span>
            <button
                type="button"
                className="jp-mod-styled"
                onClick={() => {
                    form.makeDataRoot(offer.at, !wanted);
                }}
            >
                {wanted ? trans.__('Leave it out') : trans.__('Use %1 as a data root', place)}
            </button>
        </div>
    );
}

/** Faults that belong to no field, each with what cures it. */
export function Others(
    props: IPartProps & { faults: readonly Fault[]; onDataRoot: (place: string) => void }
): React.JSX.Element {
    const { faults, trans, onDataRoot } = props;
    return (
        <ul>
            {faults.map(fault => (
                <li key={`${fault.where} ${fault.message}`}>
                    {sentence(fault.message)}{' '}
                    {fault.hint ? <span className="gr-hint">{sentence(fault.hint)}</span> : null}
                    {fault.where.startsWith(DATA) ? (
                        <button
                            type="button"
                            className="jp-mod-styled"
                            onClick={() => {
                                onDataRoot(fault.where.slice(DATA.length));
                            }}
                        >
                            {trans.__('Use %1 as a data root and run', fault.where.slice(DATA.length))}
                        </button>
                    ) : null}
                </li>
            ))}
        </ul>
    );
}
