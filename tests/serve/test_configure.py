"""Settings come from defaults, a file, the environment and flags, and say so when they are wrong."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from cleaner.errors import InvalidInput
from cleaner.serve.configure import Given, configured, from_dict, settings_of
from cleaner.serve.settings import Access, LearnerSettings, ServeSettings

Run = Callable[..., "CompletedProcess[bytes]"]


@pytest.mark.parametrize("kind", [ServeSettings, LearnerSettings])
def test_every_setting_can_be_written_down(kind: type) -> None:
    assert {row.kind for row in settings_of(kind).values()} <= {str, int, float, bool}


def test_the_nearer_wins(tmp_path: Path) -> None:
    config = tmp_path / "cleaner.toml"
    config.write_text("workers = 3\nmax_items = 30\ngrace_seconds = 3\n[limits]\nmax_lines = 33\n")
    environment = {"CLEANER_MAX_ITEMS": "20", "CLEANER_LIMITS_MAX_LINES": "22", "CLEANER_PORT": "x"}
    flags = {"limits.max_lines": Given("11", "--set"), "document_seconds": Given(1.5, "--x")}
    found = configured(ServeSettings, str(config), flags, environment).settings
    assert (found.workers, found.max_items, found.limits.max_lines) == (3, 20, 11)
    assert (found.grace_seconds, found.document_seconds) == (3.0, 1.5)


def test_what_is_printed_can_be_read_again(tmp_path: Path) -> None:
    flags = {"bundle": Given('a "b"\\\x7f\n.npz', "--bundle"), "workers": Given(7, "--workers")}
    environment = {"CLEANER_TELEMETRY_LOG_CALLS": "yes"}
    found = configured(ServeSettings, "", flags, environment)
    config = tmp_path / "cleaner.toml"
    config.write_text(found.toml())
    assert configured(ServeSettings, str(config), {}, {}).settings == found.settings
    assert "workers = 7" in found.toml()
    assert "# CLEANER_TELEMETRY_LOG_CALLS" in found.toml()


def test_no_secret_is_printed() -> None:
    found = configured(ServeSettings, "", {}, {"CLEANER_ACCESS_TOKENS": "clean=hush"})
    assert found.settings.access.wants_tokens
    assert "hush" not in found.toml()
    assert "tokens" not in tomllib.loads(found.toml())["access"]


WRONG = {
    "kind": ({"CLEANER_WORKERS": "two"}, "CLEANER_WORKERS: workers must be a whole number"),
    "range": ({"CLEANER_WORKERS": "0"}, "CLEANER_WORKERS: workers must be positive"),
    "nan": ({"CLEANER_DOCUMENT_SECONDS": "nan"}, "document_seconds must be positive"),
    "bool": ({"CLEANER_TELEMETRY_TRACING": "perhaps"}, "telemetry.tracing must be true or false"),
    "word": ({"CLEANER_TELEMETRY_LOG_FORMAT": "xml"}, "telemetry.log_format must be text or json"),
    "half": ({"CLEANER_ACCESS_KEY": "k.pem"}, "CLEANER_ACCESS_KEY: access.certificate and"),
    "public": ({"CLEANER_ADDRESS": "0.0.0.0:1"}, "CLEANER_ADDRESS: address 0.0.0.0:1 can be"),
}


@pytest.mark.parametrize(("environment", "message"), WRONG.values(), ids=WRONG)
def test_a_wrong_value_is_named_with_its_source(environment: dict[str, str], message: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        configured(ServeSettings, "", {}, environment)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("worker = 2", "unknown setting 'worker'; known: workers"),
        ("[limits]\nmax_line = 2", "unknown setting 'limits.max_line'; known: limits.max_lines"),
        ("limits = 2", "unknown setting 'limits'"),
        ("workers = '2'", "workers must be a whole number, not '2'"),
        ("workers = true", "workers must be a whole number, not True"),
        ("[access]\ntokens = 7", "access.tokens must be text, not this"),
        ("workers = ", "is no TOML"),
    ],
)
def test_a_wrong_file_is_named(tmp_path: Path, content: str, message: str) -> None:
    config = tmp_path / "cleaner.toml"
    config.write_text(content)
    with pytest.raises(InvalidInput) as caught:
        configured(ServeSettings, str(config), {}, {})
    assert str(config) in str(caught.value)
    assert message in str(caught.value)


def test_settings_survive_the_way_to_another_process() -> None:
    settings = LearnerSettings("store", access=Access(tokens="clean=x"))
    assert from_dict(LearnerSettings, asdict(settings)) == settings


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--workers", "0"), "cleaner: --workers: workers must be positive, not 0"),
        (("--set", "limits.max_lines"), "must be NAME=VALUE"),
        (("--set", "workers=two"), "cleaner: --set: workers must be a whole number, not 'two'"),
        (("--config", "/no/such"), "cannot read /no/such"),
        (("--tokens-file", "/no/such"), "cannot read /no/such"),
        (("--address", "0.0.0.0:0"), "cleaner: --address: address 0.0.0.0:0 can be reached"),
    ],
)
def test_the_program_says_it_in_one_line(
    run_cleaner: Run, arguments: tuple[str, ...], message: str
) -> None:
    done = run_cleaner("serve", *arguments)
    assert done.returncode == 2
    assert message in done.stderr.decode()
    assert done.stderr.count(b"\n") == 1


def test_the_program_shows_its_settings(run_cleaner: Run, tmp_path: Path) -> None:
    config = tmp_path / "cleaner.toml"
    config.write_text("max_items = 5\n")
    environment = {"CLEANER_CONFIG": str(config), "CLEANER_WORKERS": "6"}
    done = run_cleaner(
        "serve", "--show-config", "--max-message-mib", "2", "--metrics", "127.0.0.1:1", env=environment
    )  # fmt: skip
    shown = tomllib.loads(done.stdout.decode())
    assert (shown["max_items"], shown["workers"], shown["max_message_bytes"]) == (5, 6, 2 << 20)
    assert shown["telemetry"]["metrics_address"] == "127.0.0.1:1"
    assert f"# {config}" in done.stdout.decode()
