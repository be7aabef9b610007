#!/usr/bin/env bash
# On a new server: one database and one owner for each `<name>_password` secret of `ledger` and `airflow`.
set -euo pipefail
export SECRETS="${SECRETS:-/run/secrets}"
for name in ledger airflow; do
  [ -e "$SECRETS/${name}_password" ] || continue
  NAME="$name" psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname postgres <<'SQL'
\set name `echo "$NAME"`
\set password `cat "$SECRETS/${NAME}_password"`
CREATE ROLE :"name" LOGIN PASSWORD :'password';
CREATE DATABASE :"name" OWNER :"name" TEMPLATE template0 ENCODING 'UTF8';
REVOKE ALL ON DATABASE :"name" FROM PUBLIC;
SQL
done
