"""A whole office on twins in virtual time: stories, the prompt, replay; what tests use."""

from pathlib import Path

KEPT = Path("tests/recordings")
"""Where kept bundles are tests, from the directory in which Cityline's sources are."""


def play(story: str, out_dir: Path | None) -> int:
    """Play a story (or ``all``) for the command line and print it.

    Returns 0 when it passed, 1 when not, 2 for a name that no story has.
    """
    import click

    from gateway.bench import playing

    if story != "all":
        try:
            verdict = playing.play(story, out_dir)
        except playing.UnknownStoryError as error:
            click.echo(f"cityline: {error}", err=True)
            return 2
        click.echo(verdict.report())
        if out_dir is not None:
            click.echo(f"What each party heard, and the trace: {out_dir / story}")
        return 0 if verdict.passed else 1
    return _play_all(out_dir)


def _play_all(out_dir: Path | None) -> int:
    import click

    from gateway.bench import playing

    verdicts = []
    for verdict in playing.play_all(out_dir):
        verdicts.append(verdict)
        click.echo(verdict.summary())
        for check in verdict.failures:
            click.echo(f"    {check}")
        if verdict.error:
            click.echo(f"    It broke off: {verdict.error}")
    virtual_s, real_s = sum(each.virtual_s for each in verdicts), sum(each.real_s for each in verdicts)
    cpu_s = sum(each.cpu_s for each in verdicts)
    passed = sum(each.passed for each in verdicts)
    click.echo(
        f"{passed} of {len(verdicts)} stories passed: {virtual_s:.0f} s of an office in {real_s:.1f} s, "
        f"{cpu_s:.1f} s of processor time: {virtual_s / cpu_s:.0f} times faster than real time"
    )
    return 0 if passed == len(verdicts) else 1


def replay_bundle(file: Path, *, as_json: bool, keep: bool) -> int:
    """Replay a bundle of the flight recorder for the command line and print how it went; with ``keep`` make a
    test of it.

    Returns 0 when it goes the same, 1 when not, 2 for a file that is damaged.
    """
    import json

    import click

    from gateway.bench import bundles
    from gateway.errors import CitylineError

    try:
        report = bundles.replay_bundle(file)
        kept = bundles.keep_bundle(file, KEPT) if keep else None
    except CitylineError as error:
        click.echo(f"cityline: {error}", err=True)
        return 2
    if as_json:
        click.echo(json.dumps(bundles.report_plain(report), ensure_ascii=False, indent=1))
    else:
        click.echo(bundles.report_text(report, str(file)))
        if kept is not None:
            click.echo(f"Kept as a test: {kept}")
    return 0 if report.same else 1
