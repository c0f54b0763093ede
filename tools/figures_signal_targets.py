"""The rows of `inv bench signal`: which figure, beside which peer, against which target of the signal core.

Targets stand here and nowhere else; figures of ours and of the peers are only ever measured.
"""

from __future__ import annotations

from dataclasses import dataclass

SPANDSP = "libspandsp"
SPEEX = "libspeexdsp"
OURS = "ours"
X86 = "our x86-64 build"  # under qemu, as the NEON build is


@dataclass(frozen=True, slots=True)
class Target:
    """What a figure must reach: at most, at least, every trial, or `of_peer` times the peer's figure."""

    at_most: float | None = None
    at_least: float | None = None
    every_trial: bool = False
    of_peer: float | None = None

    def __str__(self) -> str:
        if self.of_peer is not None:
            return "≤ the peer's" if self.of_peer == 1 else f"≤ {self.of_peer:g} × the peer's"
        if self.every_trial:
            return "all"
        if self.at_most is not None:
            return f"{self.at_most:g}" if self.at_most == 0 else f"≤ {self.at_most:g}"
        return f"≥ {self.at_least:g}" if self.at_least is not None else "–"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table; without a figure the block is not built.

    `why` says what is missing where nothing is measured.
    """

    block: str
    name: str
    figure: str
    unit: str
    target: Target
    peer: str = ""
    why: str = ""


def _at_most(block: str, name: str, figure: str, unit: str, limit: float, peer: str = "") -> Row:
    return Row(block, name, figure, unit, Target(at_most=limit), peer)


def _at_least(block: str, name: str, figure: str, unit: str, limit: float, peer: str = "") -> Row:
    return Row(block, name, figure, unit, Target(at_least=limit), peer)


def _all(block: str, name: str, figure: str, peer: str = "") -> Row:
    return Row(block, name, figure, "", Target(every_trial=True), peer)


def _of_peer(block: str, name: str, figure: str, unit: str, factor: float, peer: str) -> Row:
    return Row(block, name, figure, unit, Target(of_peer=factor), peer)


def _missing(block: str, name: str, why: str) -> Row:
    return Row(block, name, "", "", Target(), why=why)


ECHO = "echo canceller"
DTMF = "DTMF"
PROGRESS = "call progress"
CALLER = "caller identity"
DRIFT = "clock drift"
JITTER = "jitter buffer"
LEVELS = "levels"
CONCEALMENT = "concealment"
CODECS = "codecs"
COST = "cost in all"

ECHO_ROWS = (
    _at_most(ECHO, "to 20 dB ERLE, span 32 ms, median", "ec_32_median_s", "s", 0.35, SPEEX),
    _at_most(ECHO, "to 20 dB ERLE, span 128 ms, median", "ec_128_median_s", "s", 0.6, SPEEX),
    _all(ECHO, "cases that get there, span 32 ms", "ec_32_reached", SPEEX),
    _all(ECHO, "cases that get there, span 128 ms", "ec_128_reached", SPEEX),
    _at_least(ECHO, "steady ERLE through A-law, 32 ms, median", "ec_32_steady_median_db", "dB", 32, SPEEX),
    _at_least(ECHO, "steady ERLE through A-law, 32 ms, worst", "ec_32_steady_worst_db", "dB", 28, SPEEX),
    _at_least(ECHO, "steady ERLE through A-law, 128 ms, median", "ec_128_steady_median_db", "dB", 32, SPEEX),
    _at_least(ECHO, "steady ERLE through A-law, 128 ms, worst", "ec_128_steady_worst_db", "dB", 28, SPEEX),
    _all(ECHO, "G.168 Fig. 11, NLP off, -30..0 dBm0", "ec_figure_11", SPEEX),
    _all(ECHO, "G.168 2A: Fig. 9 and 10a, NLP on", "g168_2A"),
    _all(ECHO, "G.168 2B: Fig. 11 and 12a, NLP off", "g168_2B"),
    _all(ECHO, "G.168 2B after an abrupt path change", "g168_2B_change"),
    _all(ECHO, "G.168 2C, noise at the near end", "g168_2C"),
    _all(ECHO, "G.168 3A, weak near end", "g168_3A"),
    _all(ECHO, "G.168 3B, double talk", "g168_3B"),
    _all(ECHO, "G.168 3C, conversation", "g168_3C"),
    _all(ECHO, "G.168 4, leak", "g168_4"),
    _all(ECHO, "G.168 5, path opened", "g168_5"),
    _all(ECHO, "G.168 6, tones and DTMF", "g168_6"),
    _all(ECHO, "G.168 7, a tone from reset", "g168_7"),
    _all(ECHO, "G.168 9, comfort noise", "g168_9"),
    _at_least(ECHO, "ERLE lost to 0 dB double talk, speech, median", "ec_change_median_db", "dB", -3, SPEEX),
    _at_least(ECHO, "near end in double talk, NLP on, level, median", "ec_near_median_db", "dB", -1),
    _at_least(ECHO, "near end in double talk, NLP on, level, worst", "ec_near_worst_db", "dB", -3),
    _at_least(ECHO, "near end in double talk, NLP on, SDR, worst", "ec_sdr_worst_db", "dB", 24),
    _at_least(ECHO, "office, first 2 s, NLP off, median", "ec_office_first_median_db", "dB", 9, SPEEX),
    _at_least(ECHO, "office, first 2 s, NLP on, median", "ec_office_first_nlp_median_db", "dB", 16),
    _at_least(ECHO, "office, first 2 s, delay known, median", "ec_office_first_known_median_db", "dB", 12),
    _at_least(
        ECHO, "office, 6..10 s to a perfect one, median", "ec_office_later_median_db", "dB", -0.5, SPEEX
    ),
    _at_least(ECHO, "office, 6..10 s to a perfect one, worst", "ec_office_later_worst_db", "dB", -4, SPEEX),
    _at_least(ECHO, "office, 1 s after double talk, median", "ec_office_after_median_db", "dB", 22, SPEEX),
    _at_least(ECHO, "office, 1 s after double talk, worst", "ec_office_after_worst_db", "dB", 14, SPEEX),
    _of_peer(ECHO, "instructions a sample, span 128 ms", "ec_instructions_128", "", 0.25, SPEEX),
    Row(
        ECHO,
        "time a sample of the NEON build, qemu-aarch64",
        "ec_neon_ns",
        "ns",
        Target(),
        X86,
        "needs gcc-aarch64-linux-gnu and qemu-user-static",
    ),
    _all(ECHO, "2100 Hz found: NLP off", "answer_tone_found", SPANDSP),
    _all(ECHO, "2100 Hz with reversals found in 1 s: canceller off", "answer_reversals_in_1_s", SPANDSP),
    _all(ECHO, "2100 Hz with reversals found in 3 s", "answer_reversals_in_3_s", SPANDSP),
    _at_most(ECHO, "turns of 110° and less taken for reversals", "answer_little_turns_taken", "", 0, SPANDSP),
    _at_most(
        ECHO, "2100 Hz in recordings, held-out, an hour", "held_out_answer_tones_per_hour", "", 0, SPANDSP
    ),
    _at_most(ECHO, "reversals in recordings, held-out", "held_out_answer_reversals", "", 0, SPANDSP),
    _all(ECHO, "echo gone as before 200 ms after an xrun", "ec_after_xrun", SPEEX),
)

DTMF_ROWS = (
    _at_most(
        DTMF, "missed at 1.5 % + 2 Hz off on both tones", "dtmf_missed_1_5_percent_2_hz", "", 0, SPANDSP
    ),
    _at_most(DTMF, "accepted at 3.5 % off on either tone", "dtmf_accepted_3_5_percent", "", 0, SPANDSP),
    _at_least(DTMF, "twist accepted, low louder", "dtmf_twist_low_louder_db", "dB", 8, SPANDSP),
    _at_least(DTMF, "twist accepted, high louder", "dtmf_twist_high_louder_db", "dB", 4, SPANDSP),
    _at_most(DTMF, "tones of 40 ms missed", "dtmf_missed_40_ms", "", 0, SPANDSP),
    _at_most(DTMF, "tones of 23 ms accepted", "dtmf_accepted_23_ms", "", 0, SPANDSP),
    _at_most(DTMF, "pauses of 40 ms that do not split", "dtmf_pause_40_ms_not_split", "", 0, SPANDSP),
    _at_most(DTMF, "drop-outs of 10 ms that split", "dtmf_drop_out_10_ms_not_bridged", "", 0, SPANDSP),
    _at_most(DTMF, "errors per 1000 at 10 dB", "dtmf_errors_per_1000_at_10_db", "", 1, SPANDSP),
    _at_most(DTMF, "errors per 1000 at 8 dB", "dtmf_errors_per_1000_at_8_db", "", 20, SPANDSP),
    _at_most(DTMF, "missed under our own dial tone", "dtmf_missed_under_dial_tone", "", 0, SPANDSP),
    _at_most(DTMF, "errors through a hybrid's echo", "dtmf_errors_hybrid_echo", "", 0, SPANDSP),
    _at_most(DTMF, "errors with an echo 20 ms late, 10 dB down", "dtmf_errors_echo_20_ms", "", 0, SPANDSP),
    _at_most(DTMF, "heard by the far side, through the core", "dtmf_leak_ms", "ms", 25),
    _at_most(DTMF, "heard by the far side, 20 dB SNR", "dtmf_leak_in_noise_ms", "ms", 25),
    _at_most(DTMF, "heard by the far side, key in a word", "dtmf_leak_in_a_word_ms", "ms", 25),
    _at_most(DTMF, "talk-off, held-out recordings", "held_out_digits", "", 2, SPANDSP),
    _at_most(DTMF, "talk-off, tuning recordings", "tuning_digits", "", 2, SPANDSP),
    _at_most(DTMF, "muted by mistake, held-out, an hour", "held_out_mutes_per_hour", "", 2),
    _at_most(DTMF, "muted by mistake, tuning, an hour", "tuning_mutes_per_hour", "", 2),
    _of_peer(DTMF, "instructions a sample, worst signal", "dtmf_instructions", "", 1.2, SPANDSP),
)

PROGRESS_ROWS = (
    _at_most(PROGRESS, "false busy or congestion, held-out", "held_out_busy_or_congestion", "", 0, SPANDSP),
    _at_most(PROGRESS, "false busy or congestion, tuning", "tuning_busy_or_congestion", "", 0, SPANDSP),
    _all(PROGRESS, "busy at SNR 10 dB", "busy_snr_10", SPANDSP),
    _all(PROGRESS, "busy at -40 dBm0", "busy_minus_40", SPANDSP),
    _all(PROGRESS, "busy at 0 dBm0", "busy_0_dbm0", SPANDSP),
    _all(PROGRESS, "busy 40 Hz too high", "busy_plus_40_hz", SPANDSP),
    _all(PROGRESS, "busy 40 Hz too low", "busy_minus_40_hz", SPANDSP),
    _all(PROGRESS, "busy, cadence +20 %", "busy_cadence_plus_20", SPANDSP),
    _all(PROGRESS, "busy, cadence -20 %", "busy_cadence_minus_20", SPANDSP),
    _all(PROGRESS, "busy under speech 6 dB down", "busy_under_speech_6_db_down", SPANDSP),
    _all(PROGRESS, "busy under speech as loud", "busy_under_speech_as_loud", SPANDSP),
    _at_most(PROGRESS, "busy after two cycles, SNR 10 dB", "busy_snr_10_latest_ms", "ms", 100, SPANDSP),
    _at_most(
        PROGRESS,
        "busy after two cycles, under speech",
        "busy_under_speech_6_db_down_latest_ms",
        "ms",
        100,
        SPANDSP,
    ),
    _at_most(
        PROGRESS,
        "busy after two cycles, under speech as loud",
        "busy_under_speech_as_loud_latest_ms",
        "ms",
        100,
        SPANDSP,
    ),
    _all(PROGRESS, "congestion at SNR 10 dB", "congestion_snr_10", SPANDSP),
    _all(PROGRESS, "ringback at SNR 10 dB", "ringback_snr_10", SPANDSP),
    _all(PROGRESS, "dial tone at SNR 10 dB", "dial_snr_10", SPANDSP),
    _all(PROGRESS, "stutter dial tone at SNR 10 dB", "stutter_snr_10", SPANDSP),
    _all(PROGRESS, "special information tone at SNR 10 dB", "sit_snr_10", SPANDSP),
    _all(PROGRESS, "howler at SNR 10 dB", "howler_snr_10"),
    _at_most(PROGRESS, "false howler, held-out", "held_out_howler", "", 0),
    _of_peer(PROGRESS, "instructions a sample, worst signal", "tones_instructions", "", 1.2, SPANDSP),
    _all(PROGRESS, "fax calling (CNG) at SNR 10 dB", "fax_calling_snr_10", SPANDSP),
    _all(PROGRESS, "fax answering (CED) at SNR 10 dB", "fax_answer_snr_10", SPANDSP),
    _all(PROGRESS, "learned from call endings: right", "learned_right"),
    _at_most(PROGRESS, "learned from call endings: wrong", "learned_wrong", "", 0),
    _at_most(PROGRESS, "learned where calls end in no tone", "learned_from_nothing_however_unsure", "", 0),
    _at_most(PROGRESS, "learned frequency, worst", "learned_worst_hz", "Hz", 3),
    _at_most(PROGRESS, "learned cadence, worst", "learned_worst_percent", "%", 3),
    _at_most(PROGRESS, "learned: more confident than right, most", "learned_overconfidence", "", 0.1),
)

CALLER_ROWS = (
    _at_most(CALLER, "Bell 202 errors at 9 dB", "callerid_bell202_9_db_percent", "%", 5, SPANDSP),
    _at_most(CALLER, "V.23 errors at 10 dB", "callerid_v23_10_db_percent", "%", 5, SPANDSP),
    _at_most(CALLER, "Bell 202 errors at -44 dBm0", "callerid_bell202_minus_44_percent", "%", 0, SPANDSP),
    _at_most(CALLER, "V.23 errors at -44 dBm0", "callerid_v23_minus_44_percent", "%", 0, SPANDSP),
    _at_most(CALLER, "Bell 202, mark +10 dB", "callerid_bell202_mark_10_db_louder_percent", "%", 0, SPANDSP),
    _at_most(
        CALLER, "Bell 202, space +10 dB", "callerid_bell202_space_10_db_louder_percent", "%", 0, SPANDSP
    ),
    _at_most(CALLER, "V.23, mark +10 dB", "callerid_v23_mark_10_db_louder_percent", "%", 0, SPANDSP),
    _at_most(CALLER, "V.23, space +10 dB", "callerid_v23_space_10_db_louder_percent", "%", 0, SPANDSP),
    _at_most(CALLER, "through hybrids m1..m8 at 0 dB", "callerid_hybrids_percent", "%", 0, SPANDSP),
    _at_most(CALLER, "as DTMF digits, errors at 10 dB", "callerid_dtmf_10_db_percent", "%", 0, SPANDSP),
    _of_peer(CALLER, "as DTMF digits, errors at 8 dB", "callerid_dtmf_8_db_percent", "%", 1, SPANDSP),
    _all(CALLER, "what we send, read by libspandsp", "callerid_sender_read_by_peer"),
    _at_most(CALLER, "Japanese form, errors at 10 dB", "callerid_japan_10_db_percent", "%", 5, SPANDSP),
    _all(CALLER, "type II: alerts (CAS) in every tolerance", "cas_tolerated"),
    _all(CALLER, "type II: alerts at SNR 10 dB", "cas_snr_10"),
    _all(CALLER, "type II: alerts, speech 6 dB below them", "cas_under_speech_6_db_down"),
    _all(CALLER, "type II: alerts, speech as loud", "cas_under_speech_as_loud"),
    _at_most(CALLER, "type II: false alerts, held-out recordings", "held_out_alerts", "", 0),
    _at_most(CALLER, "type II: false alerts, tuning recordings", "tuning_alerts", "", 0),
    _all(CALLER, "type II: alert, answer, identity", "callwaiting_read"),
    _all(CALLER, "Russian АОН at SNR 10 dB", "aon_read_snr_10"),
    _at_most(CALLER, "Russian АОН, wrong numbers", "aon_wrong", "", 0),
    _of_peer(CALLER, "instructions a sample, worst signal", "callerid_instructions", "", 1, SPANDSP),
)

TRACES = (
    ("loss_1", "loss 1 %"),
    ("loss_5", "loss 5 %"),
    ("loss_10", "loss 10 %"),
    ("bursts_60_ms", "bursts of 60 ms"),
    ("wifi", "Wi-Fi"),
    ("lte", "LTE"),
)

LEVEL_ROWS = (
    _all(LEVELS, "talkers of -36 .. -6 dBm0 within 3 dB of -16", "levels_reached", SPEEX),
    _at_most(LEVELS, "farthest from -16 dBm0", "levels_off_db", "dB", 3, SPEEX),
    _at_most(LEVELS, "gain moves while one talks, worst", "levels_moves_talking_db_s", "dB/s", 1, SPEEX),
    _at_most(LEVELS, "gain moves in a pause, worst", "levels_moves_pausing_db_s", "dB/s", 0.1, SPEEX),
    _at_most(LEVELS, "noise of -45 dBm0 alone is raised by", "levels_noise_raised_db", "dB", 0.5, SPEEX),
    _at_most(
        LEVELS, "noise of -55 dBm0 behind a talker of -36", "levels_noise_behind_dbm0", "dBm0", -50, SPEEX
    ),
    _at_most(LEVELS, "conference of 8 at -6 dBm0: clipped", "levels_clipped", "", 0),
    _at_most(LEVELS, "limiter, distortion of a sine", "levels_thd_percent", "%", 0.1),
)

PATH_ROWS = (
    _at_most(DRIFT, "slips in an hour at -300 and +300 ppm", "drift_slips", "", 0),
    _at_most(DRIFT, "added delay", "drift_delay_ms", "ms", 15),
    _at_least(DRIFT, "SNR of a 1 kHz tone", "drift_snr_db", "dB", 60),
    _at_least(DRIFT, "stop band of 48 → 8 kHz", "stop_band_db", "dB", 60),
    *(
        _of_peer(JITTER, f"{name}: {what}", f"jitter_{trace}_{figure}", unit, 1, SPEEX)
        for trace, name in TRACES
        for figure, what, unit in (
            ("late_percent", "came and was never played", "%"),
            ("hole_percent", "nothing to play, beyond the lost", "%"),
            ("delay_ms", "added delay, mean", "ms"),
        )
    ),
    _at_most(JITTER, "Wi-Fi and LTE, speech: clicks", "jitter_clicks", "", 0),
    *(
        row
        for percent in (1, 5, 10)
        for row in (
            _at_most(
                CONCEALMENT,
                f"clicks at loss {percent} %",
                f"concealment_{percent}_percent_clicks",
                "",
                0,
                SPANDSP,
            ),
            _of_peer(
                CONCEALMENT,
                f"spectral distance at loss {percent} %",
                f"concealment_{percent}_percent_lsd_db",
                "dB",
                1,
                SPANDSP,
            ),
        )
    ),
    *LEVEL_ROWS,
    _all(CODECS, "G.722: octets as the peer's encoder makes them", "g722_octets"),
    _all(CODECS, "G.722: samples as the peer's decoder makes them", "g722_samples"),
    _all(CODECS, "G.722 appendix II, overload sequence, CRC-32 figures", "g722_sequence"),
    _at_least(CODECS, "G.722: SNR of a voice at -22 dBm0", "g722_snr_db", "dB", 15, SPANDSP),
    _at_least(CODECS, "G.722: SNR of a full-scale square of 200 Hz", "g722_overload_db", "dB", 10, SPANDSP),
    _of_peer(CODECS, "G.722: instructions a sample, encoding", "g722_encode_instructions", "", 1, SPANDSP),
    _of_peer(CODECS, "G.722: instructions a sample, decoding", "g722_decode_instructions", "", 1, SPANDSP),
)

COST_ROWS = (
    Row(COST, "8 lines, everything on, 16 legs", "tick_instructions_per_s", "M/s", Target()),
    Row(COST, "a SIP leg more, slope over 2..256", "leg_instructions_per_s", "M/s", Target()),
    Row(COST, "a SIP leg of G.722 more", "leg_wide_instructions_per_s", "M/s", Target()),
    Row(COST, "a SIP leg of Opus more (libopus)", "leg_opus_instructions_per_s", "M/s", Target()),
    _at_most(COST, "farthest from that line, share", "leg_nonlinearity_percent", "%", 10),
)

ROWS: tuple[Row, ...] = (*ECHO_ROWS, *DTMF_ROWS, *PROGRESS_ROWS, *CALLER_ROWS, *PATH_ROWS, *COST_ROWS)
