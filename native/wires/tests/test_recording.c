/* Tests of recording.c: what was recorded comes out sample for sample, then silence. */
#include "parts.h"

#include "check.h"

#include <errno.h>
#include <string.h>

static void every_sample_comes_out_once_and_then_silence(void)
{
    int16_t samples[205], out[80], played[80] = { 0 };
    struct tw_recording *recording;
    for (int i = 0; i < 205; i++)
        samples[i] = (int16_t)(i - 100);
    CHECK_EQ(tw_recording_create(&recording, samples, 205), 0);
    memset(samples, 0, sizeof samples); /* it has its own copy */
    for (int block = 0; block < 4; block++) {
        CHECK_EQ(tw_recording_exchange(recording, played, out, 80), 0);
        for (int i = 0; i < 80; i++) {
            int at = block * 80 + i;
            CHECK_EQ(out[i], at < 205 ? at - 100 : 0);
        }
    }
    tw_recording_destroy(recording);
}

static void an_empty_one_is_silent_and_a_failing_allocation_is_refused(void)
{
    int16_t out[80], sample = 7;
    struct tw_recording *recording;
    CHECK_EQ(tw_recording_create(&recording, NULL, 0), 0);
    CHECK_EQ(tw_recording_exchange(recording, NULL, out, 80), 0);
    CHECK_EQ(out[0], 0);
    tw_recording_destroy(recording);
    long held = tw_alloc_held();
    tw_alloc_fail_after(0);
    CHECK_EQ(tw_recording_create(&recording, &sample, 1), ENOMEM);
    tw_alloc_fail_after(-1);
    CHECK_EQ(tw_alloc_held(), held);
}

int main(void)
{
    RUN(every_sample_comes_out_once_and_then_silence);
    RUN(an_empty_one_is_silent_and_a_failing_allocation_is_refused);
    return CHECK_DONE();
}
