"""Another master key, by command: with the service stopped, and told what to do with the new one."""

from base64 import b64encode
from pathlib import Path

import psycopg
import pytest

from tests.cli.bringing import captured, told, write
from tests.cli.running import Said, environment, lifeledger, line, on, running
from tests.servers import new_home

pytestmark = pytest.mark.slow

NEW = bytes(range(100, 132))


@pytest.fixture
def new(tmp_path: Path) -> Path:
    file = tmp_path / "new.key"
    file.write_bytes(b64encode(NEW) + b"\n")
    return file


@pytest.fixture
def written(database_url: str, tmp_path: Path) -> str:
    file = tmp_path / "history.ndjson"
    named = [
        {**captured(number), "data": {**captured(number)["data"], "name": f"Lin {number}"}} for number in range(20)
    ]
    write(file, *named)
    assert lifeledger("import", file, env=on(database_url)).code == 0
    return database_url


def rotate(url: str, file: Path, *more: str, env: dict[str, str] | None = None) -> Said:
    return lifeledger("keys", "rotate", "--new-key", file, *more, env=env or on(url))


def under(url: str, key: bytes) -> dict[str, str]:
    return on(url) | {"LIFELEDGER_MASTER_KEY": b64encode(key).decode()}


def test_with_the_new_key_all_goes_on_and_with_the_old_one_nothing(written: str, new: Path, tmp_path: Path) -> None:
    before = lifeledger("audit", "checkpoint", "--json", env=on(written)).document
    line_of = lifeledger("audit", "key", env=on(written)).out
    said = rotate(written, new)
    assert said.code == 0, said.err
    assert "20 keys are wrapped by the new master key" in said.out
    assert f"LIFELEDGER_MASTER_KEY_FILE={new}" in said.out
    kept = ("--kept", str(tmp_path / "kept"))
    verified = lifeledger("verify", *kept, env=under(written, NEW))
    assert verified.code == 0, verified.err
    assert lifeledger("audit", "key", env=under(written, NEW)).out == line_of
    assert lifeledger("audit", "checkpoint", "--json", env=under(written, NEW)).document == before
    for command in (("verify", *kept), ("audit", "key"), ("serve", "--port", "0"), ("worker",)):
        refused = lifeledger(*command, env=on(written))
        assert refused.code == 1, command
        assert "was not wrapped by this master key" in refused.err


def test_what_is_imported_again_is_known_again(written: str, new: Path, tmp_path: Path) -> None:
    assert rotate(written, new).code == 0
    again = lifeledger("import", tmp_path / "history.ndjson", "--json", env=under(written, NEW), at=tmp_path)
    assert again.code == 0, again.err
    assert again.document["already_there"] == 20


def test_done_again_it_says_so(written: str, new: Path) -> None:
    assert rotate(written, new, "--json").document["keys"] == 20
    again = rotate(written, new)
    assert (again.code, "already" in again.out) == (0, True)
    same = rotate(written, new, env=under(written, NEW))
    assert (same.code, "is set already" in same.err) == (2, True)


def test_while_the_service_runs_it_is_refused(written: str, new: Path) -> None:
    with running("serve", "--port", "0", "--json", env=on(written)) as process:
        line(process)
        said = rotate(written, new)
    assert (said.code, "stop the service" in said.err) == (1, True)
    with psycopg.connect(written) as connection:
        (root,) = connection.execute("SELECT count(*) FROM ledger.master_key").fetchone() or (0,)
    assert root == 1
    assert lifeledger("audit", "key", env=on(written)).code == 0


@pytest.mark.parametrize("text", ["", "c2hvcnQ=", "no base64!"])
def test_a_file_that_has_no_key_is_told_by_its_name(written: str, tmp_path: Path, text: str) -> None:
    file = tmp_path / "bad.key"
    file.write_text(text)
    said = rotate(written, file)
    assert (said.code, str(file) in said.err) == (2, True)


def test_a_key_file_that_is_lost_is_not_made_anew(tmp_path: Path) -> None:
    with new_home() as home:
        env = environment(LIFELEDGER_HOME=str(home))
        file = tmp_path / "history.ndjson"
        write(file, captured(1), told("ContactLead", 1))
        assert lifeledger("import", file, env=env, at=tmp_path).code == 0
        (home / "master.key").unlink()
        said = lifeledger("audit", "key", env=env)
        assert (said.code, "bring it back" in said.err) == (1, True)
