"""A whole office on twins in virtual time: stories, the prompt, replay; what tests use."""

from pathlib import Path


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
