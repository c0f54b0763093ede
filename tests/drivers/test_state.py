"""The state directory and the secrets in it: one gateway at a time, nothing readable by others, no secret on
the disk.
"""

import hashlib
import json
import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.drivers.device_secrets import ALPHABET, ensure_secrets, reset_secret
from gateway.drivers.state_directory import StateDirectory, StateError, default_state, socket_address


def test_the_default_place_follows_xdg(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert default_state() == tmp_path / "cityline"
    monkeypatch.setenv("XDG_STATE_HOME", "relative/is/invalid")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_state() == tmp_path / ".local/state/cityline"


def test_only_one_gateway_holds_it_and_the_other_is_told_who(tmp_path):
    state = StateDirectory(tmp_path / "state")
    with state.locked(), pytest.raises(StateError, match=rf"another Cityline \(process {os.getpid()}\)"):
        StateDirectory(tmp_path / "state").locked().__enter__()
    with state.locked():
        assert (tmp_path / "state").stat().st_mode & 0o777 == 0o700


def test_a_killed_holder_leaves_no_lock_behind(tmp_path):
    code = (
        "import sys, pathlib, time\n"
        "from gateway.drivers.state_directory import StateDirectory\n"
        "with StateDirectory(pathlib.Path(sys.argv[1])).locked():\n"
        "    print('held', flush=True); time.sleep(60)\n"
    )
    child = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE)
    assert child.stdout is not None
    assert child.stdout.readline() == b"held\n"
    with pytest.raises(StateError, match=rf"process {child.pid}"):
        StateDirectory(tmp_path).locked().__enter__()
    child.kill()
    child.wait()
    child.stdout.close()
    with StateDirectory(tmp_path).locked():
        assert (tmp_path / "lock").read_text() == f"{os.getpid()}\n"


def test_a_place_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StateError, match="choose another place with --state"):
        StateDirectory(tmp_path / "file" / "state").prepare()


def test_a_socket_address_fits_however_deep_the_directory_is(tmp_path):
    with socket_address(tmp_path / "control") as address:
        assert address == str(tmp_path / "control") or len(str(tmp_path)) > 90
    deep = tmp_path.joinpath(*["a-directory-with-a-long-name"] * 6)
    deep.mkdir(parents=True)
    with socket_address(deep / "control") as address:
        assert len(address) < 100
        assert os.path.realpath(os.path.dirname(address)) == str(deep)


# --- secrets ------------------------------------------------------------------------------------------------


def test_each_telephone_gets_a_secret_once_and_the_file_holds_only_digests(tmp_path):
    path = tmp_path / "state" / "secrets.json"
    first = ensure_secrets(path, "cityline", ["201", "202"])
    assert set(first.fresh) == {"201", "202"}
    assert all(set(secret) <= set(ALPHABET) and len(secret) == 16 for secret in first.fresh.values())
    assert path.stat().st_mode & 0o777 == 0o600
    for secret in first.fresh.values():
        assert secret not in path.read_text()
    second = ensure_secrets(path, "cityline", ["201", "202"])
    assert second.accounts == first.accounts
    assert second.fresh == {}


def test_the_digest_is_that_of_rfc_7616(tmp_path):
    made = ensure_secrets(tmp_path / "secrets.json", "cityline", ["201"])
    text = f"201:cityline:{made.fresh['201']}".encode()
    (account,) = made.accounts
    assert account.ha1_md5 == hashlib.md5(text).hexdigest()
    assert account.ha1_sha256 == hashlib.sha256(text).hexdigest()


def test_a_new_extension_gets_one_beside_the_old_and_a_removed_one_keeps_its_own(tmp_path):
    path = tmp_path / "secrets.json"
    before = ensure_secrets(path, "cityline", ["201", "202"])
    after = ensure_secrets(path, "cityline", ["202", "203"])
    assert list(after.fresh) == ["203"]
    assert ensure_secrets(path, "cityline", ["201"]).accounts == before.accounts[:1]


def test_secrets_of_the_configuration_are_used_and_not_stored(tmp_path):
    path = tmp_path / "secrets.json"
    made = ensure_secrets(path, "cityline", ["201"], {"201": "letmein"})
    assert made.fresh == {}
    assert made.accounts[0].ha1_md5 == hashlib.md5(b"201:cityline:letmein").hexdigest()
    assert not path.exists()


def test_another_realm_makes_new_secrets(tmp_path):
    path = tmp_path / "secrets.json"
    ensure_secrets(path, "cityline", ["201"])
    assert set(ensure_secrets(path, "office", ["201"]).fresh) == {"201"}


def test_reset_replaces_one_secret_and_no_other(tmp_path):
    path = tmp_path / "secrets.json"
    before = ensure_secrets(path, "cityline", ["201", "202"]).accounts
    secret = reset_secret(path, "cityline", "201")
    after = ensure_secrets(path, "cityline", ["201", "202"]).accounts
    assert after[0].ha1_md5 == hashlib.md5(f"201:cityline:{secret}".encode()).hexdigest()
    assert after[0] != before[0]
    assert after[1] == before[1]


@given(st.binary(max_size=200))
def test_any_bytes_in_the_file_are_refused_with_a_remedy_and_kept(tmp_path_factory, raw):
    path = tmp_path_factory.mktemp("secrets") / "secrets.json"
    path.write_bytes(raw)
    with pytest.raises(StateError, match=r"secrets\.json: cannot be understood"):
        ensure_secrets(path, "cityline", ["201"])
    assert path.read_bytes() == raw


def test_a_file_of_a_newer_format_is_refused(tmp_path):
    path = tmp_path / "secrets.json"
    ensure_secrets(path, "cityline", ["201"])
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format": 2}))
    with pytest.raises(StateError, match="format 2"):
        ensure_secrets(path, "cityline", ["201"])
