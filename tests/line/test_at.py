"""A modem's lines: cut out of bytes, read as values, told apart from what comes unasked."""

import string
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.line.at_dialogue import AtDialogue, Command, CommandDone, CommandSilent, Forget, Purpose, Unasked
from gateway.line.at_lines import LINE_MAX, PROMPT, LineSplitter
from gateway.line.at_replies import (
    CallStage,
    ListedCall,
    Registration,
    SimState,
    Ussd,
    read_call,
    read_operator,
    read_registration,
    read_signal_dbm,
    read_sim,
    read_slot,
    read_stored,
    read_ussd,
    ussd_text,
)
from gateway.line.modem_words import CallOver, FarEndAlerts, FarEndConnected, Noise, read_unasked
from gateway.model.actions import ModemSend, ModemUnlock
from gateway.model.causes import Cause
from gateway.model.events import ModemSaid
from gateway.model.numbers import PortId
from tests.line.listening import Bench

GSM1 = PortId("gsm1")


# --- bytes to lines ---


def test_lines_come_however_the_bytes_are_cut() -> None:
    octets = b"\r\nOK\r\nAT+CSQ\r\r\n+CSQ: 17,99\r\n\r\n> "
    for size in range(1, len(octets) + 1):
        splitter = LineSplitter()
        lines = [line for at in range(0, len(octets), size) for line in splitter.take(octets[at : at + size])]
        assert lines == ["OK", "AT+CSQ", "+CSQ: 17,99", PROMPT]


def test_a_line_without_an_end_is_thrown_away_but_for_its_beginning() -> None:
    splitter = LineSplitter()
    assert splitter.take(b"x" * LINE_MAX) == []
    assert splitter.take(b"y" * 5_000) == ["x" * LINE_MAX]
    assert splitter.take(b"z\r\nOK\r\n") == ["OK"]
    assert splitter.overlong == 1


@given(st.lists(st.binary(max_size=80), max_size=20))
def test_any_bytes_become_printable_lines(pieces: list[bytes]) -> None:
    splitter = LineSplitter()
    for line in [line for piece in pieces for line in splitter.take(piece)]:
        assert line
        assert len(line) <= LINE_MAX
        assert set(line) <= set(string.printable) - set("\r\n\t\x0b\x0c")


# --- lines to values ---


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ('+CREG: 2,1,"00C3","3F1A"', Registration.HOME),
        ('+CREG: 1,"00C3","3F1A"', Registration.HOME),
        ("+CREG: 2", Registration.SEARCHING),
        ("+CREG: 0,5", Registration.ROAMING),
        ("+CEREG: 3", Registration.DENIED),
        ("+CREG: 9", None),
        ("+CREG:", None),
    ],
)
def test_registration(line: str, value: Registration | None) -> None:
    assert read_registration(line) is value


def test_calls() -> None:
    call = '+CLCC: 1,1,4,0,0,"+79161234567",145'
    assert read_call(call) == ListedCall(1, False, CallStage.INCOMING, "+79161234567")
    assert read_call("+CLCC: 2,0,3,0,0") == ListedCall(2, True, CallStage.ALERTING, "")
    assert read_call("+CLCC: 1,0,0,1,0") is None  # a data connection
    assert read_call('+CLCC: 1,1,4,0,0,"<script>",145') == ListedCall(1, False, CallStage.INCOMING, "")
    assert read_call("+CLCC: 1,1") is None


def test_other_lines() -> None:
    assert read_signal_dbm("+CSQ: 17,99") == -79
    assert read_signal_dbm("+CSQ: 99,99") is None
    assert read_sim("+CPIN: SIM PIN") is SimState.WANTS_PIN
    assert read_sim("+CPIN: PH-NET PIN") is SimState.OTHER
    assert read_operator('+COPS: 0,0,"MTS, RUS",2') == "MTS, RUS"
    assert read_operator("+COPS: 0") == ""
    assert read_slot('+CMTI: "SM",3') == 3
    assert read_slot('+CMTI: "SM"') is None
    assert read_stored(("+CMGL: 1,1,,23", "0791", "+CMGL: 2,1,,23", "0792")) == [(1, "0791"), (2, "0792")]


