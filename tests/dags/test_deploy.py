"""The deployment as data: what compose reads, what the settings know, and no secret anywhere in it."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from bench.national import DURABLE
from tests.dags.conftest import PROJECT, told
from tests.servers import PostgresServer, postgres_server

__all__ = ["postgres_server"]

DEPLOY = PROJECT / "deploy"
COMPOSE = yaml.safe_load((PROJECT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: Mapping[str, Mapping[str, Any]] = COMPOSE["services"]
SECRET_NAME = re.compile(r"PASSWORD|SECRET|_KEY|TOKEN|CONN|BROKER|RESULT_BACKEND|_URL")
PLAIN_URLS = {"AIRFLOW__API__BASE_URL", "AIRFLOW__CORE__EXECUTION_API_SERVER_URL"}


def variables() -> Iterator[tuple[str, str]]:
    """Every environment variable of the compose file and of the example files, with its value."""
    for service in SERVICES.values():
        yield from service.get("environment", {}).items()
    for path in DEPLOY.glob("*.env.example"):
        for line in path.read_text(encoding="utf-8").splitlines():
            if line and not line.startswith("#"):
                name, _, value = line.partition("=")
                yield name, value


def secrets_of(service: Mapping[str, Any]) -> set[str]:
    return {s if isinstance(s, str) else s["source"] for s in service.get("secrets", [])}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of what compose reads, with the examples filled in as a person would."""
    shutil.copy(PROJECT / "docker-compose.yml", tmp_path)
    shutil.copytree(DEPLOY, tmp_path / "deploy")
    for example in (tmp_path / "deploy").glob("*.example"):
        shutil.copy(example, example.with_suffix(""))
    (tmp_path / "deploy" / "point_authorized_keys").write_text("")
    return tmp_path


