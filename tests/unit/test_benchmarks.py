"""The pure parts of the benchmarks: figures, targets, tables, the chart, and what the server answers."""

from __future__ import annotations

import contextlib
import http.client
import json
import ssl
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

from benchmarks.contenders import ENTRIES, Job, contender, ours
from benchmarks.exact import counted
from benchmarks.measure.figures import Series, Spread, ratio, ratios, row, spread
from benchmarks.measure.processes import environment
from benchmarks.measure.slices import _shares, measure
from benchmarks.payloads import ANSWERS, HEADERS, MANY_HEADERS, REQUESTS, body
from benchmarks.plan import BASE, BULK, FULL, QUICK, SCENARIOS, Pace, Scenario
from benchmarks.serve import start
from benchmarks.serve.routes import answer_to, nginx_config
from benchmarks.show.chart import FIGURE, bars_of, chart
from benchmarks.show.table import cells, table
from benchmarks.targets import TARGETS, Target, figure, verdict
from talon_async import from_json
from talon_async.models import IntegrationEventV2Response, IntegrationState, IntegrationStateV2, UnknownEffectProps

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.serve.start import Server

RESULTS = {
    "event-16": {
        "aiohttp": Series(cpu=[1.0, 2.0, 1.0], wall=[0.5, 0.5, 0.5], peak_mib=30.0, growth_mib=0.0),
        "talon_async": Series(cpu=[1.1, 2.4, 1.0], wall=[0.5, 1.0, 0.5], peak_mib=40.04, growth_mib=0.5),
    },
    "import": {"talon_async": Series(cpu=[0.003, 0.004, 0.005])},
    "bulk-10k": {
        "aiohttp": Series(cpu=[1e-4, 2e-4, 1e-4]),
        "talon_async": Series(cpu=[8e-5, 1.6e-4, 9e-5]),
        "talon_async-bulk": Series(cpu=[8.4e-5, 1.7e-4, 9.3e-5]),
    },
}