def test_a_balance_in_three_codings() -> None:
    cyrillic = "Баланс 5 р."
    assert read_ussd(f'+CUSD: 0,"{cyrillic.encode("utf-16-be").hex()}",72') == Ussd(cyrillic, False)
    assert read_ussd('+CUSD: 1,"Balance: 5.00",15') == Ussd("Balance: 5.00", True)
    assert ussd_text("C8329BFD06", 15) == "Hello"
    assert read_ussd("+CUSD: 2") == Ussd("", False)
    assert read_ussd("+CUSD: x") is None


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("^CEND:1,0,104,17", CallOver(Cause.USER_BUSY)),
        ("^CEND:1,0,104,999", CallOver(Cause.NORMAL_CLEARING)),
        ("^CEND:1,0,104,97", CallOver(Cause.NORMAL_UNSPECIFIED)),
        ("NO CARRIER", CallOver(Cause.NORMAL_CLEARING)),
        ("VOICE CALL: END: 000012", CallOver(Cause.NORMAL_CLEARING)),
        ("VOICE CALL: BEGIN", FarEndConnected()),
        ("^DSCI: 1,0,3,0,89161234567,129", FarEndConnected()),
        ("^DSCI: 1,0,7,0,89161234567,129", FarEndAlerts()),
        ("^DSCI: 1,0,6,0,,", CallOver(Cause.NORMAL_CLEARING)),
        ("^DSCI:", Noise()),
        ("^RSSI:", None),
        ("%&/(", None),
    ],
)
def test_what_comes_unasked(line: str, word: object) -> None:
    found = read_unasked(line)
    assert found == word if word is not None or not line.startswith("^RSSI") else found is not None


HEADS = (
    "+CLCC: ",
    "+CREG: ",
    "+CSQ: ",
    "+CPIN: ",
    "+COPS: ",
    "+CMTI: ",
    "+CUSD: ",
    "^CEND:",
    "^DSCI: ",
    "+QIND: ",
)
LINES = st.one_of(
    st.text(string.printable, max_size=60),
    st.tuples(st.sampled_from(HEADS), st.text('0123456789,"+ABCDEFx -', max_size=40)).map("".join),
)


READERS: tuple[Callable[[str], object], ...] = (
    *(read_call, read_registration, read_signal_dbm, read_sim),
    *(read_operator, read_slot, read_ussd),
)


@given(LINES)
def test_no_line_raises(line: str) -> None:
    for read in (
        read_call,
        read_registration,
        read_signal_dbm,
        read_sim,
        read_operator,
        read_slot,
        read_ussd,
    ):
        read(line)  # type: ignore[operator]  # each takes a line
    assert read_stored((line, line)) == [] or line.startswith("+CMGL:")
    read_unasked(line)


# --- the dialogue ---


class Dialogue:
    def __init__(self) -> None:
        self.machine = AtDialogue(GSM1)
        self.bench = Bench([self.machine])

    def asks(self, *commands: Command, urgent: bool = False) -> None:
        for command in commands:
            step = self.bench.step()
            self.machine.ask(command, step, urgent=urgent)
            self.bench.finish(step)

    def hears(self, *lines: str) -> None:
        for line in lines:
            self.bench.take(self.machine, ModemSaid(GSM1, line))

    @property
    def sent(self) -> list[str]:
        return [one.text for one in self.bench.actions if isinstance(one, ModemSend)]

    def outcomes(self) -> list[object]:
        taken = list(self.machine.outcomes)
        self.machine.outcomes.clear()
        return taken


CSQ = Command("AT+CSQ", Purpose.SIGNAL, "+CSQ:")
CLCC = Command("AT+CLCC", Purpose.CALLS, "+CLCC:")


