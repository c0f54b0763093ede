/* What a device says: levels, cadences, digits, speech, clips; and what it refuses. */
#include "signals.h"

static int16_t out[LONGEST];
static int16_t other[LONGEST];

static void a_tone_has_its_level_and_frequency(void)
{
    struct tw_device *d = new_device();
    double hz[] = {425.0};
    double share = 0.0;
    CHECK_EQ(tw_say_tone(d, hz, 1, -10.0, NULL, 0, 0), 0);
    run_device(d, NULL, out, 8000);
    CHECK_NEAR(tw_level_dbm0(out + 80, 7920), -10.0, 0.1);
    CHECK_NEAR(tw_dominant_hz(out + 80, 7920, &share), 425.0, 0.5);
    CHECK(share > 0.99);
    CHECK(tw_speaking(d));
    tw_hush(d);
    CHECK(!tw_speaking(d));
    tw_device_destroy(d);
}

static void a_cadence_is_kept_to_the_sample(void)
{
    struct tw_device *d = new_device();
    double hz[] = {425.0};
    uint32_t cadence[] = {350, 350};
    CHECK_EQ(tw_say_tone(d, hz, 1, -10.0, cadence, 2, 2100), 0);
    run_device(d, NULL, out, 3 * 8000);
    CHECK(tw_level_dbm0(out + 100, 2600) > -11.0);
    CHECK_NEAR(tw_level_dbm0(out + 2800, 2800), -100.0, 0.0);
    CHECK(tw_level_dbm0(out + 5700, 2600) > -11.0);
    CHECK_NEAR(tw_level_dbm0(out + 16800, 7000), -100.0, 0.0); /* over after 2.1 s */
    CHECK(!tw_speaking(d));
    tw_device_destroy(d);
}

static void speech_has_its_level_and_voices_differ(void)
{
    struct tw_device *d = new_device();
    for (uint64_t voice = 1; voice < 12; voice++) {
        CHECK_EQ(tw_say_speech(d, voice, -18.0, 8000), 0);
        run_device(d, NULL, out, 64000);
        CHECK_EQ(tw_say_speech(d, voice + 100, -18.0, 8000), 0);
        run_device(d, NULL, other, 64000);
        double level = tw_level_dbm0(out, 64000);
        CHECK(level > -23.0 && level < -17.0); /* pauses take a few dB from that of the spurts */
        for (size_t at = 0; at < 56000; at += 8000) {
            struct tw_match match;
            if (tw_level_dbm0(out + at, 4000) < -30.0 || tw_level_dbm0(other + at, 4800) < -30.0)
                continue;
            CHECK_EQ(tw_match(out + at, other + at, 4000, 800, &match), 0);
            CHECK(match.correlation < 0.45 && match.correlation > -0.45);
        }
    }
    tw_device_destroy(d);
}

static void the_same_voice_says_the_same(void)
{
    struct tw_device *a = new_device();
    struct tw_device *b = new_device();
    CHECK_EQ(tw_say_speech(a, 7, -18.0, 0), 0);
    CHECK_EQ(tw_say_speech(b, 7, -18.0, 0), 0);
    run_device(a, NULL, out, 16000);
    run_device(b, NULL, other, 16000);
    CHECK(memcmp(out, other, 16000 * sizeof out[0]) == 0);
    tw_device_destroy(a);
    tw_device_destroy(b);
}

static void digits_are_heard_by_another_device(void)
{
    struct tw_device *speaker = new_device();
    struct tw_device *listener = new_device();
    const char *digits = "0123456789*#ABCD5566";
    char got[32] = "";
    size_t count = 0;
    uint64_t at = 0;
    CHECK_EQ(tw_say_dtmf(speaker, digits, 80, 80, -12.0, -10.0), 0);
    run_device(speaker, NULL, out, 32000);
    tw_listen_digits(listener, true);
    run_device(listener, out, NULL, 32000);
    while (count < 31 && tw_take_digit(listener, &got[count], &at)) {
        count++;
        CHECK_NEAR(at, (count - 1) * 1280 + 640, 240); /* the end of its tone, up to 30 ms late */
    }
    CHECK(strcmp(got, digits) == 0);
    tw_device_destroy(speaker);
    tw_device_destroy(listener);
}

static void speech_is_no_digit(void)
{
    struct tw_device *speaker = new_device();
    struct tw_device *listener = new_device();
    char digit = 0;
    uint64_t at = 0;
    tw_listen_digits(listener, true);
    for (uint64_t voice = 1; voice <= 10; voice++) {
        CHECK_EQ(tw_say_speech(speaker, voice, -15.0, 30000), 0);
        run_device(speaker, NULL, out, 240000);
        run_device(listener, out, NULL, 240000);
    }
    CHECK(!tw_take_digit(listener, &digit, &at));
    tw_device_destroy(speaker);
    tw_device_destroy(listener);
}

