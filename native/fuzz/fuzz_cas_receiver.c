/* The alert of call waiting: its tones and others, as loud and as long as the input says, noise and samples between. */
#include "cas_receiver.h"
#include "drawn.h"

#include <math.h>

enum { BLOCK = 80, QUIET = 2400, LONGEST_MS = DRAWN_SAMPLES / 8 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const double hz[] = { 2130, 2750, 2130, 2750, 2100, 2700, 425, 1400 };
    static struct sc_cas_receiver *receiver;
    struct fuzz fuzz = { data, size };
    struct sc_cas_alert alert;
    size_t n;
    if (receiver == NULL && sc_cas_receiver_create(&receiver) != 0)
        abort();
    sc_cas_receiver_reset(receiver);
    int16_t *x = drawn(&fuzz, (struct drawn_tones){ hz, sizeof hz / sizeof *hz }, QUIET, &n);
    uint64_t last = 0;
    for (size_t i = 0; i < n; i += BLOCK) {
        const size_t here = n - i < BLOCK ? n - i : BLOCK;
        sc_cas_receiver_process(receiver, x + i, here);
        while (sc_cas_receiver_next(receiver, &alert)) {
            CLAIM(alert.ended_samples <= i + here && alert.ended_samples >= last);
            CLAIM(alert.duration_ms > 0 && alert.duration_ms <= LONGEST_MS);
            CLAIM(isfinite(alert.low_dbm0) && isfinite(alert.high_dbm0) && alert.low_dbm0 < 10 && alert.high_dbm0 < 10);
            last = alert.ended_samples;
        }
    }
    free(x);
    return 0;
}