def test_one_command_at_a_time_and_events_in_between() -> None:
    dialogue = Dialogue()
    dialogue.asks(CSQ, CLCC)
    assert dialogue.sent == ["AT+CSQ"]
    dialogue.hears("AT+CSQ", "RING", "+CSQ: 17,99", '+CMTI: "SM",3', "OK")
    assert dialogue.sent == ["AT+CSQ", "AT+CLCC"]
    assert dialogue.outcomes() == [
        Unasked("RING"),
        Unasked('+CMTI: "SM",3'),
        CommandDone(CSQ, "OK", ("+CSQ: 17,99",)),
    ]


def test_an_urgent_one_goes_before_those_that_wait() -> None:
    dialogue = Dialogue()
    dialogue.asks(CSQ, CLCC)
    dialogue.asks(Command("AT+CHUP", Purpose.HANG_UP), urgent=True)
    dialogue.hears("OK", "OK")
    assert dialogue.sent == ["AT+CSQ", "AT+CHUP", "AT+CLCC"]


def test_no_carrier_answers_a_dialling_and_nothing_else() -> None:
    dialogue = Dialogue()
    dial = Command("ATD123;", Purpose.DIAL)
    dialogue.asks(dial)
    dialogue.hears("NO CARRIER")
    dialogue.asks(CLCC)
    dialogue.hears("NO CARRIER", "OK")
    assert dialogue.outcomes() == [
        CommandDone(dial, "NO CARRIER"),
        Unasked("NO CARRIER"),
        CommandDone(CLCC, "OK"),
    ]


def test_a_body_follows_the_prompt_once() -> None:
    dialogue = Dialogue()
    dialogue.asks(Command("AT+CMGS=17", Purpose.SEND_MESSAGE, "+CMGS:", body="0011"))
    dialogue.hears(PROMPT, PROMPT, "+CMGS: 1", "OK")
    assert [one for one in dialogue.bench.actions if isinstance(one, ModemSend)] == [
        ModemSend(GSM1, "AT+CMGS=17"),
        ModemSend(GSM1, "0011", ends_body=True),
    ]


def test_silence_is_told_and_the_next_one_has_a_time_of_its_own() -> None:
    dialogue = Dialogue()
    dialogue.asks(CSQ, CLCC)
    dialogue.bench.wait_ms(5_100)
    assert dialogue.outcomes() == [CommandSilent(CSQ)]
    assert dialogue.sent[-1] == "AT+CLCC"
    dialogue.bench.wait_ms(4_800)
    assert dialogue.outcomes() == []
    dialogue.bench.wait_ms(300)
    assert dialogue.outcomes() == [CommandSilent(CLCC)]
    assert not dialogue.bench.due


def test_the_pin_is_the_drivers_and_its_echo_nobodys() -> None:
    dialogue = Dialogue()
    unlock = Command("AT+CPIN=...", Purpose.UNLOCK)
    dialogue.asks(unlock)
    dialogue.hears('AT+CPIN="1234"', "OK")
    assert dialogue.outcomes() == [CommandDone(unlock, "OK")]
    assert ModemUnlock(GSM1) in dialogue.bench.actions
    assert "1234" not in str(dialogue.bench.actions)


@given(st.lists(st.one_of(LINES, st.sampled_from(["OK", "ERROR", "RING", PROMPT, "wait", "ask", "forget"]))))
def test_any_dialogue_ends_and_asks_again(lines: list[str]) -> None:
    dialogue = Dialogue()
    for line in lines:
        if line == "wait":
            dialogue.bench.wait_ms(6_000)
        elif line == "ask":
            dialogue.asks(CSQ)
        elif line == "forget":
            dialogue.bench.take(dialogue.machine, Forget())
        else:
            dialogue.hears(line)
    dialogue.bench.wait_ms(6_000 * (len(lines) + 1))
    assert not dialogue.machine.asking
    dialogue.outcomes()
    dialogue.asks(CSQ)
    dialogue.hears("+CSQ: 1,99", "OK")
    assert dialogue.outcomes() == [CommandDone(CSQ, "OK", ("+CSQ: 1,99",))]
