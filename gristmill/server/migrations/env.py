"""Alembic's entry: runs on the connection that `gristmill.server.schema` hands over."""

from alembic import context

connection = context.config.attributes["connection"]
# SQLite cannot alter a column in place; batch mode copies the table.
context.configure(connection=connection, render_as_batch=True, transaction_per_migration=True)
with context.begin_transaction():
    context.run_migrations()
