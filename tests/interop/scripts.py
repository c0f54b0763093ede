"""Scripts for sipp, put together from messages: what a telephone says and what it must hear."""

from dataclasses import dataclass, field

SDP = """v=0
o=- 1 {version} IN IP[local_ip_type] [local_ip]
s=-
c=IN IP[media_ip_type] {address}
t=0 0
m=audio [auto_media_port] RTP/AVP 8 0 101
a=rtpmap:8 PCMA/8000
a=rtpmap:0 PCMU/8000
a=rtpmap:101 telephone-event/8000
a=ptime:20
a={direction}
"""

CONTACT = "Contact: <sip:[user]@[local_ip]:[local_port];transport=[transport]>"
AUTHENTICATION = "[authentication]"


def sdp(direction: str = "sendrecv", version: int = 1, address: str = "[media_ip]") -> str:
    """A session description of the telephone."""
    return SDP.format(direction=direction, version=version, address=address)


@dataclass(slots=True)
class Script:
    """A telephone's side of a conversation, as sipp XML in the end."""

    steps: list[str] = field(default_factory=list)
    cseq: int = 0
    _invite_at: int = 0

    def send(
        self,
        method: str,
        *headers: str,
        body: str = "",
        target: str = "[service]",
        cseq: int | None = None,
        tagged: bool = False,
        reliable: bool = True,
        same_branch: bool = False,
    ) -> "Script":
        """A request to the gateway; ``tagged`` inside a dialog that we began.

        ``same_branch``: of the transaction of the last INVITE (CANCEL, ACK of a refusal).
        """
        if cseq is None:
            self.cseq += 1
            cseq = self.cseq
        user = "[user]" if method == "REGISTER" else target
        uri = (
            "sip:[remote_ip]:[remote_port]"
            if method == "REGISTER"
            else f"sip:{user}@[remote_ip]:[remote_port]"
        )
        if method == "INVITE":
            self._invite_at = len(self.steps)
        branch = f"[branch-{len(self.steps) - self._invite_at}]" if same_branch else "[branch]"
        lines = [
            f"{method} {uri} SIP/2.0",
            f"Via: SIP/2.0/[transport] [local_ip]:[local_port];branch={branch};rport",
            'From: "Anna" <sip:[user]@cityline>;tag=[pid]f[call_number]',
            f"To: <sip:{user}@cityline>" + ("[peer_tag_param]" if tagged else ""),
            "Call-ID: [call_id]",
            f"CSeq: {cseq} {method}",
            "Max-Forwards: 70",
            *headers,
        ]
        return self._sent(lines, body, ' retrans="500"' if reliable else "")

    def _sent(self, lines: list[str], body: str, attributes: str = "") -> "Script":
        if body:
            lines += ["Content-Type: application/sdp", "Content-Length: [len]"]
        else:
            lines += ["Content-Length: 0"]
        text = "\n".join(lines) + "\n\n" + body
        self.steps.append(f"<send{attributes}><![CDATA[\n\n{text}\n]]></send>")
        return self

    def hear(
        self, status: int, *, auth: bool = False, optional: bool = False, within_ms: int = 0
    ) -> "Script":
        """A response of the gateway."""
        extra = (' auth="true"' if auth else "") + (' optional="true"' if optional else "")
        extra += f' timeout="{within_ms}"' if within_ms else ""
        self.steps.append(f'<recv response="{status}"{extra}/>')
        return self

    def receive(self, method: str, *, record: bool = False) -> "Script":
        """A request of the gateway."""
        self.steps.append(f'<recv request="{method}"' + (' rrs="true"' if record else "") + "/>")
        return self

    def reply(self, status: int, phrase: str, *headers: str, body: str = "", tag: bool = True) -> "Script":
        """Our response to the gateway's last request."""
        tagged = ";tag=[pid]t[call_number]" if tag else ""
        lines = [
            f"SIP/2.0 {status} {phrase}",
            "[last_Via:]",
            "[last_From:]",
            f"[last_To:]{tagged}",
            "[last_Call-ID:]",
            "[last_CSeq:]",
            *headers,
        ]
        return self._sent(lines, body)

    def pause(self, milliseconds: int) -> "Script":
        """Let the telephone's time go by."""
        self.steps.append(f'<pause milliseconds="{milliseconds}"/>')
        return self

    def xml(self) -> str:
        """The whole script."""
        head = '<?xml version="1.0" encoding="UTF-8" ?>\n<scenario name="script">\n'
        return head + "\n".join(self.steps) + "\n</scenario>\n"


def register(expires_s: int = 120, contact: str = CONTACT, *, final: int = 200) -> Script:
    """REGISTER, with the digest at the second attempt."""
    headers = (contact, f"Expires: {expires_s}")
    script = Script().send("REGISTER", *headers).hear(401, auth=True)
    return script.send("REGISTER", AUTHENTICATION, *headers).hear(final)


def invite(body: str | None = None, contact: str = CONTACT) -> Script:
    """INVITE up to the one with the digest; what comes next is not in it."""
    body = sdp() if body is None else body
    script = Script().send("INVITE", contact, body=body).hear(100, optional=True).hear(401, auth=True)
    script.send("ACK", cseq=1, tagged=True, reliable=False, same_branch=True)
    return script.send("INVITE", AUTHENTICATION, contact, body=body).hear(100, optional=True)


def refused(status: int) -> Script:
    """A call that ends with ``status``."""
    script = invite().hear(180, optional=True).hear(status)
    return script.send("ACK", cseq=2, tagged=True, reliable=False, same_branch=True)


def answered(contact: str = CONTACT) -> Script:
    """A call that is answered, up to the ACK."""
    return (
        invite(contact=contact).hear(180).hear(200).send("ACK", contact, cseq=2, tagged=True, reliable=False)
    )


def wait_for_call(contact: str = CONTACT) -> Script:
    """A telephone that is called: rings and answers, up to the ACK."""
    script = Script().receive("INVITE").reply(180, "Ringing", contact)
    return script.reply(200, "OK", contact, body=sdp()).receive("ACK")
