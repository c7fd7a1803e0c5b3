"""Where the provider is looked for, and in which order."""

from pathlib import Path

import pytest

from sandbox.terraform_mirror import AWS, cli_config, find, render


def mirror(directory: Path) -> Path:
    (directory / AWS).mkdir(parents=True)
    return directory


def test_the_variable_comes_first(tmp_path: Path) -> None:
    named = mirror(tmp_path / "named")
    home = tmp_path / "home"
    mirror(home / ".terraform.d" / "plugins")

    assert find({"TF_PROVIDER_MIRROR": str(named)}, home, tmp_path) == named


def test_a_variable_that_names_no_mirror_is_an_error(tmp_path: Path) -> None:
    mirror(tmp_path / "opt" / "plugins")

    with pytest.raises(FileNotFoundError, match="TF_PROVIDER_MIRROR"):
        find({"TF_PROVIDER_MIRROR": str(tmp_path)}, tmp_path / "home", tmp_path)


@pytest.mark.parametrize(
    "place",
    [
        "home/.terraform.d/plugins",
        "usr/share/terraform/plugins",
        "usr/local/share/terraform/plugins",
        "opt/anything",
    ],
)
def test_the_conventional_places_are_found(place: str, tmp_path: Path) -> None:
    expected = mirror(tmp_path / place)

    assert find({}, tmp_path / "home", tmp_path) == expected


def test_a_place_without_the_aws_provider_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "opt" / "a" / "registry.terraform.io" / "hashicorp" / "random").mkdir(parents=True)
    expected = mirror(tmp_path / "opt" / "b")

    assert find({}, tmp_path / "home", tmp_path) == expected


def test_without_a_mirror_terraform_asks_the_registry_and_keeps_one_copy(tmp_path: Path) -> None:
    assert find({}, tmp_path / "home", tmp_path) is None
    assert render(None, tmp_path / "cache") == (
        f'disable_checkpoint = true\nplugin_cache_dir = "{tmp_path}/cache"\n'
    )


def test_with_a_mirror_nothing_is_downloaded(tmp_path: Path) -> None:
    assert render(tmp_path, tmp_path / "cache") == (
        "disable_checkpoint = true\n"
        "provider_installation {\n"
        "  filesystem_mirror {\n"
        f'    path    = "{tmp_path}"\n'
        '    include = ["registry.terraform.io/*/*"]\n'
        "  }\n"
        "}\n"
    )


def test_the_configuration_is_written_where_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TF_PROVIDER_MIRROR", str(mirror(tmp_path / "plugins")))

    path = cli_config(tmp_path / "made")

    assert path == tmp_path / "made" / "terraform.rc"
    assert str(tmp_path / "plugins") in path.read_text()
    assert (tmp_path / "made" / "plugin-cache").is_dir()
