/* RTCP: a compound packet alone, and what a session makes of it. */
#include "fuzz.h"
#include "rtcp.h"
#include "rtcp_session.h"

#include <string.h>

enum { OURS = 42 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static struct sc_rtcp_session session;
    struct sc_rtcp_report report, again;
    uint8_t built[SC_RTCP_PACKET_MAX];
    uint8_t *exact = malloc(n > 0 ? n : 1); /* so that a byte too far is seen */
    if (exact == NULL)
        abort();
    if (n > 0)
        memcpy(exact, bytes, n);
    if (sc_rtcp_parse(&report, exact, n, OURS) == 0) {
        CLAIM(n >= 8 && n % 4 == 0 && sc_rtcp_is(exact, n));
        CLAIM(!report.has_block || (report.block.ssrc == OURS && report.block.lost >= -0x800000 && report.block.lost <= 0x7FFFFF));
        report.cname = "fuzz";
        const size_t length = sc_rtcp_build(built, sizeof built, &report);
        CLAIM(length > 0 && sc_rtcp_parse(&again, built, length, OURS) == 0);
        CLAIM(again.ssrc == report.ssrc && again.ntp == report.ntp && again.has_block == report.has_block);
    }
    sc_rtcp_session_take(&session, exact, n, OURS, (int64_t)session.reports_received * 1000);
    CLAIM(session.round_trip_ms >= 0 && session.remote_lost_percent <= 100);
    free(exact);
    return 0;
}
