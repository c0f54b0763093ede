"""What a modem's serial port gives, cut into lines (ITU-T V.250, 5.7): bytes in, lines out.

A line ends with CR or LF; empty ones are nothing. The prompt for a message's body, ``> ``, ends with neither
and counts as a line as soon as it stands alone (3GPP TS 27.005, 3.5.1). What is no line of text is made one
that harms nobody: other octets become ``?``, and of a line that never ends only the end is thrown away.
"""

LINE_MAX = 1_024
"""Octets of a line. The longest that is needed holds a PDU, 2 x 176 and something."""
PROMPT = "> "


class LineSplitter:
    """Cuts one port's bytes into lines. ``overlong`` counts lines that had more than `LINE_MAX` octets."""

    def __init__(self) -> None:
        self.overlong = 0
        self._line = bytearray()
        self._skipping = False

    def clear(self) -> None:
        """Forget a line that has only begun: the port was opened anew."""
        self._line.clear()
        self._skipping = False

    def take(self, octets: bytes) -> list[str]:
        """Lines that are whole now."""
        lines = []
        for octet in octets:
            if octet in b"\r\n":
                if self._line and not self._skipping:
                    lines.append(_text(self._line))
                self.clear()
            elif len(self._line) < LINE_MAX:
                self._line.append(octet)
            elif not self._skipping:
                self._skipping = True
                self.overlong += 1
                lines.append(_text(self._line))
        if self._line == PROMPT.encode():
            lines.append(PROMPT)
            self.clear()
        return lines


def _text(line: bytearray) -> str:
    return "".join(chr(octet) if 0x20 <= octet < 0x7F else "?" for octet in line)
