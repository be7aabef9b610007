#!/usr/bin/env bash
# Makes or migrates Airflow's database and its first administrator. Again is safe.
set -euo pipefail
airflow db migrate
password="$(cat /run/secrets/airflow_admin_password)"
# Asked for twice on standard input: an argument would stand in the list of processes.
printf '%s\n%s\n' "$password" "$password" |
  airflow users create --role Admin --username "${AIRFLOW_ADMIN:-admin}" --firstname Airflow --lastname Admin \
    --email "${AIRFLOW_ADMIN_MAIL:-admin@localhost}"
