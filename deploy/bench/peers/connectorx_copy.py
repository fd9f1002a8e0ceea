"""connectorx_copy.py SOURCE TABLE KEY FOLDER: a table in two partitions to Arrow, and from there to a Parquet file."""

import sys

import connectorx
import pyarrow.parquet

source, table, key, folder = sys.argv[1:]
source = source.replace("postgres://", "postgresql://")
query = f"SELECT * FROM public.{table}"
rows = connectorx.read_sql(source, query, return_type="arrow", partition_on=key, partition_num=2)
pyarrow.parquet.write_table(rows, f"{folder}/{table}.parquet")
