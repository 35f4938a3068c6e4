"""The transactional side: inbox, effects, exceptions, validations, mapping versions. Knows SQLAlchemy, not Dagster and not HTTP."""
