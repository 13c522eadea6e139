"""How a client authenticates, and how its secrets stay secret."""

from __future__ import annotations

import hashlib
import hmac
import logging
import pickle
import traceback
from typing import Any

import pytest

from talon_async import ApiKey, ContentSignature, TalonOne, TalonOneSync
from talon_async._messages import Idempotency, Operation, Request
from talon_async.errors import ConfigurationError, InvalidArgumentError

SECRET = "s3cr3t-of-the-shop"


def request(path: str, body: bytes | None) -> Request:
    return Request(Operation("any", "PUT", path, Idempotency.NAMED), path, body, Idempotency.NAMED, None, (), None)


@pytest.mark.parametrize("pasted", [SECRET, f"ApiKey-v1 {SECRET}", f" apikey-v1  {SECRET}\n"])
def test_a_key_is_understood_when_it_is_pasted_with_its_prefix(pasted: str) -> None:
    """A key that is pasted with its prefix, or with spaces around it, is sent with one prefix and one space."""
    assert ApiKey(pasted).common == {"Authorization": f"ApiKey-v1 {SECRET}"}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [("", "empty"), ("  ", "empty"), ("a b", "a space"), ("a\nb", "a space"), ("kéy", "another character"),
     (f"ManagementKey-v1 {SECRET}", "Management"), (None, "empty")],
)  # fmt: skip
def test_a_key_is_refused_when_it_cannot_be_one(wrong: Any, said: str) -> None:
    """A text that cannot be a key is refused with the reason, and the error does not show it."""
    with pytest.raises(ConfigurationError, match=said) as caught:
        TalonOne("https://a.b", wrong)
    assert SECRET not in str(caught.value)


def test_the_signature_covers_the_exact_bytes_when_an_application_signs() -> None:
    """The signature is the HMAC-MD5 of the body with the key, which is decoded from hexadecimal."""
    body = b'{"type":"a"}'
    digest = hmac.new(bytes.fromhex("00ff10"), body, hashlib.md5).hexdigest()
    headers = ContentSignature(7, "00ff10").sign(request("/v1/events", body))
    assert headers == {"Content-Signature": f"signer=7; signature={digest}"}


def test_the_empty_text_is_signed_when_there_is_no_body() -> None:
    """A request without a body is signed as an empty text."""
    digest = hmac.new(b"\x00", b"", hashlib.md5).hexdigest()
    assert digest in ContentSignature("7", "00").sign(request("/v1/x", None))["Content-Signature"]


def test_signing_is_refused_when_the_operation_is_v2() -> None:
    """Signing a V2 operation, which never accepts a signature, is refused with the name of the operation."""
    with pytest.raises(InvalidArgumentError, match="V1 operations only") as caught:
        ContentSignature(7, "00").sign(request("/v2/customer_profiles/{integration_id}", b"{}"))
    assert caught.value.operation == "any"


@pytest.mark.parametrize(("signer", "key"), [(7, "xyz"), (7, ""), ("", "00"), (7, "0"), ("a;b", "00"), (7, None)])
def test_a_signature_is_refused_when_its_parts_are_wrong(signer: Any, key: Any) -> None:
    """A signature needs a signer and a key of hexadecimal digits in pairs."""
    with pytest.raises(ConfigurationError, match="application_"):
        ContentSignature(signer, key)


@pytest.mark.parametrize(
    "holder",
    [ApiKey(SECRET), ContentSignature(1, SECRET.encode().hex()), TalonOne("https://a.b", SECRET),
     TalonOneSync("https://a.b", SECRET)],
)  # fmt: skip
def test_the_secret_stays_hidden_when_its_holder_is_shown_or_pickled(holder: object) -> None:
    """No text of an object that holds a secret shows it, and the object cannot be pickled."""
    assert not any(SECRET in text or SECRET.encode().hex() in text for text in (repr(holder), str(holder), f"{holder}"))
    with pytest.raises(TypeError, match="pickled"):
        pickle.dumps(holder)


async def test_the_secret_stays_hidden_when_calls_fail_and_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    """No error, traceback or log line of a failed call holds the key."""
    caplog.set_level(logging.DEBUG)
    async with TalonOne("http://127.0.0.1:9", SECRET) as talon:
        with pytest.raises(Exception, match="no connection") as caught:
            await talon.get_customer_inventory("a")
    output = "".join(traceback.format_exception(caught.value)) + repr(caught.value) + caplog.text
    assert SECRET not in output + str(vars(caught.value))
    assert SECRET.encode() not in pickle.dumps(caught.value)
    assert caught.value.__cause__ is None
