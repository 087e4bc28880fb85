import base64
from pathlib import Path

import pytest
from pydantic import SecretStr

import settings
from settings import Settings, SettingsError

KEY = bytes(range(32))


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in settings.variables().values():
        monkeypatch.delenv(name, raising=False)


def test_nothing_needs_to_be_set() -> None:
    default = Settings.from_environment()
    assert (default.database_url, default.host, default.port) == ("", "127.0.0.1", 8080)
    assert (default.queue, default.cache, default.max_body) == (4096, 100_000, 1024 * 1024)
    assert default.key_file == default.home / "master.key"


def test_home_is_the_system_s_for_root_and_one_s_own_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert settings.default_home() == Path("/var/lib/lifeledger")
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setenv("HOME", "/home/ann")
    monkeypatch.setenv("XDG_DATA_HOME", "")
    assert settings.default_home() == Path("/home/ann/.local/share/lifeledger")
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    assert settings.default_home() == Path("/data/lifeledger")


def test_every_setting_is_a_variable_and_what_is_given_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://ann@db/ledger")
    monkeypatch.setenv("LIFELEDGER_PORT", "9000")
    monkeypatch.setenv("LIFELEDGER_MAX_BODY", "2MiB")
    monkeypatch.setenv("LIFELEDGER_QUEUE", "")
    found = Settings.from_environment(host="10.0.0.1")
    assert (found.database_url, found.port, found.host) == ("postgresql://ann@db/ledger", 9000, "10.0.0.1")
    assert (found.max_body, found.queue) == (2 * 1024 * 1024, 4096)


