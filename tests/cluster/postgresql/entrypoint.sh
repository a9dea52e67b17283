#!/bin/sh
# As docker.io/library/postgres does it, as far as the chart needs: POSTGRES_USER, POSTGRES_PASSWORD, POSTGRES_DB, PGDATA,
# and /docker-entrypoint-initdb.d/*.sql at the first start.
set -eu
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    printf '%s' "$POSTGRES_PASSWORD" >/tmp/password
    initdb --encoding=UTF8 --locale=C.UTF-8 --username="$POSTGRES_USER" --pwfile=/tmp/password --auth-host=scram-sha-256 --auth-local=trust >/dev/null
    rm /tmp/password
    echo "host all all all scram-sha-256" >>"$PGDATA/pg_hba.conf"
    pg_ctl --wait --options="-c listen_addresses=" start >/dev/null
    createdb --username="$POSTGRES_USER" "$POSTGRES_DB"
    for script in /docker-entrypoint-initdb.d/*.sql; do
        psql --username="$POSTGRES_USER" --dbname="$POSTGRES_DB" --quiet --set=ON_ERROR_STOP=1 --file="$script"
    done
    pg_ctl --wait --mode=fast stop >/dev/null
fi
exec postgres -c listen_addresses='*'