def test_a_compose_implementation_reads_it(project: Path):
    podman = project / "bin" / "podman"  # `config` only asks for its version
    podman.parent.mkdir()
    podman.write_text("#!/bin/sh\necho podman version 5.4.2\n")
    podman.chmod(0o755)
    profiles = [f"--profile={name}" for name in ("court", "tax", "celery", "triggerer")]
    done = subprocess.run(
        [sys.executable, "-m", "podman_compose", *profiles, "-f", "docker-compose.yml", "config"],
        cwd=project, env={**os.environ, "PATH": f"{podman.parent}:{os.environ['PATH']}"},
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    read = yaml.safe_load(done.stdout)
    assert read["services"].keys() == SERVICES.keys()
    scheduler = read["services"]["court-scheduler"]
    assert scheduler["environment"]["AIRFLOW__CORE__EXECUTOR"] == "LocalExecutor"
    assert scheduler["env_file"] == ["deploy/court.env"]


def test_every_service_is_watched_bounded_and_pinned():
    for name, service in SERVICES.items():
        assert service["healthcheck"], name
        limits = service["deploy"]["resources"]["limits"]
        assert {"cpus", "memory"} <= limits.keys(), name
        assert re.search(r":\d+\.\d+(\.\d+)?(-[a-z]+)?$", service["image"]), name
        assert service["profiles"], name
        assert "no-new-privileges:true" in service["security_opt"], name
    dockerfile = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    assert re.findall(r"^ARG BASE=(.*)$", dockerfile, re.M) == ["python:3.11.13-slim-bookworm"]
    assert set(re.findall(r"^FROM (\S+)", dockerfile, re.M)) == {"${BASE}"}
    assert re.search(r"pip install --no-cache-dir uv==[\d.]+$", dockerfile, re.M)
    assert "uv sync --frozen" in dockerfile
    assert re.search(r"^USER exchange$", dockerfile, re.M)


def test_the_image_has_the_version_of_the_package():
    version = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    ours = {s["image"] for s in SERVICES.values() if s["image"].startswith("court-tax-exchange")}
    assert {image.rpartition(":")[2] for image in ours} == {version}


def test_the_two_ends_share_nothing_but_the_point():
    ends = {end: {n: s for n, s in SERVICES.items() if n.startswith(f"{end}-")} for end in ("court", "tax")}
    networks = {end: {net for s in of.values() for net in s["networks"]} for end, of in ends.items()}
    assert networks["court"] & networks["tax"] == set()
    assert {n for n, s in SERVICES.items() if "point" in s["networks"]} == {
        "point", "court-scheduler", "court-worker", "court-console",
    }  # fmt: skip
    volumes = {end: {v.partition(":")[0] for s in of.values() for v in s.get("volumes", []) if not v.startswith(".")}
               for end, of in ends.items()}  # fmt: skip
    assert volumes["court"] & volumes["tax"] == set()
    secrets = {end: {x for s in of.values() for x in secrets_of(s)} for end, of in ends.items()}
    assert secrets["court"] & secrets["tax"] == set()
    for network in ("court", "tax", "point"):
        assert COMPOSE["networks"][network]["internal"] is True
    assert {p.partition(":")[0] for s in SERVICES.values() for p in s.get("ports", [])} == {"127.0.0.1"}


def test_every_exchange_variable_is_a_setting():
    from exchange.settings import Settings

    given = {name.removeprefix("EXCHANGE_").lower() for name, _ in variables() if name.startswith("EXCHANGE_")}
    targets = [s["target"] for service in SERVICES.values() for s in service.get("secrets", []) if isinstance(s, dict)]
    given |= {target.removeprefix("exchange_") for target in targets if target.startswith("exchange_")}
    assert given
    assert given <= Settings.model_fields.keys()


@pytest.mark.airflow
def test_every_airflow_variable_is_one_airflow_knows(airflow_home: Path):
    from airflow.configuration import conf
    from airflow.providers.celery.get_provider_info import get_provider_info

    known = {**conf.configuration_description, **get_provider_info()["config"]}
    for name in {name for name, _ in variables() if name.startswith("AIRFLOW__")}:
        section, option = name.removeprefix("AIRFLOW__").lower().split("__")
        if option.endswith("_cmd"):
            option = option.removesuffix("_cmd")
            assert option in known[section]["options"], name
            assert known[section]["options"][option].get("sensitive"), f"{name}: Airflow runs no command for it"
        assert option in known[section]["options"], name


def test_no_secret_is_written_down():
    for name, value in variables():
        if SECRET_NAME.search(name) and name not in PLAIN_URLS:
            assert re.fullmatch(r"(cat )?/run/secrets/[a-z_]+", value), name
            assert name.endswith(("_CMD", "_FILE")), name
    for path in [PROJECT / "docker-compose.yml", *(p for p in DEPLOY.rglob("*") if p.is_file())]:
        for found in re.findall(r"://[^\s/@:]*:([^\s/@]+)@", path.read_text(encoding="utf-8")):
            assert found.startswith("$("), f"{path.name} holds a password"


def test_no_secret_is_an_argument_of_a_command():
    """Arguments stand in the list of processes: secrets go by standard input or by file."""
    for name, service in SERVICES.items():
        words = " ".join(map(str, service.get("command", [])))
        assert not re.search(r"--?\S*pass\S*[ =]", words, re.IGNORECASE), name
    for script in DEPLOY.rglob("*.sh"):
        for line in script.read_text(encoding="utf-8").splitlines():
            told = line.replace("--password '*'", "")  # no password at all: the account is locked
            assert not re.search(r"(--password|--requirepass|PGPASSWORD=)", told), f"{script.name}: {line}"


def test_every_secret_is_a_file_that_the_script_makes_once(tmp_path: Path):
    folder = tmp_path / "secrets"
    wanted = {Path(s["file"]).name for s in COMPOSE["secrets"].values()}
    assert {Path(s["file"]).parent for s in COMPOSE["secrets"].values()} == {Path("deploy/secrets")}
    assert {s for service in SERVICES.values() for s in secrets_of(service)} == set(COMPOSE["secrets"])
    make = [DEPLOY / "make-secrets.sh", folder]
    subprocess.run(make, check=True, capture_output=True, timeout=60)
    first = {p.name: p.read_text() for p in folder.iterdir()}
    assert first.keys() == wanted
    assert {name for name, text in first.items() if not text} == {"court_source_url", "court_mail_url", "tax_mail_url"}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    subprocess.run(make, check=True, capture_output=True, timeout=60)
    assert {p.name: p.read_text() for p in folder.iterdir()} == first


def test_the_examples_are_settings_the_product_reads(project: Path):
    from exchange.settings import read_settings

    subprocess.run([DEPLOY / "make-secrets.sh", project / "made"], check=True, capture_output=True, timeout=60)
    for end, counterpart in (("court", "tax-131100"), ("tax", "court-131100")):
        home, secrets = project / f"{end}-home", project / f"{end}-secrets"
        home.mkdir()
        secrets.mkdir()
        shutil.copy(DEPLOY / f"{end}.toml.example", home / "exchange.toml")
        service = SERVICES["court-scheduler" if end == "court" else "tax-sweep"]
        for secret in service["secrets"]:
            if isinstance(secret, dict):
                shutil.copy(project / "made" / secret["source"], secrets / secret["target"])
        with told({"EXCHANGE_SECRETS_DIR": str(secrets), "EXCHANGE_PARTY": f"{end}-131100"}):
            settings = read_settings(home=home)
        assert settings.ledger.startswith("postgresql+psycopg://ledger:")
        assert settings.channels.keys() == {counterpart}


@pytest.mark.skipif(not Path("/usr/sbin/sshd").exists(), reason="needs openssh-server")
def test_the_point_lets_its_sender_do_nothing_but_sftp(tmp_path: Path):
    key = tmp_path / "host"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True, timeout=30)
    done = subprocess.run(
        ["/usr/sbin/sshd", "-T", "-f", DEPLOY / "sshd_config", "-h", key],
        capture_output=True, text=True, check=True, timeout=30,
    )  # fmt: skip
    told_by_sshd = dict(line.partition(" ")[::2] for line in done.stdout.splitlines())
    assert told_by_sshd["passwordauthentication"] == told_by_sshd["permitrootlogin"] == "no"
    assert told_by_sshd["disableforwarding"] == "yes"
    assert told_by_sshd["chrootdirectory"] == "/srv/point"
    assert told_by_sshd["forcecommand"].startswith("internal-sftp")
    assert "cbc" not in told_by_sshd["ciphers"]
    assert "sha1" not in told_by_sshd["kexalgorithms"]


