"""Settings: where they come from, what is refused, and that the documentation says the same."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from server import config
from server.config import ConfigError, admin_token, load


def test_should_use_defaults_when_nothing_is_set() -> None:
    settings = load({})

    assert (settings.host, settings.port, settings.auth) == ("127.0.0.1", 8080, "token")
    assert settings.effective_database_url.startswith("sqlite:///")


def test_should_prefer_options_to_environment_to_file(tmp_path: Path) -> None:
    file = tmp_path / "bpmnd.toml"
    file.write_text('BPMND_PORT = 1000\nBPMND_HOST = "::1"\nBPMND_LOG_LEVEL = "debug"\n')

    settings = load({"BPMND_CONFIG": str(file), "BPMND_PORT": "2000", "BPMND_HOST": "127.0.0.2"}, port=3000, host=None)

    assert (settings.port, settings.host, settings.log_level) == (3000, "127.0.0.2", "debug")


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"BPMND_PORT": "eighty"}, ["BPMND_PORT", "whole number", "eighty"]),
        ({"BPMND_PORT": "70000"}, ["BPMND_PORT", "65535"]),
        ({"BPMND_AUTH": "magic"}, ["BPMND_AUTH", "token, none, oidc", "magic"]),
        ({"BPMND_AUTH": "oidc"}, ["BPMND_AUTH", "comes later"]),
        ({"BPMND_AUTH": "none", "BPMND_HOST": "0.0.0.0"}, ["loopback", "0.0.0.0"]),
        ({"BPMND_HTTP_ALLOW_PRIVATE": "perhaps"}, ["BPMND_HTTP_ALLOW_PRIVATE", "true or false"]),
        ({"BPMND_RATE_LIMIT": "often"}, ["BPMND_RATE_LIMIT", "600/second"]),
        ({"BPMND_MAX_BODY_BYTES": "5"}, ["BPMND_MAX_BODY_BYTES", "at least 1024"]),
        ({"BPMND_ADMIN_TOKEN": "short"}, ["BPMND_ADMIN_TOKEN", "8 characters"]),
        ({"BPMND_CONFIG": "/nowhere/bpmnd.toml"}, ["BPMND_CONFIG", "/nowhere/bpmnd.toml"]),
    ],
)
def test_should_name_setting_and_expectation_when_refused(environ: dict[str, str], words: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        load(environ)

    assert [word for word in words if word not in str(caught.value)] == []


def test_should_suggest_the_name_of_a_misspelt_setting(tmp_path: Path) -> None:
    file = tmp_path / "bpmnd.toml"
    file.write_text('BPMND_DATABSE_URL = "sqlite://"\n')

    with pytest.raises(ConfigError, match="did you mean 'BPMND_DATABASE_URL'"):
        load({"BPMND_CONFIG": str(file)})
    assert config.unknown_variables({"BPMND_PROT": "1", "BPMND_PORT": "1", "OTHER": "x"}) == [
        "BPMND_PROT (did you mean 'BPMND_PORT'?)"
    ]


def test_should_generate_one_admin_token_for_all_processes(tmp_path: Path) -> None:
    settings = load({"BPMND_DATA_DIR": str(tmp_path / "data")})

    with ThreadPoolExecutor(8) as pool:
        tokens = {token for token, _ in pool.map(lambda _: admin_token(settings), range(32))}

    path = settings.admin_token_path()
    assert tokens == {path.read_text().strip()}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["admin-token"]


def test_should_take_the_admin_token_that_was_set(tmp_path: Path) -> None:
    settings = load({"BPMND_DATA_DIR": str(tmp_path / "data"), "BPMND_ADMIN_TOKEN": "correct horse"})

    assert admin_token(settings) == ("correct horse", None)
    assert not (tmp_path / "data").exists()


def test_should_document_every_setting() -> None:
    page = Path(config.__file__).parent.parent / "docs" / "settings.md"

    assert page.read_text() == config.documentation()