def test_checkpoints_are_published_where_there_is_a_kafka(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIFELEDGER_KAFKA", "kafka:9092,10.0.0.7:9093")
    assert not Settings.from_environment().publish_checkpoints
    monkeypatch.setenv("LIFELEDGER_PUBLISH_CHECKPOINTS", "on")
    assert Settings.from_environment().publish_checkpoints


def test_how_one_gets_into_kafka_is_set_as_a_whole_or_not_at_all(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pem = tmp_path / "own.pem"
    pem.touch()
    for name, value, wrong in (
        ("LIFELEDGER_KAFKA_TLS", "on", "LIFELEDGER_KAFKA, which is not set"),
        ("LIFELEDGER_KAFKA", "kafka:9093", ""),
        ("LIFELEDGER_KAFKA_CA", f"{tmp_path / 'none.pem'}", "LIFELEDGER_KAFKA_CA: .*there is no file"),
        ("LIFELEDGER_KAFKA_CA", f"{pem}", ""),
        ("LIFELEDGER_KAFKA_CERTIFICATE", f"{pem}", "LIFELEDGER_KAFKA_KEY go together"),
        ("LIFELEDGER_KAFKA_KEY", f"{pem}", ""),
        ("LIFELEDGER_KAFKA_SASL", "SCRAM-SHA-512", "LIFELEDGER_KAFKA_USER and LIFELEDGER_KAFKA_PASSWORD"),
        ("LIFELEDGER_KAFKA_USER", "ann", "LIFELEDGER_KAFKA_USER and LIFELEDGER_KAFKA_PASSWORD"),
        ("LIFELEDGER_KAFKA_PASSWORD", "secret-4711", ""),
        ("LIFELEDGER_KAFKA_TLS", "off", "LIFELEDGER_KAFKA_TLS, which is not on"),
    ):
        monkeypatch.setenv(name, value)
        if wrong:
            with pytest.raises(SettingsError, match=wrong):
                Settings.from_environment()
        else:
            assert "4711" not in repr(Settings.from_environment())


def test_events_are_relayed_where_it_is_said_which(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIFELEDGER_KAFKA", "kafka:9092")
    assert (Settings.from_environment().relay, Settings.from_environment().relay_partitions) == ("", 6)
    monkeypatch.setenv("LIFELEDGER_RELAY", "lead,ticket.opened")
    assert Settings.from_environment().relay == "lead,ticket.opened"


def test_topics_are_taken_in_where_there_is_a_kafka(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIFELEDGER_INBOUND", "shop.orders.v1,hr.staff.v1")
    with pytest.raises(SettingsError, match=r"LIFELEDGER_INBOUND: .* needs LIFELEDGER_KAFKA, which is not set"):
        Settings.from_environment()
    monkeypatch.setenv("LIFELEDGER_KAFKA", "kafka:9092")
    assert Settings.from_environment().inbound == "shop.orders.v1,hr.staff.v1"
    monkeypatch.setenv("LIFELEDGER_INBOUND", "shop orders")
    with pytest.raises(SettingsError, match=r"LIFELEDGER_INBOUND: .* must look like shop.orders.v1"):
        Settings.from_environment()


def test_views_are_folded_from_kafka_where_there_is_one_and_all_is_relayed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings.from_environment().views_from == "ledger"
    monkeypatch.setenv("LIFELEDGER_KAFKA", "kafka:9092")
    monkeypatch.setenv("LIFELEDGER_VIEWS_FROM", "kafka")
    for relayed in ("", "lead"):
        monkeypatch.setenv("LIFELEDGER_RELAY", relayed)
        with pytest.raises(SettingsError, match=r"LIFELEDGER_VIEWS_FROM: .*needs LIFELEDGER_RELAY=all"):
            Settings.from_environment()
    monkeypatch.setenv("LIFELEDGER_RELAY", "all")
    assert Settings.from_environment().views_from == "kafka"


@pytest.mark.parametrize(
    ("name", "value", "because"),
    [
        ("LIFELEDGER_PORT", "http", "integer"),
        ("LIFELEDGER_PORT", "70000", "65535"),
        ("LIFELEDGER_QUEUE", "0", "greater than 0"),
        ("LIFELEDGER_MAX_BODY", "much", "byte"),
        ("DATABASE_URL", "mysql://secret@db/ledger", "postgresql://"),
        ("LIFELEDGER_KAFKA", "kafka", "host:9092"),
        ("LIFELEDGER_KAFKA", "kafka:9092, other:9092", "host:9092"),
        ("LIFELEDGER_KAFKA", "kafka:9092,", "host:9092"),
        ("LIFELEDGER_KAFKA", "http://kafka:9092", "host:9092"),
        ("LIFELEDGER_PUBLISH_CHECKPOINTS", "on", "needs LIFELEDGER_KAFKA"),
        ("LIFELEDGER_RELAY", "all", "needs LIFELEDGER_KAFKA"),
        ("LIFELEDGER_RELAY_PARTITIONS", "0", "greater than or equal to 1"),
        ("LIFELEDGER_VIEWS_FROM", "kafka", "needs LIFELEDGER_KAFKA"),
        ("LIFELEDGER_VIEWS_FROM", "files", "'ledger' or 'kafka'"),
        ("LIFELEDGER_QUEU", "1", "there is no such setting; LIFELEDGER_QUEUE is one"),
    ],
)
def test_what_cannot_be_used_is_named(name: str, value: str, because: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=f"^{name}: .*{because}") as refused:
        Settings.from_environment()
    assert "secret" not in str(refused.value)


def test_the_master_key_comes_from_the_variable_or_the_file(tmp_path: Path) -> None:
    text = base64.b64encode(KEY).decode()
    (tmp_path / "master.key").write_text(text + "\n")
    assert Settings(home=tmp_path).master_key() == KEY
    assert Settings(home=tmp_path / "empty", master_key_file=tmp_path / "master.key").master_key() == KEY
    assert Settings(home=tmp_path / "empty", master_key_text=SecretStr(text)).master_key() == KEY
    assert text not in repr(Settings(master_key_text=SecretStr(text)))


@pytest.mark.parametrize(
    ("text", "because"),
    [(None, "no master key"), ("c2hvcnQ=", "holds 5"), ("@@@", "not base64"), ("\xff", "cannot be read")],
)
def test_a_master_key_that_is_none_is_refused_by_name(tmp_path: Path, text: str | None, because: str) -> None:
    if text is not None:
        (tmp_path / "master.key").write_bytes(text.encode("latin-1"))
    with pytest.raises(SettingsError, match=because) as refused:
        Settings(home=tmp_path).master_key()
    assert "LIFELEDGER_MASTER_KEY_FILE" in str(refused.value)
    assert str(tmp_path / "master.key") in str(refused.value)


def test_a_master_key_in_the_variable_is_refused_by_its_name() -> None:
    with pytest.raises(SettingsError, match="LIFELEDGER_MASTER_KEY must hold 32 bytes in base64, and holds 5"):
        Settings(master_key_text=SecretStr("c2hvcnQ=")).master_key()
