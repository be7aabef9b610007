"""The servers of the tests are what they promise."""

from __future__ import annotations

import psycopg
import pytest
from sqlalchemy import NullPool, create_engine, text

from tests.servers import PostgresServer


def test_a_new_database_is_empty_and_ours(postgres_url: str) -> None:
    with create_engine(postgres_url, poolclass=NullPool).begin() as connection:
        assert connection.scalar(text("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")) == 0
        connection.execute(text("CREATE TABLE t (name text)"))
        assert connection.scalar(text("SHOW server_encoding")) == "UTF8"


def test_a_wrong_password_is_refused(postgres_server: PostgresServer) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(postgres_server.url("postgres", password="wrong").replace("+psycopg", ""))


def test_both_databases_are_given(database_url: str) -> None:
    with create_engine(database_url, poolclass=NullPool).connect() as connection:
        assert connection.scalar(text("SELECT 1")) == 1
