"""Where the key goes: to the URL that it was kept for, and never where a folder says."""

import json
import stat
from pathlib import Path

import pytest
from rdsctl.configuration import Profile, access
from rdsctl.failures import Exit, Failure
from rdsctl.profile_file import keep, use

from rdsctl import configuration, keys

WORK = Profile("work", "https://rds.example.com/v1", "file")
OTHER = Profile("other", "https://other.example.com", "file")


@pytest.fixture
def kept(home: Path) -> Path:
    """Two profiles with a key each; `other` is in use."""
    for profile in (WORK, OTHER):
        keep(configuration.file(), profile)
        keys.write("file", profile.name, configuration.directory(), f"key-of-{profile.name}")
    return configuration.directory()


def test_without_anything_it_says_what_to_set(home: Path) -> None:
    with pytest.raises(Failure, match="No API is named yet") as ended:
        access(profile=None, url=None, environ={})
    assert ended.value.code is Exit.KEY
    assert ended.value.hints == ("rdsctl login URL, or set RDSCTL_URL and RDSCTL_API_KEY",)


@pytest.mark.parametrize(
    ("profile", "url", "environ", "expected"),
    [
        (None, None, {}, (OTHER.url, "key-of-other")),
        ("work", None, {}, (WORK.url, "key-of-work")),
        (None, None, {"RDSCTL_PROFILE": "work"}, (WORK.url, "key-of-work")),
        ("work", None, {"RDSCTL_PROFILE": "other"}, (WORK.url, "key-of-work")),
        (None, WORK.url, {}, (WORK.url, "key-of-work")),
        (None, None, {"RDSCTL_URL": f"{WORK.url}/"}, (WORK.url, "key-of-work")),
        (None, None, {"RDSCTL_API_KEY": "sent"}, (OTHER.url, "sent")),
        (None, "https://x.example", {"RDSCTL_API_KEY": "sent"}, ("https://x.example", "sent")),
        (None, None, {"RDSCTL_URL": "https://x.example", "RDSCTL_API_KEY": "s"}, ("https://x.example", "s")),
        ("work", None, {"RDSCTL_URL": "https://x.example"}, (WORK.url, "key-of-work")),
    ],
)
def test_flags_win_over_the_environment_and_it_over_the_profile(
    kept: Path,
    profile: str | None,
    url: str | None,
    environ: dict[str, str],
    expected: tuple[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    environ = environ | {"XDG_CONFIG_HOME": str(kept.parent)}
    found = access(profile=profile, url=url, environ=environ)
    assert (found.url, found.key) == expected


def test_a_profiles_key_never_goes_to_another_url(kept: Path) -> None:
    environ = {"XDG_CONFIG_HOME": str(kept.parent)}
    for given, extra in (("https://evil.example", {}), (None, {"RDSCTL_URL": "https://evil.example"})):
        with pytest.raises(Failure, match=r"No key for https://evil\.example"):
            access(profile=None, url=given, environ=environ | extra)


def test_nothing_of_the_working_directory_is_read(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clone = home / "clone"
    for folder in (clone, clone / ".config" / "rdsctl", clone / ".rdsctl"):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "config.toml").write_text('[profiles.default]\nurl = "https://evil.example"\n')
        (folder / ".env").write_text("RDSCTL_URL=https://evil.example\n")
    monkeypatch.chdir(clone)
    monkeypatch.setenv("XDG_CONFIG_HOME", "relative")  # not absolute, so not used, says the specification
    monkeypatch.setenv("HOME", str(home / "elsewhere"))
    with pytest.raises(Failure, match="No API is named yet"):
        access(profile=None, url=None)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://rds.example.com", "not encrypted"),
        ("ftp://rds.example.com", "is no URL"),
        ("rds.example.com", "is no URL"),
        ("https://user:word@rds.example.com", "holds a password"),
        ("http://localhost.example.com", "not encrypted"),
    ],
)
def test_a_url_that_no_key_may_be_sent_to_is_refused(url: str, message: str) -> None:
    with pytest.raises(Failure, match=message) as ended:
        configuration.checked_url(url)
    assert ended.value.code is Exit.USAGE
    assert "word@" not in ended.value.message


@pytest.mark.parametrize("url", ["http://localhost:4566/x", "http://127.0.0.1:1", "http://[::1]:80"])
def test_this_machine_may_be_called_without_tls(url: str) -> None:
    assert configuration.checked_url(url) == url


def test_a_key_file_is_for_its_owner_alone(kept: Path) -> None:
    path = kept / "work.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.stat().st_mode) == 0o700
    path.chmod(0o644)
    with pytest.raises(Failure, match="can be read by others") as ended:
        keys.read("file", "work", kept)
    assert ended.value.code is Exit.KEY


def test_what_else_stands_in_the_file_is_kept(home: Path) -> None:
    path = configuration.file()
    path.parent.mkdir(parents=True)
    path.write_text(
        '# mine\n[profiles.work]\nurl = "https://a.example"  # the old one\nkey = "env"\n[extra]\nx = 1\n'
    )
    keep(path, OTHER)
    use(path, "work")
    text = path.read_text()
    assert "# mine" in text
    assert "# the old one" in text
    assert "[extra]\nx = 1" in text
    known, current = configuration.profiles()
    assert current == "work"
    assert known == {"work": Profile("work", "https://a.example", "env"), "other": OTHER}


def test_a_file_that_is_no_toml_is_named(home: Path) -> None:
    configuration.file().parent.mkdir(parents=True)
    configuration.file().write_text("profiles = [")
    with pytest.raises(Failure, match=r"config\.toml cannot be read"):
        configuration.profiles()


def test_a_command_can_give_the_key(home: Path) -> None:
    assert keys.read("command: printf secret", "work", home) == "secret"
    with pytest.raises(Failure, match="command of the key failed"):
        keys.read("command: false", "work", home)


def test_a_keyring_is_the_one_that_the_profile_names(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = "keyring:tests.rdsctl.small_keyring.Keyring"
    monkeypatch.setenv("SMALL_KEYRING", str(home / "keyring.json"))
    keys.write(place, "work", home, "kept")
    assert json.loads((home / "keyring.json").read_text()) == {"rdsctl work": "kept"}
    assert keys.read(place, "work", home) == "kept"
    keys.forget(place, "work", home)
    assert keys.read(place, "work", home) is None
    with pytest.raises(Failure, match="cannot be opened"):
        keys.read("keyring:nothing.Here", "work", home)


def test_a_locked_keyring_is_waited_for_and_not_for_ever(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMALL_KEYRING", "locked")
    monkeypatch.setattr(keys, "UNLOCK_SECONDS", 0.05)
    with pytest.raises(Failure, match="did not answer"):
        keys.read("keyring:tests.rdsctl.small_keyring.Keyring", "work", home)
