"""Settings: which are accepted, and how the others are refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from talon_async import Limits, RetryPolicy, TalonOne, TalonOneSync, Timeout
from talon_async.config import Settings, base_url
from talon_async.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

URL = "https://shop.europe-west1.talon.one"


@pytest.mark.parametrize(
    ("given", "plain"),
    [
        (URL, URL), (f"{URL}/", URL), (f"  {URL}// ", URL), (f"{URL}/proxy/", f"{URL}/proxy"),
        ("http://localhost:9000", "http://localhost:9000"), ("http://127.0.0.1/", "http://127.0.0.1"),
        ("http://[::1]:80", "http://[::1]:80"), ("http://127.9.9.9", "http://127.9.9.9"),
        ("http://api.localhost", "http://api.localhost"),
    ],
)  # fmt: skip
def test_a_base_url_is_brought_to_its_plain_form_when_it_can_be_used(given: str, plain: str) -> None:
    """A base URL with slashes at its end and spaces around it is accepted, and an unencrypted one on this machine."""
    assert plain == base_url(given)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("", "empty"), ("shop.talon.one", "not an https URL"), ("ftp://a.b", "not an https URL"), ("https://", "host"),
        ("https://a b.c", "not an https URL"), ("https://a.b:x", "cannot be read"), ("https://user:pw@a.b", "no user"),
        ("https://a.b?x=1", "query"), ("https://a.b#x", "fragment"), ("http://a.b", "unencrypted"),
        ("https://a.b\\c", "not an https URL"), ("http://127.0.0.1.evil.com", "unencrypted"), ("https://[::1", "read"),
        ("https://" + "a" * 70 + ".com", "cannot be read"),
    ],
)  # fmt: skip
def test_a_base_url_is_refused_when_it_cannot_work(given: str, said: str) -> None:
    """A base URL that cannot work is refused with the reason before anything is sent."""
    with pytest.raises(ConfigurationError, match=said):
        TalonOne(given, "key")


def test_unencrypted_is_accepted_when_it_is_allowed_explicitly() -> None:
    """`allow_http=True` allows an unencrypted base URL."""
    assert base_url("http://a.b", allow_http=True) == "http://a.b"


@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf"), "5", True])
@pytest.mark.parametrize("name", ["total", "attempt", "connect"])
def test_a_timeout_is_refused_when_it_is_no_time(name: str, value: Any) -> None:
    """Every bound of a timeout must be finite and above zero, and the error names it."""
    with pytest.raises(ConfigurationError, match=f"Timeout.{name}"):
        Timeout(**{name: value})


def test_only_the_total_may_be_unbounded_when_none_is_given() -> None:
    """Only the total may be None.

    An attempt always has a bound, because aiohttp hangs for ever on some broken answers.
    """
    assert Timeout(total=None).total is None
    with pytest.raises(ConfigurationError, match=r"Timeout\.attempt"):
        Timeout(attempt=None)  # type: ignore[arg-type]


@pytest.mark.parametrize(("name", "value"), [("connections", 0), ("parallel_updates", -1), ("response_bytes", 1.5)])
def test_a_limit_is_refused_when_it_is_no_count(name: str, value: Any) -> None:
    """A limit that is no count is refused with its name."""
    with pytest.raises(ConfigurationError, match=f"Limits.{name}"):
        Limits(**{name: value})


async def test_a_session_is_refused_when_the_client_is_blocking() -> None:
    """A borrowed session belongs to the event loop that it was made in, and a blocking client runs its own."""
    async with aiohttp.ClientSession() as session:
        with pytest.raises(ConfigurationError, match="session: .* belongs to your event loop"):
            TalonOneSync(URL, "key", session=session)


def env(**changes: str | None) -> dict[str, str]:
    variables = {"TALON_ONE_BASE_URL": URL, "TALON_ONE_API_KEY": "key", **changes}
    return {name: value for name, value in variables.items() if value is not None}


def test_the_environment_is_read_when_it_is_complete() -> None:
    """Every variable of the environment sets its option."""
    settings = Settings.from_env(
        env(TALON_ONE_TIMEOUT="3", TALON_ONE_ATTEMPT_TIMEOUT="2.5", TALON_ONE_CONNECT_TIMEOUT="1",
            TALON_ONE_ATTEMPTS="2",
            TALON_ONE_TRUST_KEYS="no", TALON_ONE_CONNECTIONS="9", TALON_ONE_PARALLEL_UPDATES="0", TALON_ONE_PROXY="http://p:1")
    )  # fmt: skip
    assert settings.options == {
        "timeout": Timeout(total=3.0, attempt=2.5, connect=1.0),
        "retry": RetryPolicy(attempts=2, trust_keys=False),
        "limits": Limits(connections=9, parallel_updates=0),
        "proxy": "http://p:1",
    }


def test_all_problems_are_reported_at_once_when_the_environment_is_wrong() -> None:
    """One error names all variables that are wrong."""
    with pytest.raises(ConfigurationError) as caught:
        TalonOne.from_env(
            {"TALON_ONE_TIMEOUT": "soon", "TALON_ONE_CONNECTIONS": "0", "TALON_ONE_TRUST_KEYS": "perhaps"}
        )
    with pytest.raises(
        ConfigurationError, match=r"TALON_ONE_BASE_URL.*unencrypted.*TALON_ONE_API_KEY: .* holds a space"
    ):
        TalonOne.from_env({"TALON_ONE_BASE_URL": "http://a.b", "TALON_ONE_API_KEY": "a b"})
    for name in ("BASE_URL", "API_KEY", "TIMEOUT must be seconds, not 'soon'", "ONE_CONNECTIONS", "TRUST_KEYS"):
        assert name in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("TIMEOUT", "-1", " must be a number of seconds above 0, not -1.0"),
        ("ATTEMPT_TIMEOUT", "0", " must be a number of seconds above 0, not 0.0"),
        ("CONNECT_TIMEOUT", "1e30", " must be 1,000,000,000 or less, not 1e+30"),
        ("ATTEMPTS", "0", " must be a whole number of 1 or more, not 0"),
        ("ATTEMPTS", "9" * 5000, " must be a whole number, not '999"),
        ("TRUST_KEYS", "2", " must be true or false, not '2'"),
        ("CONNECTIONS", "-1", " must be a whole number of 1 or more, not -1"),
        ("PARALLEL_UPDATES", "-1", " must be a whole number of 0 or more, not -1"),
        ("ALLOW_HTTP", "perhaps", " must be true or false, not 'perhaps'"),
        ("PROXY", "proxy", ": proxy has no scheme"),
        ("TRANSPORT", "pigeon", " must be session or direct, not 'pigeon'"),
        ("BASE_URL", "http://a.b", ": base_url 'http://a.b' would send the key unencrypted: use https, or TALON_ONE_A"),
        ("APPLICATION_ID", "a b", ": application_id is empty, or holds a character that IDs do not have"),
        ("APPLICATION_KEY", "xy", ": application_key must be hexadecimal digits"),
    ],
)  # fmt: skip
def test_the_variable_is_named_when_its_value_is_wrong(name: str, value: str, said: str) -> None:
    """The error begins with the variable, and does not name an option that was not given."""
    signed = {"TALON_ONE_API_KEY": None, "TALON_ONE_APPLICATION_ID": "1", "TALON_ONE_APPLICATION_KEY": "00"}
    variables = {**(signed if name.startswith("APPLICATION") else {}), f"TALON_ONE_{name}": value}
    with pytest.raises(ConfigurationError) as caught:
        TalonOne.from_env(env(**variables))
    assert str(caught.value).startswith(f"TALON_ONE_{name}{said}")


def test_the_file_is_named_when_the_key_in_it_is_wrong(tmp_path: Path) -> None:
    """A key that is read from a file and is no key is told with the variable that names the file."""
    (tmp_path / "key").write_text("a b")
    with pytest.raises(ConfigurationError, match="^TALON_ONE_API_KEY_FILE: api_key holds a space"):
        TalonOne.from_env(env(TALON_ONE_API_KEY_FILE=str(tmp_path / "key")))


def test_an_empty_variable_counts_as_none_when_it_is_set() -> None:
    """An empty variable counts as not set, because container files often set variables to nothing."""
    with pytest.raises(ConfigurationError, match="TALON_ONE_API_KEY is not set"):
        Settings.from_env(env(TALON_ONE_API_KEY=""))


def test_the_key_is_read_from_a_file_when_one_is_named(tmp_path: Path) -> None:
    """The key is read from the file that a variable names, because containers mount secrets as files."""
    (tmp_path / "key").write_text("from-file\n")
    auth = Settings.from_env(env(TALON_ONE_API_KEY=None, TALON_ONE_API_KEY_FILE=str(tmp_path / "key"))).auth
    assert auth.common == {"Authorization": "ApiKey-v1 from-file"}
    with pytest.raises(ConfigurationError, match="TALON_ONE_API_KEY_FILE cannot be read"):
        Settings.from_env(env(TALON_ONE_API_KEY_FILE=str(tmp_path / "none")))
    (tmp_path / "key").write_text("from-file", encoding="utf-16")
    with pytest.raises(ConfigurationError, match="TALON_ONE_API_KEY_FILE cannot be read: it is not a text in UTF-8"):
        Settings.from_env(env(TALON_ONE_API_KEY_FILE=str(tmp_path / "key")))


def test_options_of_the_call_win_when_the_environment_has_others() -> None:
    """An option of the call takes precedence over the environment."""
    client = TalonOne.from_env(env(TALON_ONE_TIMEOUT="3"), timeout=9)
    assert client._options.timeout == Timeout(total=9)


def test_the_blocking_twin_reads_the_same_environment_when_asked() -> None:
    """`TalonOneSync.from_env` reads the same environment."""
    client = TalonOneSync.from_env(env())
    assert repr(client) == f"TalonOneSync('{URL}')"
    client.close()


def test_an_application_signs_when_the_environment_names_one_and_no_key() -> None:
    """The environment can name an application and its key, which sign requests in place of an API key."""
    variables = env(TALON_ONE_API_KEY=None, TALON_ONE_APPLICATION_ID="7", TALON_ONE_APPLICATION_KEY="00ff")
    assert repr(Settings.from_env(variables).auth) == "ContentSignature(***)"
    assert repr(TalonOne.from_env(variables)._core.settings.auth) == "ContentSignature(***)"


def test_an_unknown_option_is_refused_when_it_is_misspelt() -> None:
    """A misspelt option raises a TypeError that names it."""
    with pytest.raises(TypeError, match="timeuot"):
        TalonOne(URL, "key", timeuot=3)  # type: ignore[call-arg]


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "x"}, {"content-signature": "x"}, {"X-A": "a\r\nB: c"}, {"": "x"}, {"X A": "x"}, {"X:": "x"},
        {"Idempotency-Key": "k"}, {"Content-Length": "0"}, {"TRANSFER-ENCODING": "chunked"}, {"Content-Type": "x"},
    ],
)  # fmt: skip
def test_headers_are_refused_when_they_would_replace_the_key_or_smuggle_another(headers: dict[str, str]) -> None:
    """A header that would replace or forge one of the client's own is refused with its name and without its value."""
    with pytest.raises(ConfigurationError, match=f"{next(iter(headers))!r} cannot"):
        TalonOne(URL, "key", headers=headers)


def test_a_plain_number_is_the_total_when_given_as_timeout() -> None:
    """`timeout=3` bounds the whole call."""
    client = TalonOne(URL, "key", timeout=3)
    assert client._options.timeout.total == 3
    assert client.with_options(timeout=4)._options.timeout.total == 4


def test_a_copy_shares_what_is_pooled_when_options_change() -> None:
    """A copy shares connections, locks and the retry budget with its original, and has options of its own."""
    client = TalonOne(URL, "key")
    copy = client.with_options(retry=RetryPolicy.off(), strict=True)
    assert copy._core is client._core
    assert (True, False) == (copy._options.strict, client._options.strict)