@pytest.fixture(scope="module")
def own_server() -> Iterator[Server]:
    """Start the small server, whether nginx is installed or not."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(start, "_nginx", lambda *_: contextlib.nullcontext())
        with start.server(None) as running:
            yield running


PACE = Pace(rounds=4, processes=2, slice_seconds=0.001, cold_rounds=1, bulk_rounds=2)


def drawn(ratio: float) -> list[dict[str, Any]]:
    return [{"scenario": "event-16", "contender": name, "ratio": [number, number, number]}
            for name, number in (("aiohttp", 1.0), ("talon_async", ratio))]  # fmt: skip


@pytest.mark.parametrize(
    ("values", "expected"),
    [([3.0], Spread(3, 3, 3)), ([1.0, 2.0, 3.0, 4.0, 5.0], Spread(3, 2, 4))],
)
def test_a_spread_is_the_median_and_its_quartiles_when_there_are_values(values: list[float], expected: Spread) -> None:
    """One value is its own median and quartiles."""
    assert expected == spread(values)


def test_ratios_are_taken_within_a_round_when_the_machine_changes_its_speed() -> None:
    """A slow phase of the machine changes both contenders of a round, so it does not change their ratio."""
    assert [2.0, 2.0, 2.0] == ratios(Series(cpu=[2, 8, 4]), Series(cpu=[1, 4, 2]))


def test_ratios_refuse_when_the_rounds_do_not_match() -> None:
    """Slices of different rounds cannot be compared."""
    with pytest.raises(ValueError, match="longer"):
        ratios(Series(cpu=[1]), Series(cpu=[1, 2]))


def test_a_ratio_is_none_when_a_contender_was_left_out() -> None:
    """A contender that was not measured has no ratio."""
    assert ratio(RESULTS, "event-16", "official", "aiohttp") is None
    assert ratio(RESULTS, "session-16", "talon_async", "aiohttp") is None


def test_a_series_keeps_cost_per_request_and_the_peak_when_slices_are_added() -> None:
    """A series divides the time by the requests, and keeps the largest memory."""
    series = Series()
    series.add({"cpu": 2.0, "wall": 4.0, "requests": 4, "peak_kib": 2048, "growth_kib": 1024})
    series.add({"cpu": 1.0, "wall": 2.0, "requests": 4, "peak_kib": 1024, "growth_kib": 0})
    assert Series(cpu=[0.5, 0.25], wall=[1.0, 0.5], peak_mib=2.0, growth_mib=1.0) == series


def test_a_series_goes_on_when_another_process_takes_over() -> None:
    """The rounds of a second process follow those of the first, and the largest memory of both is kept."""
    series = Series(cpu=[1.0], wall=[2.0], peak_mib=30.0, growth_mib=1.0)
    series.extend(Series(cpu=[3.0], wall=[4.0], peak_mib=20.0, growth_mib=2.0))
    assert Series(cpu=[1.0, 3.0], wall=[2.0, 4.0], peak_mib=30.0, growth_mib=2.0) == series


@pytest.mark.parametrize("pace", [FULL, QUICK])
def test_every_process_has_its_share_when_rounds_are_planned(pace: Pace) -> None:
    """The rounds are divided among the processes without losing one."""
    _, smallest, larger, _ = (scenario for scenario in SCENARIOS if scenario.bulk)
    assert (pace.rounds, pace.bulk_rounds) == (sum(_shares(SCENARIOS[0], pace)), sum(_shares(smallest, pace)))
    assert [1] == _shares(larger, pace)


@pytest.mark.slow
def test_rounds_of_several_processes_are_joined_when_a_scenario_is_measured(own_server: Server) -> None:
    """Real processes send to the small server; a contender without an environment is left out."""
    scenario = Scenario(name="event-2", answer="event", in_flight=2, contenders=("aiohttp", "talon_async", "official"))
    series = measure(scenario, PACE, own_server, {"": Path(sys.executable)}, None)
    assert {"aiohttp": 4, "talon_async": 4} == {name: len(found.cpu) for name, found in series.items()}


@pytest.mark.slow
def test_many_events_are_run_when_a_scenario_asks_for_them(
    own_server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Each contender sends all events in its own way, and no journal is left behind."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    names = tuple(name for name in BULK if "bulk" in name or name in ("aiohttp-gather", "aiohttp-semaphore"))
    scenario = Scenario(name="bulk-100", answer="silent", in_flight=8, contenders=names, bulk=100)
    series = measure(scenario, replace(PACE, processes=1), own_server, {"": Path(sys.executable)}, None)
    assert dict.fromkeys(names, 2) == {name: len(found.cpu) for name, found in series.items()}
    assert not [*tmp_path.iterdir()]


def test_memory_is_not_told_when_contenders_share_a_process(own_server: Server) -> None:
    """Contenders that share a process have separate times of the processor, and no figure for memory."""
    names = ("talon_async", "talon_async-bulk", "aiohttp")
    scenario = Scenario(name="x", answer="silent", in_flight=8, contenders=names, bulk=50, one_process=True)
    series = measure(scenario, PACE, own_server, {"": Path(sys.executable)}, None)
    assert [(name, 2, None) for name in names] == [(name, len(s.cpu), s.peak_mib) for name, s in series.items()]


def test_a_row_has_every_figure_when_it_is_made() -> None:
    """A row has the ratio with its quartiles, requests a second, memory, and the absolute time."""
    expected = {
        "scenario": "event-16", "contender": "talon_async", "ratio": [1.1, 1.05, 1.15], "per_second": 2,
        "peak_mib": 40.0, "growth_mib": 0.5, "cpu_microseconds": 1_100_000.0, "rounds": 3,
    }  # fmt: skip
    assert expected == row(RESULTS, "event-16", "talon_async", BASE)
    assert row(RESULTS, "import", "talon_async", BASE)["per_second"] is None


def test_cells_show_dashes_when_figures_are_missing() -> None:
    """A cold start shows dashes for memory and for requests a second."""
    shown = cells(row(RESULTS, "import", "talon_async", BASE))
    assert ("import", "talon_async", "-", "-", "4000.0", "-", "-", "-") == shown


def test_a_table_aligns_text_left_and_figures_right_when_it_is_written() -> None:
    """Columns are as wide as their widest cell."""
    assert "name   n\na      1\nbb    22" == table([("a", "1"), ("bb", "22")], ("name", "n"), text_columns=1)


@pytest.mark.parametrize(
    ("target", "measured", "word"),
    [
        (Target(what="w", scenario="event-16", over="aiohttp", most=1.1), 1.1, "met"),
        (Target(what="w", scenario="event-16", over="aiohttp", most=1.05), 1.1, "missed"),
        (Target(what="w", scenario="event-16", over="aiohttp", least=0.9), 1 / 1.1, "met"),
        (Target(what="w", scenario="event-16", over="aiohttp", least=2.7), 1 / 1.1, "missed"),
        (Target(what="w", scenario="event-16", over="aiohttp", kind="peak", most=1.0), 40.04 / 30, "missed"),
        (Target(what="w", scenario="event-16", kind="growth", most=1.0), 0.5, "met"),
        (Target(what="w", scenario="bulk-10k", contender=BULK[1], over=BULK[0], kind="more", most=5), 4.0, "met"),
        (
            Target(what="w", scenario="bulk-10k", contender=BULK[1], over=BULK[0], kind="part", most=0.03),
            0.04,
            "missed",
        ),
        (
            Target(what="w", scenario="bulk-10k", contender=BULK[1], over=BULK[2], kind="part", most=1),
            None,
            "not measured",
        ),
        (Target(what="w", scenario="event-16", kind="mib", most=64), 40.04, "met"),
        (Target(what="w", scenario="import", kind="ms", most=10), 4.0, "met"),
        (Target(what="w", scenario="session-16", over="aiohttp", most=1), None, "not measured"),
    ],
)
def test_a_target_is_judged_when_its_figure_is_known(target: Target, measured: float | None, word: str) -> None:
    """A target is met up to its upper bound, or from its lower bound on."""
    assert measured is None or figure(target, RESULTS) == pytest.approx(measured)
    assert word == verdict(target, RESULTS)[3]


def test_every_target_names_a_contender_of_its_scenario_when_the_plan_changes() -> None:
    """Every target names a contender that its scenario measures."""
    contenders = {scenario.name: {*scenario.contenders, ""} for scenario in SCENARIOS}
    aimed = [target for target in TARGETS if target.scenario in contenders]
    assert all({target.contender, target.over} <= contenders[target.scenario] for target in aimed)
    assert {"import", "first-call", "first-answer"} == {target.scenario for target in TARGETS} - set(contenders)


def test_every_contender_is_known_when_a_scenario_names_it() -> None:
    """Every contender takes part in a scenario, and every scenario names known contenders."""
    assert {name for scenario in SCENARIOS for name in scenario.contenders} == set(ENTRIES)


def test_the_default_transport_comes_first_when_contenders_are_listed() -> None:
    """Each list names the default transport, then the direct one, then the peers."""
    for names in [tuple(ENTRIES), *(scenario.contenders for scenario in SCENARIOS)]:
        floors = [1 if "direct" in name else 0 if name.startswith("talon_async") else 2 for name in names]
        assert sorted(floors) == floors


def test_every_scenario_of_the_default_transport_has_the_direct_one_when_it_is_planned() -> None:
    """The contenders of the default transport and those of the direct one are the same in every scenario."""
    for scenario in SCENARIOS:
        own = {name for name in scenario.contenders if name.startswith("talon_async") and "direct" not in name}
        assert {name.replace("talon_async", "talon_async-direct") for name in own} <= set(scenario.contenders)


@pytest.mark.parametrize("name", [name for name in ENTRIES if "direct" in name])
def test_a_direct_contender_asks_for_its_transport_when_it_is_made(name: str) -> None:
    """A contender of the direct transport asks for it, and the default contenders ask for none."""
    assert contender(name).transport == "direct"
    assert contender(name.replace("-direct", "")).transport is None


def test_a_client_is_given_a_transport_when_a_contender_asks_for_one() -> None:
    """A client gets the argument for its transport only if the release has that option."""
    job = Job(contender="talon_async", url="http://127.0.0.1:1", answer="event", in_flight=1)
    assert "transport" not in ours.options(job, None)
    assert ours.options(job, "direct")["transport"] == "direct"


def test_settings_of_the_shell_are_dropped_when_a_process_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    """Variables of the client that the shell has set are not passed to a measured process."""
    monkeypatch.setenv("TALON_ONE_TRANSPORT", "direct")
    assert "TALON_ONE_TRANSPORT" not in environment()


def test_the_chart_is_a_picture_when_it_is_drawn() -> None:
    """The chart is well-formed XML with one bar for each contender and colours for light and dark."""
    text = chart(drawn(2.0))
    rectangles = list(ET.fromstring(text).iter("{http://www.w3.org/2000/svg}rect"))  # noqa: S314  # our own text
    widths = [float(rectangle.attrib["width"]) for rectangle in rectangles]
    assert [2.0, 1.0] == [round(width / widths[1], 2) for width in widths]
    assert "prefers-color-scheme: dark" in text


def test_a_bar_is_cut_when_it_would_dwarf_the_others() -> None:
    """A bar that is much longer than the others is cut into two pieces, and its figure tells its length."""
    text = chart(drawn(16.9))
    rectangles = list(ET.fromstring(text).iter("{http://www.w3.org/2000/svg}rect"))  # noqa: S314  # our own text
    first, second, base = (float(rectangle.attrib["width"]) for rectangle in rectangles)
    assert 6 * base == pytest.approx(first + 6 + second, abs=0.5)
    assert "16.9" in text


@pytest.mark.parametrize("ratio", [0.45, 0.9, 0.99, 1.0, 1.08])
def test_a_figure_stays_off_the_dashed_line_when_its_bar_ends_near(ratio: float) -> None:
    """A figure begins after the dashed line or ends before it."""
    picture = ET.fromstring(chart(drawn(ratio)))  # noqa: S314  # our own text
    line = float(next(picture.iter("{http://www.w3.org/2000/svg}line")).attrib["x1"])
    texts = [text for text in picture.iter("{http://www.w3.org/2000/svg}text") if text.text == f"{ratio:.2f}"]
    begins = float(texts[0].attrib["x"])
    assert begins >= line + 5 or begins + FIGURE <= line


def test_the_chart_leaves_out_panels_when_nothing_was_measured() -> None:
    """A panel without figures is not drawn."""
    assert [] == bars_of(drawn(1.0), "large-16")
    assert "Session" not in chart(drawn(1.0))


def test_many_events_are_drawn_side_by_side_when_they_were_measured() -> None:
    """Each figure has a bar as long as its share of the largest in all panels, and the figure beside it."""
    measured = [
        {"scenario": scenario, "contender": name, "ratio": None, "cpu_microseconds": 50.0 * n, "per_second": 9000,
         "peak_mib": 100.0 * n}
        for scenario in ("bulk-10k", "bulk-1m") for n, name in enumerate(("talon_async-bulk", "official"), 1)
    ]  # fmt: skip
    text = chart(measured)
    widths = [float(bar.attrib["width"]) for bar in ET.fromstring(text).iter("{http://www.w3.org/2000/svg}rect")]  # noqa: S314
    longest = max(widths)
    assert [0.5, 1.0, 0.5, 1.0, 1.0, 1.0] * 2 == [round(width / longest, 2) for width in widths]
    assert "9,000" in text
    assert "100 thousand" not in text


def test_every_request_finds_its_answer_when_it_is_sent() -> None:
    """The server has an answer for every path of the clients."""
    assert list(REQUESTS) == [answer_to(path.format(n=7)) for _, path in REQUESTS.values()]


@pytest.mark.parametrize("answer", ["session", "large"])
def test_answers_are_understood_when_models_read_them(answer: str) -> None:
    """Every effect is of a known type, so that the typed work is really done."""
    state = from_json(ANSWERS[answer], IntegrationStateV2)
    assert {"session": 6, "large": 300}[answer] == len(state.effects)
    assert not [effect for effect in state.effects if isinstance(effect.props, UnknownEffectProps)]
    assert state.customer_session is not None
    assert len(body(answer, 1)["customerSession"]["cartItems"]) == len(state.customer_session.cart_items)


def test_answers_to_events_are_understood_when_models_read_them() -> None:
    """Each version of the API answers an event with one effect that the models know."""
    second, first = from_json(ANSWERS["event"], IntegrationEventV2Response), from_json(ANSWERS["v1"], IntegrationState)
    assert first.event is not None
    assert (1, 1) == (len(second.effects), len(first.event.effects))


@pytest.mark.parametrize(("answer", "kilobytes"), [("event", 0.25), ("v1", 0.3), ("session", 3), ("large", 90)])
def test_answers_have_their_size_when_they_are_made(answer: str, kilobytes: float) -> None:
    """Answers have the sizes that a shop sees, within a fifth."""
    assert kilobytes == pytest.approx(len(ANSWERS[answer]) / 1000, rel=0.2)
    json.loads(ANSWERS[answer])


def test_the_configuration_of_nginx_is_filled_in_when_it_is_needed() -> None:
    """The configuration of nginx has balanced braces, every port, and no name that is left to be filled in."""
    text = nginx_config(Path("/tmp/x"), [1, 2, 3, 4])
    assert text.count("{") == text.count("}")
    assert [1, 1, 1, 1] == [text.count(f"listen 127.0.0.1:{port}{end};") for port, end in
                            ((1, ""), (2, " ssl"), (3, ""), (4, " ssl"))]  # fmt: skip
    assert len(HEADERS) + len(MANY_HEADERS) + 2 == text.count("add_header")
    assert "{folder}" not in text


@pytest.mark.parametrize(("many_headers", "count"), [(False, 7), (True, 15)])
@pytest.mark.parametrize("tls", [False, True])
def test_an_answer_has_its_headers_when_the_small_server_gives_it(
    own_server: Server, tls: bool, many_headers: bool, count: int
) -> None:
    """An answer has seven headers, or fifteen from behind a load balancer, with the same body."""
    url = own_server.url(tls=tls, many_headers=many_headers)
    authority = ssl.create_default_context(cafile=own_server.ca)
    host = url.rpartition("/")[2]
    connection = http.client.HTTPSConnection(host, context=authority) if tls else http.client.HTTPConnection(host)
    with contextlib.closing(connection):
        connection.request(*REQUESTS["event"], body=b"{}")
        response = connection.getresponse()
        assert (count, ANSWERS["event"]) == (len(response.getheaders()), response.read())


def test_instructions_are_read_when_valgrind_reports() -> None:
    """The report separates thousands by commas; a report without the figure ends the run."""
    assert 1234567 == counted("==1== I   refs:      1,234,567\n")
    with pytest.raises(SystemExit, match="counted nothing"):
        counted("error")
