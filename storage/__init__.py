"""The database: feeds, entries, articles, stories, matches; on SQLite by SQLAlchemy Core.

`store.Store` is what the steps and the daemon write to, `listings.Listings` and `search.Search` what the
commands read from, `migrate` brings a file to the present schema. `errors` says what can go wrong.
"""
