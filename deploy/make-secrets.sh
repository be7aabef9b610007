#!/usr/bin/env bash
# Makes the secret files that docker-compose.yml names; what is there already stays. The folder is closed (0700): the
# files in it are readable (0444) because each service runs as a user of its own and sees only the files it was given.
set -euo pipefail
folder="${1:-$(dirname "$0")/secrets}"
install -d -m 0700 "$folder"
cd "$folder"
random() { openssl rand -hex 24; }
keep() { [ -e "$1" ] || { printf '%s' "$2" >"$1" && chmod 0444 "$1"; }; }

for name in airflow_admin_password airflow_database_password airflow_jwt_secret airflow_secret_key \
  court_key_passphrase court_ledger_password court_postgres_password court_redis_password \
  tax_key_passphrase tax_ledger_password tax_postgres_password; do
  keep "$name" "$(random)"
done
keep airflow_fernet_key "$(openssl rand -base64 32 | tr '+/' '-_')"
keep airflow_sql_alchemy_conn "postgresql+psycopg2://airflow:$(cat airflow_database_password)@court-postgres/airflow"
keep airflow_result_backend "db+postgresql://airflow:$(cat airflow_database_password)@court-postgres/airflow"
keep airflow_broker_url "redis://:$(cat court_redis_password)@court-redis:6379/0"
for end in court tax; do
  keep "${end}_ledger_url" "postgresql+psycopg://ledger:$(cat "${end}_ledger_password")@${end}-postgres/ledger"
  keep "${end}_mail_url" "${MAIL_URL:-}"
done
keep court_source_url "${COURT_SOURCE_URL:-}"
[ -s court_source_url ] || echo "Put the URL of the court's case database into $folder/court_source_url" >&2
[ -s court_mail_url ] || echo "No mail: alerts go to the log only, until court_mail_url and tax_mail_url are filled" >&2
