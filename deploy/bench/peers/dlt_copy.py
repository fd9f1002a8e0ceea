"""dlt_copy.py BACKEND postgres|duckdb|parquet SOURCE TABLE TARGET: a table by dlt's own source for SQL databases."""

import sys
import tempfile

import dlt
from dlt.sources.sql_database import sql_table

backend, kind, source, table, target = sys.argv[1:]
source = source.replace("postgres://", "postgresql+psycopg2://")

destination, dataset, file_format = {
    "postgres": lambda: (dlt.destinations.postgres(target.replace("postgres://", "postgresql://")), "public", "csv"),
    "duckdb": lambda: (dlt.destinations.duckdb(target), "main", "parquet"),
    "parquet": lambda: (dlt.destinations.filesystem("file://" + target), "lake", "parquet"),
}[kind]()

options = {"backend_kwargs": {"return_type": "arrow"}} if backend == "connectorx" else {"chunk_size": 50_000}
rows = sql_table(credentials=source, schema="public", table=table, backend=backend, **options)
with tempfile.TemporaryDirectory() as state:
    pipeline = dlt.pipeline("bench", pipelines_dir=state, destination=destination, dataset_name=dataset)
    pipeline.run(rows, write_disposition="replace", loader_file_format=file_format).raise_on_failed_jobs()
