"""How Alembic reaches our tables: over the connection it is handed."""

from alembic import context

from vigilar.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    # The caller's transaction holds the whole upgrade: a crash leaves the old tables.
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
