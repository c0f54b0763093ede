/* The display of a telephone set: messages of caller_id.c come back octet for octet, an alert is answered off hook only. */
#include "signals.h"

#include <math.h>

static const struct tw_caller_id anna = {
    .modulation = TW_V23, .date = "11281030", .number = "4951234567", .name = "Anna", .level_dbm0 = -13.5};

static int16_t sound[LONGEST];

static struct tw_device *new_set(enum tw_modulation modulation, char answer)
{
    struct tw_device *set = new_device();
    CHECK_EQ(tw_plug_display(set, modulation, answer), 0);
    return set;
}

/* What caller_id.c sends, with noise of that level. */
static void record(const struct tw_caller_id *id, double noise_dbm0)
{
    struct tw_device *city = new_device();
    struct tw_noise noise;
    tw_noise_seed(&noise, 7);
    CHECK_EQ(tw_say_silence(city, 300), 0);
    CHECK_EQ(tw_say_caller_id(city, id), 0);
    run_device(city, NULL, sound, 2 * TW_RATE_HZ);
    for (size_t i = 0; i < 2 * TW_RATE_HZ; i++)
        sound[i] = tw_saturate(sound[i] + tw_rms(noise_dbm0) * tw_noise_gauss(&noise));
    tw_device_destroy(city);
}

static bool has(const struct tw_message *message, const char *text)
{
    for (size_t i = 0; i + strlen(text) <= message->length; i++)
        if (memcmp(message->octets + i, text, strlen(text)) == 0)
            return true;
    return false;
}

static void check_shown(const struct tw_caller_id *id, double noise_dbm0)
{
    struct tw_device *set = new_set(id->modulation, 0);
    struct tw_message message;
    record(id, noise_dbm0);
    run_device(set, sound, NULL, 2 * TW_RATE_HZ);
    CHECK(tw_take_message(set, &message));
    CHECK(message.octets[0] == (id->format == TW_SDMF ? 0x04 : 0x80) && message.length == message.octets[1] + 2u);
    CHECK(has(&message, id->number));
    CHECK(!tw_take_message(set, &message));
    tw_device_destroy(set);
}

static void test_messages_are_read(void)
{
    for (int i = 0; i < 4; i++) {
        struct tw_caller_id id = anna;
        id.modulation = i % 2 == 0 ? TW_V23 : TW_BELL202;
        id.format = i / 2 == 0 ? TW_MDMF : TW_SDMF;
        check_shown(&id, -90.0);
        check_shown(&id, id.level_dbm0 - 22.0);
        id.level_dbm0 = -38.0;
        check_shown(&id, -90.0);
    }
}

static void test_a_wrong_checksum_and_a_broken_message_are_counted(void)
{
    struct tw_device *set = new_set(TW_V23, 0);
    struct tw_caller_id id = anna;
    struct tw_message message;
    uint32_t alerts, bad;
    id.bad_checksum = true;
    record(&id, -90.0);
    run_device(set, sound, NULL, 2 * TW_RATE_HZ);
    id.bad_checksum = false;
    record(&id, -90.0);
    memset(sound + 6400, 0, sizeof sound - 6400 * sizeof sound[0]); /* in the middle of it */
    run_device(set, sound, NULL, 2 * TW_RATE_HZ);
    CHECK(!tw_take_message(set, &message));
    tw_display_counts(set, &alerts, &bad);
    CHECK_EQ(bad, 2);
    CHECK_EQ(alerts, 0);
    tw_device_destroy(set);
}

static void test_speech_is_no_message_and_no_alert(void)
{
    for (int off_hook = 0; off_hook < 2; off_hook++) {
        struct tw_device *set = new_set(TW_V23, 'D'), *person = new_device();
        struct tw_message message;
        uint32_t alerts, bad;
        tw_display_off_hook(set, off_hook != 0);
        CHECK_EQ(tw_say_speech(person, 3, -15.0, 0), 0);
        run_device(person, NULL, sound, LONGEST);
        run_device(set, sound, NULL, LONGEST);
        tw_display_counts(set, &alerts, &bad);
        CHECK_EQ(alerts, 0);
        CHECK(!tw_take_message(set, &message));
        tw_device_destroy(set);
        tw_device_destroy(person);
    }
}

/* When the set begins to answer an alert that ends at 380 ms, in ms; -1: it says nothing. */
static double answers_after(char answer, bool off_hook)
{
    const double alert_hz[] = {2130.0, 2750.0};
    struct tw_device *set = new_set(TW_V23, answer), *exchange = new_device();
    static int16_t said[TW_RATE_HZ];
    double began = -1.0;
    tw_display_off_hook(set, off_hook);
    CHECK_EQ(tw_say_speech(set, 5, -15.0, 0), 0); /* its user talks */
    CHECK_EQ(tw_say_silence(exchange, 300), 0);
    CHECK_EQ(tw_say_tone(exchange, alert_hz, 2, -16.0, NULL, 0, 80), 0);
    run_device(exchange, NULL, sound, TW_RATE_HZ);
    run_device(set, sound, said, TW_RATE_HZ);
    for (size_t at = 3040; at + BLOCK <= TW_RATE_HZ && began < 0.0; at += BLOCK)
        if (tw_tone_dbm0(said + at, BLOCK, 941.0) > -12.0 && tw_tone_dbm0(said + at, BLOCK, 1633.0) > -12.0)
            began = (double)at / 8.0;
    if (began > 0.0) /* and nothing else of its mouth */
        CHECK(tw_level_dbm0(said + TW_RATE_HZ - 800, 800) < -90.0);
    tw_device_destroy(set);
    tw_device_destroy(exchange);
    return began < 0.0 ? -1.0 : began - 380.0;
}

static void test_an_alert_is_answered_off_hook(void)
{
    double after = answers_after('D', true);
    CHECK(after > 0.0 && after < 100.0); /* TIA-777-A */
    CHECK_EQ(answers_after('D', false), -1.0);
    CHECK_EQ(answers_after('\0', true), -1.0);
}

static void test_wrong_plugs(void)
{
    struct tw_device *set = new_device();
    CHECK_EQ(tw_plug_display(set, TW_V23, 'x'), EINVAL);
    CHECK_EQ(tw_plug_display(set, (enum tw_modulation)2, 0), EINVAL);
    tw_device_destroy(set);
}

int main(void)
{
    RUN(test_messages_are_read);
    RUN(test_a_wrong_checksum_and_a_broken_message_are_counted);
    RUN(test_speech_is_no_message_and_no_alert);
    RUN(test_an_alert_is_answered_off_hook);
    RUN(test_wrong_plugs);
    return CHECK_DONE();
}
