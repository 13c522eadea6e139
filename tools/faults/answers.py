"""The faults of answers: everything that a server can send instead of a good answer.

`session_tells` marks what aiohttp's parser does not let the session transport know: it reports junk behind an answer, a
body behind 204 or 304, and a corrupt chunk that comes with the head before it hands the head over.
"""

from __future__ import annotations

from tools.faults import scripts
from tools.faults.fault import Fault, Pace, Tell
from tools.faults.natures import Nature
from tools.faults.scene import STRAY, answer
from tools.faults.scripts import CHUNKED, HEAD, chunk, in_parts, says, then_cut, then_hang, then_stay

UNKNOWN, ACCEPTED, REJECTED, REFUSED = (Tell.UNKNOWN,), (Tell.ACCEPTED,), (Tell.REJECTED,), (Tell.REFUSED,)
SUCCESS = (Tell.SUCCESS,)
NO_BODY = {Nature.UNIQUE: SUCCESS}
"""`track_event_v3` may be answered without a body."""
BUSY = b'{"message": "Too many requests are updating this profile at the same time"}'
LOCATION = b"Location: http://127.0.0.1:1/elsewhere\r\n"

NO_ANSWER = [
    Fault("reset before acting", UNKNOWN, scripts.reset),
    Fault("reset after acting", UNKNOWN, scripts.reset, acts=True),
    Fault("FIN before acting", UNKNOWN, scripts.fin),
    Fault("FIN after acting", UNKNOWN, scripts.fin, acts=True),
    Fault("cut in the head", UNKNOWN, then_cut(b"HTTP/1.1 2"), acts=True),
    Fault("cut between headers", UNKNOWN, then_cut(HEAD), acts=True),
    Fault("no HTTP", UNKNOWN, then_cut(b"garbage\r\n\r\n"), acts=True),
    Fault("another protocol", UNKNOWN, then_cut(b"SSH-2.0-OpenSSH_9.9\r\n"), acts=True),
    Fault("negative length", UNKNOWN, then_cut(HEAD + b"Content-Length: -5\r\n\r\n"), acts=True),
    Fault("length is no number", UNKNOWN, then_cut(HEAD + b"Content-Length: 2x\r\n\r\n{}"), acts=True),
    Fault(
        "contradictory lengths", UNKNOWN, acts=True,
        script=then_cut(HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}"),
    ),
    Fault(
        "the same length twice", (Tell.UNKNOWN, Tell.SUCCESS), acts=True,
        script=then_cut(lambda good: HEAD + b"Content-Length: %d\r\n" % len(good) * 2 + b"\r\n" + good),
    ),
    Fault(
        "length and chunks", UNKNOWN, acts=True,
        script=then_cut(HEAD + b"Content-Length: 2\r\n" + CHUNKED[len(HEAD) :] + chunk(b"{}") + b"0\r\n\r\n"),
    ),
    Fault("long header", (Tell.UNKNOWN_FINAL,), then_cut(HEAD + b"X: " + b"a" * 70_000 + b"\r\n\r\n{}"), acts=True),
    Fault(
        "flood of headers", (Tell.UNKNOWN_FINAL,), acts=True, session_tells=(*SUCCESS, Tell.UNKNOWN),
        script=then_cut(lambda good: answer(good, headers=b"X-Flood: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n" * 3000)),
    ),
    Fault(
        "flood of interim answers", (Tell.UNKNOWN_FINAL,), acts=True, session_tells=(*SUCCESS, Tell.UNKNOWN),
        script=then_stay(lambda good: b"HTTP/1.1 100 Continue\r\n\r\n" * 5000 + answer(good)),
    ),
    Fault("101", UNKNOWN, then_stay(b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"), acts=True),
    Fault("101 without upgrade", UNKNOWN, then_stay(b"HTTP/1.1 101 Switching\r\n\r\n"), acts=True),
]  # fmt: skip

SUCCESSES = [
    Fault(
        "interim answers", SUCCESS, acts=True,
        script=then_stay(lambda good: b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" * 3 + answer(good)),
    ),
    Fault("HTTP/1.0", SUCCESS, then_cut(lambda good: b"HTTP/1.0 200 OK\r\n\r\n" + good), acts=True),
    Fault("no length, then the end", SUCCESS, then_cut(lambda good: HEAD + b"\r\n" + good), acts=True),
    Fault("closes after the answer", SUCCESS, then_cut(answer), acts=True),
    Fault("junk behind the answer", SUCCESS, then_stay(lambda good: answer(good) + b"junk"), acts=True,
          session_tells=UNKNOWN),
    Fault("another answer behind it", SUCCESS, then_stay(lambda good: answer(good) + STRAY), acts=True),
    Fault(
        "chunks with extensions and trailers", SUCCESS, acts=True,
        script=then_stay(lambda good: CHUNKED + b"%x;a=b\r\n%b\r\n0\r\nX-T: 1\r\n\r\n" % (len(good), good)),
    ),
]  # fmt: skip

LOST_BODIES = [
    Fault("204", ACCEPTED, then_stay(b"HTTP/1.1 204 No\r\n\r\n"), acts=True, except_for=NO_BODY),
    Fault(
        "204 with a body", ACCEPTED, acts=True, session_tells=UNKNOWN,
        script=then_stay(lambda good: answer(good, 204)), except_for=NO_BODY,
    ),
    Fault("truncated length", ACCEPTED, then_cut(HEAD + b"Content-Length: 50\r\n\r\n{}"), acts=True),
    Fault("truncated chunk", ACCEPTED, then_cut(CHUNKED + b"50\r\n{}"), acts=True),
    Fault("no last chunk", ACCEPTED, then_cut(lambda good: CHUNKED + chunk(good)), acts=True),
    Fault("truncated gzip", ACCEPTED, then_stay(scripts.cut_gzip), acts=True),
    Fault("corrupt gzip", ACCEPTED, then_stay(scripts.broken_gzip), acts=True),
    Fault("plain as gzip", ACCEPTED, then_stay(lambda good: answer(good, headers=b"Content-Encoding: gzip\r\n")),
          acts=True),
    Fault("unknown coding", ACCEPTED, then_stay(lambda good: answer(good, headers=b"Content-Encoding: zap\r\n")),
          acts=True, session_tells=SUCCESS),
    Fault("gzip bomb", ACCEPTED, scripts.send_bomb, acts=True),
    Fault("corrupt chunk at once", ACCEPTED, then_cut(CHUNKED + b"ZZ\r\ngarbage\r\n"), acts=True,
          session_tells=UNKNOWN),
    Fault("no length, then cut", ACCEPTED, then_cut(lambda good: HEAD + b"\r\n" + good[:30]), acts=True),
    Fault("reset in the body", ACCEPTED, acts=True, script=scripts.reset_after(HEAD + b"Content-Length: 50\r\n\r\n{")),
    Fault("HTML 200", ACCEPTED, says(200, b"<html>Welcome</html>"), acts=True),
    Fault("empty 200", ACCEPTED, says(200, b""), acts=True, except_for={Nature.UNIQUE: (*ACCEPTED, *SUCCESS)}),
    Fault("bad UTF-8", ACCEPTED, says(200, b'{"a": "\xff\xfe"}'), acts=True),
    Fault("deep JSON", ACCEPTED, says(200, b"[" * 100_000), acts=True),
    Fault("NaN", ACCEPTED, says(200, b'{"a": NaN}'), acts=True),
    Fault("another type", ACCEPTED, says(200, b"[1]"), acts=True),
    Fault("huge body", ACCEPTED, says(200, b" " * 1_000_000), acts=True),
    Fault("huge body without length", ACCEPTED, then_cut(HEAD + b"\r\n" + b" " * 1_000_000), acts=True),
]  # fmt: skip

STATUSES = [
    *(Fault(f"redirect {status}", REJECTED, says(status, headers=LOCATION)) for status in (301, 302, 303, 307, 308)),
    *(Fault(str(status), REJECTED, says(status)) for status in (400, 401, 403, 404, 409, 413, 422)),
    Fault("304", REJECTED, then_stay(b"HTTP/1.1 304 Not Modified\r\n\r\n")),
    Fault("304 with a body", REJECTED, says(304), session_tells=UNKNOWN),
    Fault("408", UNKNOWN, says(408)),
    Fault("408 after acting", UNKNOWN, says(408), acts=True),
    Fault("409 parallel update", REFUSED, says(409, BUSY)),
    Fault("429", REFUSED, says(429)),
    Fault("429 Retry-After 1", REFUSED, says(429, headers=b"Retry-After: 1\r\n")),
    Fault("429 Retry-After nonsense", REFUSED, says(429, headers=b"Retry-After: -5\r\n")),
    Fault("429 Retry-After ten digits", REJECTED, says(429, headers=b"Retry-After: 9999999999\r\n")),
    Fault("429 Retry-After epoch", REJECTED, says(429, headers=b"Retry-After: 1795737600\r\n")),
    Fault("429 Retry-After date long ago", REFUSED,
          says(429, headers=b"Retry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\n")),
    *(Fault(f"{status} before acting", UNKNOWN, says(status)) for status in (500, 503)),
    *(Fault(f"{status} after acting", UNKNOWN, says(status), acts=True) for status in (500, 502, 503, 504, 999)),
    Fault("503 Retry-After 1", UNKNOWN, says(503, headers=b"Retry-After: 1\r\n"), acts=True),
    Fault("HTML 502", UNKNOWN, says(502, b"<h1>Bad Gateway</h1>"), acts=True),
    Fault("500 cut in the body", UNKNOWN, then_cut(b"HTTP/1.1 500 X\r\nContent-Length: 50\r\n\r\n{}"), acts=True),
]  # fmt: skip

WAITING = [
    Fault("hang before acting", UNKNOWN, scripts.hang, pace=Pace.WAITS),
    Fault("hang after acting", UNKNOWN, scripts.hang, acts=True, pace=Pace.WAITS),
    Fault("hang in the head", UNKNOWN, then_hang(b"HTTP/1.1 200 OK\r\n"), acts=True, pace=Pace.WAITS),
    Fault("hang in the body", ACCEPTED, then_hang(HEAD + b"Content-Length: 5\r\n\r\n{"), acts=True, pace=Pace.WAITS),
    Fault("hang in a chunk", ACCEPTED, then_hang(CHUNKED + b"5\r\n{}"), acts=True, pace=Pace.WAITS),
    Fault("hang without length", ACCEPTED, then_hang(HEAD + b"\r\n{"), acts=True, pace=Pace.WAITS),
    Fault("corrupt chunk header late", ACCEPTED, in_parts(CHUNKED, b"ZZ\r\ngarbage\r\n"), acts=True, pace=Pace.WAITS),
    Fault("dribbling head", UNKNOWN, scripts.dribble(3), acts=True, pace=Pace.WAITS),
    Fault("dribbling body", ACCEPTED, scripts.dribble(100), acts=True, pace=Pace.WAITS),
    Fault("interim answers for ever", UNKNOWN, scripts.endless_interim, acts=True, pace=Pace.WAITS),
    Fault("headers for ever", UNKNOWN, scripts.endless_head, acts=True, pace=Pace.WAITS),
    Fault("500, then hang", UNKNOWN, then_hang(b"HTTP/1.1 500 X\r\nContent-Length: 5\r\n\r\n{"), acts=True,
          pace=Pace.WAITS),
]  # fmt: skip
