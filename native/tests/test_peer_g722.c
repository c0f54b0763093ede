/* G.722 beside libspandsp: the same octet for every pair of samples, the same samples for every octet. */
#include "check.h"
#include "g722.h"
#include "qmf.h"
#include "wide_signal.h"

#include <spandsp.h>
#include <spandsp/private/g722.h>

enum { PAIRS = 40000, BLOCK = 160 };

static int16_t said[2 * PAIRS], ours[2 * PAIRS], theirs[2 * PAIRS];
static uint8_t our_octets[PAIRS], their_octets[PAIRS];

/* Octets and samples that differ. */
static void differences(size_t *octets, size_t *samples)
{
    g722_encode_state_t *encoder = g722_encode_init(NULL, 64000, 0);
    g722_decode_state_t *decoder = g722_decode_init(NULL, 64000, 0);
    CHECK_EQ(g722_encode(encoder, their_octets, said, 2 * PAIRS), PAIRS);
    CHECK_EQ(g722_decode(decoder, theirs, their_octets, PAIRS), 2 * PAIRS);
    g722_encode_free(encoder);
    g722_decode_free(decoder);
    wide_encode(our_octets, said, PAIRS);
    wide_decode(ours, their_octets, PAIRS);
    *octets = *samples = 0;
    for (size_t i = 0; i < PAIRS; i++)
        *octets += our_octets[i] != their_octets[i];
    for (size_t i = 0; i < 2 * PAIRS; i++)
        *samples += ours[i] != theirs[i];
}

static void agrees(const char *what)
{
    size_t octets, samples;
    differences(&octets, &samples);
    if (octets + samples > 0)
        printf("%s: %zu octets, %zu samples differ\n", what, octets, samples);
    CHECK_EQ(octets, 0);
    CHECK_EQ(samples, 0);
}

static void test_speech_tones_and_noise_agree(void)
{
    static const double hz[] = { 50, 300, 1004, 2500, 3990, 4010, 5000, 6800 };
    for (size_t i = 0; i < sizeof hz / sizeof hz[0]; i++)
        for (int dbm0 = -50; dbm0 <= 0; dbm0 += 10) {
            wide_tone(said, 2 * PAIRS, hz[i], dbm0);
            agrees("tone");
        }
    for (int dbm0 = -60; dbm0 <= -20; dbm0 += 10) { /* louder the voice is clipped */
        wide_noise(said, 2 * PAIRS, dbm0, 77);
        agrees("noise");
        wide_voice(said, 2 * PAIRS, dbm0, 5);
        agrees("voice");
    }
    memset(said, 0, sizeof said);
    agrees("silence");
}

/* Squares as loud as both do right: beyond, libspandsp's filters wrap round where the recommendation's limit (15 bits). */
static void test_squares_agree(void)
{
    static const size_t half_periods[] = { 1, 2, 3, 7, 16, 50, 333 };
    for (size_t k = 0; k < sizeof half_periods / sizeof half_periods[0]; k++) {
        for (size_t i = 0; i < 2 * PAIRS; i++)
            said[i] = i / half_periods[k] % 2 ? -16000 : 16000;
        agrees("square");
    }
}

/* Without filters, at full scale, where only the limiters of the ADPCM decide: squares, noise, every octet in any order. */
static void bands_agree(const int16_t *x, const char *what)
{
    g722_encode_state_t *encoder = g722_encode_init(NULL, 64000, 0);
    g722_decode_state_t *decoder = g722_decode_init(NULL, 64000, 0);
    struct sc_g722 ours_in, ours_out;
    size_t wrong = 0;
    encoder->itu_test_mode = decoder->itu_test_mode = 1;
    g722_encode(encoder, their_octets, x, PAIRS);
    g722_decode(decoder, theirs, their_octets, PAIRS);
    sc_g722_init(&ours_in);
    sc_g722_init(&ours_out);
    for (size_t i = 0; i < PAIRS; i++) {
        const int16_t both = (int16_t)(x[i] >> 1);
        int16_t low, high;
        sc_g722_encode(&ours_in, &our_octets[i], &both, &both, 1);
        sc_g722_decode(&ours_out, &low, &high, &our_octets[i], 1);
        wrong += our_octets[i] != their_octets[i] || low * 2 != theirs[2 * i] || high * 2 != theirs[2 * i + 1];
    }
    if (wrong > 0)
        printf("%s: %zu pairs differ\n", what, wrong);
    CHECK_EQ(wrong, 0);
    g722_encode_free(encoder);
    g722_decode_free(decoder);
}

static uint32_t random_of(uint32_t *seed)
{
    return *seed = *seed * 1664525u + 1013904223u;
}

static void test_the_adpcm_agrees_at_full_scale(void)
{
    uint32_t seed = 9;
    for (size_t half = 1; half < 200; half += half / 3 + 1) {
        for (size_t i = 0; i < PAIRS; i++)
            said[i] = i / half % 2 ? INT16_MIN : INT16_MAX;
        bands_agree(said, "square");
    }
    for (size_t i = 0; i < PAIRS; i++)
        said[i] = (int16_t)(random_of(&seed) >> 16);
    bands_agree(said, "noise");
}

/* What a broken or hostile sender sends. */
static void test_the_decoder_agrees_on_random_octets(void)
{
    uint32_t seed = 11;
    size_t wrong = 0;
    struct sc_g722 decoder;
    g722_decode_state_t *peer = g722_decode_init(NULL, 64000, 0);
    peer->itu_test_mode = 1;
    for (size_t i = 0; i < PAIRS; i++)
        their_octets[i] = (uint8_t)(random_of(&seed) >> 24);
    g722_decode(peer, theirs, their_octets, PAIRS);
    g722_decode_free(peer);
    sc_g722_init(&decoder);
    for (size_t i = 0; i < PAIRS; i++) {
        int16_t low, high;
        sc_g722_decode(&decoder, &low, &high, &their_octets[i], 1);
        wrong += low * 2 != theirs[2 * i] || high * 2 != theirs[2 * i + 1];
    }
    CHECK_EQ(wrong, 0);
}

int main(void)
{
    RUN(test_speech_tones_and_noise_agree);
    RUN(test_squares_agree);
    RUN(test_the_adpcm_agrees_at_full_scale);
    RUN(test_the_decoder_agrees_on_random_octets);
    return CHECK_DONE();
}