def test_the_first_start_of_postgresql_makes_each_owner_and_database(postgres_server: PostgresServer, tmp_path: Path):
    (tmp_path / "ledger_password").write_text("it's a password")
    environment = {**os.environ, "SECRETS": str(tmp_path), "PGHOST": str(postgres_server.folder),
                   "PGPORT": str(postgres_server.port)}  # fmt: skip
    script = DEPLOY / "postgres" / "10-roles.sh"
    try:
        subprocess.run([script], env=environment, check=True, capture_output=True, timeout=60)
        url = f"host=127.0.0.1 port={postgres_server.port} dbname=ledger user=ledger"
        with psycopg.connect(url, password="it's a password") as connection:
            connection.execute("CREATE TABLE events (seq bigint)")
    finally:
        postgres_server.drop_database("ledger")
        with psycopg.connect(postgres_server.conninfo(), autocommit=True) as admin:
            admin.execute("DROP ROLE IF EXISTS ledger")


def test_postgresql_is_told_what_the_bench_measures_with():
    servers = [service["command"] for name, service in SERVICES.items() if name.endswith("-postgres")]
    assert len(servers) == 2
    for program, *options in servers:
        assert program == "postgres"
        told_by = dict(option.split("=") for option in options[1::2])
        assert {f"{name} = '{value}'" for name, value in told_by.items()} <= set(DURABLE)
