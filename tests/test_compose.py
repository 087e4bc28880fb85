"""The composed system, as far as it can be judged without starting it."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from settings import variables
from tests.broker import RELEASE

ROOT = Path(__file__).parent.parent
COMPOSE: Mapping[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: Mapping[str, Mapping[str, Any]] = COMPOSE["services"]
CONDITIONS = {"service_started", "service_healthy", "service_completed_successfully"}
KNOWN = {
    "build", "cap_drop", "command", "depends_on", "entrypoint", "environment", "healthcheck", "image", "init",
    "ports", "read_only", "restart", "security_opt", "shm_size", "stop_grace_period", "tmpfs", "volumes",
}  # fmt: skip
every_service = pytest.mark.parametrize("name", SERVICES)


def ends(service: Mapping[str, Any]) -> bool:
    """A service that does one thing and is not to be started again."""
    return service.get("restart") == "no"


def waited_for() -> set[tuple[str, str]]:
    waits = (service.get("depends_on", {}) for service in SERVICES.values())
    return {(name, wait["condition"]) for needs in waits for name, wait in needs.items()}


def test_it_is_the_system_of_the_architecture() -> None:
    assert set(COMPOSE) == {"name", "x-service", "services", "volumes"}
    assert set(SERVICES) == {"postgres", "kafka", "migrate", "api", "worker"}
    assert SERVICES["postgres"]["image"].startswith("postgres:18")
    assert SERVICES["kafka"]["image"] == f"apache/kafka:{RELEASE}", "it is the one that the specs run against"


@every_service
def test_nothing_is_misspelt(name: str) -> None:
    assert set(SERVICES[name]) <= KNOWN
    check = SERVICES[name]["healthcheck"]
    assert set(check) <= {"test", "interval", "timeout", "retries", "start_period", "disable"}
    environment = SERVICES[name]["environment"]
    assert all(isinstance(value, str | int) and not isinstance(value, bool) for value in environment.values())
    assert all(re.fullmatch(r"[A-Z][A-Z0-9_]*", variable) for variable in environment)


@every_service
def test_an_image_is_pinned(name: str) -> None:
    _, _, tag = SERVICES[name]["image"].partition(":")
    assert re.match(r"\d", tag), f"{name} runs whatever is latest"


@every_service
def test_who_stays_is_asked_after_and_started_again(name: str) -> None:
    service = SERVICES[name]
    if ends(service):
        assert service["healthcheck"] == {"disable": True}
    else:
        assert service["restart"] == "unless-stopped"
        assert service["healthcheck"]["test"][0] == "CMD"
        assert service["healthcheck"].keys() >= {"interval", "timeout", "retries"}


def test_who_waits_waits_for_what_can_come() -> None:
    for name, condition in waited_for():
        assert condition in CONDITIONS
        assert ends(SERVICES[name]) == (condition == "service_completed_successfully")
    assert {name for name, _ in waited_for()} == {"postgres", "kafka", "migrate"}


def test_data_is_on_declared_volumes_and_files_are_there() -> None:
    mounted = [mount.split(":") for service in SERVICES.values() for mount in service.get("volumes", [])]
    assert {source for source, *_ in mounted if not source.startswith(".")} == set(COMPOSE["volumes"])
    for source, _, *mode in mounted:
        if source.startswith("."):
            assert (ROOT / source).is_file()
            assert mode == ["ro"]
    assert {name for name, service in SERVICES.items() if "volumes" in service} == {"postgres", "kafka"}


def test_only_the_api_is_published_and_only_on_loopback() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published == {"api": ["127.0.0.1:8080:8080"]}
    assert {"--insecure-headers", "--host"} <= set(SERVICES["api"]["command"])


def test_the_service_knows_what_is_set_for_it() -> None:
    for name in ("migrate", "api", "worker"):
        assert set(SERVICES[name]["environment"]) <= set(variables().values())
    assert SERVICES["worker"]["environment"]["LIFELEDGER_KAFKA"] == "kafka:9092"


def test_no_secret_is_written_down() -> None:
    secrets = ("PASSWORD", "MASTER_KEY", "DATABASE_URL")
    for service in SERVICES.values():
        for variable, value in service["environment"].items():
            if variable.endswith(secrets):
                assert re.search(r"\$\{[A-Z_]+:\?", value), variable


def test_the_service_is_neither_superuser_nor_past_row_level_security() -> None:
    for name in ("migrate", "api", "worker"):
        service = SERVICES[name]
        assert service["environment"]["DATABASE_URL"].startswith("postgresql://lifeledger:")
        assert not any(variable.startswith("POSTGRES_") for variable in service["environment"])
        assert service["cap_drop"] == ["ALL"]
    script = ROOT / "deploy" / "postgres" / "role.sh"
    assert os.access(script, os.X_OK)
    assert re.search(r"CREATE ROLE lifeledger LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB", script.read_text())
    assert "\nUSER lifeledger\n" in (ROOT / "Dockerfile").read_text()


def test_what_is_not_built_from_here_is_built_for_all_alike() -> None:
    ours = {name: service["image"] for name, service in SERVICES.items() if "build" in service}
    assert set(ours) == {"migrate", "api", "worker"}
    assert len(set(ours.values())) == 1