static void a_clip_is_played_whole_and_looped(void)
{
    struct tw_device *d = new_device();
    int16_t clip[100];
    for (int i = 0; i < 100; i++)
        clip[i] = (int16_t)(i * 10);
    CHECK_EQ(tw_say_clip(d, clip, 100, 0.0, false), 0);
    CHECK_EQ(tw_say_clip(d, clip, 100, 6.0206, true), 0);
    run_device(d, NULL, out, 800);
    CHECK_EQ(out[99], 990);
    CHECK_EQ(out[199], 1980);
    CHECK_EQ(out[799], 1980);
    tw_device_destroy(d); /* frees the clip that still plays */
}

static void what_cannot_be_said_is_refused(void)
{
    struct tw_device *d = new_device();
    double hz[] = {425.0};
    double high[] = {5000.0};
    uint32_t none[] = {0};
    int16_t block[TW_MAX_BLOCK_SAMPLES + 1] = {0};
    CHECK_EQ(tw_say_dtmf(d, "12x", 80, 80, -9.0, -7.0), EINVAL);
    CHECK_EQ(tw_say_dtmf(d, "", 80, 80, -9.0, -7.0), EINVAL);
    CHECK_EQ(tw_say_tone(d, hz, 0, -10.0, NULL, 0, 0), EINVAL);
    CHECK_EQ(tw_say_tone(d, high, 1, -10.0, NULL, 0, 0), EINVAL);
    CHECK_EQ(tw_say_tone(d, hz, 1, -10.0, none, 1, 0), EINVAL);
    CHECK_EQ(tw_say_clip(d, block, 0, 0.0, false), EINVAL);
    CHECK_EQ(tw_device_exchange(d, block, block, TW_MAX_BLOCK_SAMPLES + 1), EINVAL);
    for (int i = 0; i < TW_MAX_QUEUE; i++)
        CHECK_EQ(tw_say_silence(d, 10), 0);
    CHECK_EQ(tw_say_silence(d, 10), ENOSPC);
    CHECK_EQ(tw_say_clip(d, block, 10, 0.0, false), ENOSPC);
    tw_device_destroy(d);
    CHECK_EQ(tw_alloc_held(), 0);
}

static void the_ear_remembers_what_it_heard(void)
{
    struct tw_device_settings settings = {.seed = 1, .memory_ms = 1000};
    struct tw_device *d = NULL;
    int16_t got[200];
    CHECK_EQ(tw_device_create(&d, &settings), 0);
    for (int i = 0; i < 16000; i++)
        out[i] = (int16_t)(i % 30000);
    run_device(d, out, NULL, 16000);
    CHECK_EQ(tw_device_position(d), 16000);
    CHECK_EQ(tw_copy_heard(d, 7999, got, 200), 0); /* forgotten */
    CHECK_EQ(tw_copy_heard(d, 8000, got, 200), 200);
    CHECK_EQ(got[0], 8000);
    CHECK_EQ(tw_copy_heard(d, 15900, got, 200), 100);
    CHECK_EQ(got[99], 15999);
    CHECK_EQ(tw_copy_said(d, 15900, got, 200), 100);
    CHECK_EQ(got[0], 0);
    tw_device_destroy(d);
}

static void a_second_voice_is_mixed_until_the_mouth_is_hushed(void)
{
    struct tw_device *d = new_device();
    double hz[] = {425.0};
    CHECK_EQ(tw_say_tone(d, hz, 1, -20.0, NULL, 0, 0), 0);
    tw_speak_over(d, 9, -10.0);
    run_device(d, NULL, out, 16000);
    CHECK_NEAR(tw_tone_dbm0(out, 16000, 425.0), -20.0, 1.0);
    CHECK(tw_level_dbm0(out, 16000) > -15.0);
    tw_speak_over(d, 9, -90.0);
    run_device(d, NULL, out, 8000);
    CHECK_NEAR(tw_level_dbm0(out, 8000), -20.0, 0.1);
    tw_speak_over(d, 9, -10.0);
    tw_hush(d);
    run_device(d, NULL, out, 8000);
    CHECK(tw_level_dbm0(out, 8000) <= -100.0);
    tw_device_destroy(d);
}

static void every_failing_allocation_is_survived(void)
{
    struct tw_device_settings settings = {.seed = 1};
    for (long good = 0; good < 3; good++) {
        struct tw_device *d = NULL;
        tw_alloc_fail_after(good);
        CHECK_EQ(tw_device_create(&d, &settings), ENOMEM);
        CHECK(d == NULL);
    }
    tw_alloc_fail_after(-1);
    CHECK_EQ(tw_alloc_held(), 0);
}

int main(void)
{
    RUN(a_tone_has_its_level_and_frequency);
    RUN(a_cadence_is_kept_to_the_sample);
    RUN(speech_has_its_level_and_voices_differ);
    RUN(the_same_voice_says_the_same);
    RUN(digits_are_heard_by_another_device);
    RUN(speech_is_no_digit);
    RUN(a_clip_is_played_whole_and_looped);
    RUN(what_cannot_be_said_is_refused);
    RUN(the_ear_remembers_what_it_heard);
    RUN(a_second_voice_is_mixed_until_the_mouth_is_hushed);
    RUN(every_failing_allocation_is_survived);
    return CHECK_DONE();
}
