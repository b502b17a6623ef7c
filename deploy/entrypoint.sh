#!/bin/sh
# What the containers run: the program, with the password of the database where it looks for it; and `migrate`.
set -eu
# A secret is a file, and libpq reads a password from no file that others may read: so it goes into its variable.
secret=/run/secrets/database_password
if [ -z "${PGPASSWORD:-}" ] && [ -r "$secret" ]; then
    PGPASSWORD=$(cat "$secret")
    export PGPASSWORD
fi
if [ "${1:-}" = migrate ]; then
    # It writes commented files as well, which nobody needs here.
    wirewatch init /tmp/defaults
    # Refused where there is no queue, or one of another version.
    wirewatch jobs --dead > /dev/null 2>&1 || wirewatch db requeue
    exit 0
fi
exec wirewatch "$@"
