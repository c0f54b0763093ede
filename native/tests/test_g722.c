/* G.722: the recommendation's own overload sequence by its CRC-32 figures, and what the standard promises of tones. */
#include "check.h"
#include "g722.h"
#include "qmf.h"
#include "wide_signal.h"

/* --- the test sequences of appendix II ------------------------------------------------------------------------------- */

enum { SHORT_WORDS = 800 };

static uint32_t crc32_of(const uint16_t *words, size_t n)
{
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < 2 * n; i++) { /* the files are little-endian */
        crc ^= i % 2 == 0 ? words[i / 2] & 0xFFu : words[i / 2] >> 8;
        for (int k = 0; k < 8; k++)
            crc = crc & 1 ? crc >> 1 ^ 0xEDB88320u : crc >> 1;
    }
    return ~crc;
}

/* Configuration 1 (encoder, both bands get the same, no QMF): bit 0 of a word says reset, the 15 others are the sample. */
static void encode_words(uint16_t *out, const uint16_t *in, size_t n)
{
    struct sc_g722 codec;
    for (size_t i = 0; i < n; i++) {
        const int16_t x = (int16_t)((int16_t)in[i] >> 1);
        uint8_t octet;
        if (in[i] & 1) {
            sc_g722_init(&codec);
            out[i] = 1;
            continue;
        }
        sc_g722_encode(&codec, &octet, &x, &x, 1);
        out[i] = (uint16_t)(octet << 8);
    }
}

/* Configuration 2 (decoder). */
static void decode_words(uint16_t *low, uint16_t *high, const uint16_t *in, size_t n)
{
    struct sc_g722 codec;
    for (size_t i = 0; i < n; i++) {
        const uint8_t octet = (uint8_t)(in[i] >> 8);
        int16_t l, h;
        if (in[i] & 1) {
            sc_g722_init(&codec);
            low[i] = high[i] = 1;
            continue;
        }
        sc_g722_decode(&codec, &l, &h, &octet, 1);
        low[i] = (uint16_t)(l * 2);
        high[i] = (uint16_t)(h * 2);
    }
}

static uint16_t in[SHORT_WORDS], code[SHORT_WORDS], low[SHORT_WORDS], high[SHORT_WORDS];

/* T1C2: full-scale alternation and a full-scale pattern of three, which drive every limiter; T2R2, T3L2.RC1 and T3H2.RC0 are
 * what must come out. The figures are those of the recommendation's list of its files. */
static void test_the_overload_sequence_of_appendix_ii(void)
{
    for (size_t i = 0; i < SHORT_WORDS; i++)
        in[i] = i < 16 || i >= 784 ? 1 : i < 656 ? (i % 2 ? 0x7FFE : 0x8000) : ((i - 658) % 3 == 1 ? 0x7FFE : 0x8000);
    in[655] = 0, in[656] = 0xB1E0, in[657] = 0xC000;
    CHECK_EQ(crc32_of(in, SHORT_WORDS), 0x2D604685u);
    encode_words(code, in, SHORT_WORDS);
    CHECK_EQ(crc32_of(code, SHORT_WORDS), 0x344EA5D0u);
    decode_words(low, high, code, SHORT_WORDS);
    CHECK_EQ(crc32_of(low, SHORT_WORDS), 0xAF00F31Fu);
    CHECK_EQ(crc32_of(high, SHORT_WORDS), 0x5330AE2Eu);
}

/* --- tones ------------------------------------------------------------------------------------------------------------- */

enum { PAIRS = 8000 };

static int16_t said[2 * PAIRS], heard[2 * PAIRS], bands_low[PAIRS], bands_high[PAIRS];
static uint8_t octets[PAIRS];

static void through_codec(void)
{
    wide_encode(octets, said, PAIRS);
    wide_decode(heard, octets, PAIRS);
}

/* The best-fitting sine against the rest, over the second half. */
static double snr_db(double hz)
{
    double cc = 0, ss = 0, cs = 0, xc = 0, xs = 0, xx = 0;
    for (size_t i = PAIRS; i < 2 * PAIRS; i++) {
        const double phase = 2 * SIGNAL_PI * hz / WIDE_HZ * (double)i, c = cos(phase), s = sin(phase), x = heard[i];
        cc += c * c, ss += s * s, cs += c * s, xc += x * c, xs += x * s, xx += x * x;
    }
    const double det = cc * ss - cs * cs, a = (xc * ss - xs * cs) / det, b = (xs * cc - xc * cs) / det;
    const double explained = a * xc + b * xs;
    return 10 * log10(explained / fmax(xx - explained, 1e-9));
}

static double gain_db(double hz, double dbm0)
{
    return wide_level(heard + PAIRS, PAIRS, hz, WIDE_HZ) - dbm0;
}

/* G.722 2.4.1 asks the whole codec for 50..7000 Hz; of the filters alone less than 0.1 dB and 60 dB are ours to lose. */
static void test_the_filters_alone_give_back_what_they_got(void)
{
    double worst_gain = 0, worst_snr = 200;
    for (double hz = 50; hz <= 7000; hz *= 1.13) {
        struct sc_qmf_split split = { 0 };
        struct sc_qmf_join join = { 0 };
        wide_tone(said, 2 * PAIRS, hz, -3);
        for (size_t i = 0; i < PAIRS; i += SC_QMF_MAX_PAIRS) {
            const size_t n = PAIRS - i < SC_QMF_MAX_PAIRS ? PAIRS - i : SC_QMF_MAX_PAIRS;
            sc_qmf_split(&split, bands_low + i, bands_high + i, said + 2 * i, n);
            sc_qmf_join(&join, heard + 2 * i, bands_low + i, bands_high + i, n);
        }
        worst_gain = fmax(worst_gain, fabs(gain_db(hz, -3)));
        worst_snr = fmin(worst_snr, snr_db(hz));
    }
    printf("g722: filters alone, 50..7000 Hz: gain within %.3f dB, SNR at least %.1f dB\n", worst_gain, worst_snr);
    CHECK(worst_gain < 0.1);
    CHECK(worst_snr > 60);
}

/* The response of the whole codec, 50..7000 Hz, at the level of G.722 2.4 (-10 dBm0). */
static void test_tones_pass_from_50_to_7000_hz(void)
{
    double worst = 0;
    for (double hz = 50; hz <= 7000; hz *= 1.13) {
        wide_tone(said, 2 * PAIRS, hz, -10);
        through_codec();
        worst = fmax(worst, fabs(gain_db(hz, -10)));
    }
    printf("g722: 50..7000 Hz at -10 dBm0: gain within %.2f dB\n", worst);
    CHECK(worst < 1.0);
}

/* Quantization: a tone in the 6-bit band and one in the 2-bit band, by level. */
static void test_the_snr_of_tones(void)
{
    for (int dbm0 = -40; dbm0 <= 0; dbm0 += 10) {
        wide_tone(said, 2 * PAIRS, 1004, dbm0);
        through_codec();
        const double low_db = snr_db(1004);
        wide_tone(said, 2 * PAIRS, 6000, dbm0);
        through_codec();
        const double high_db = snr_db(6000);
        printf("g722: %d dBm0: SNR %.1f dB at 1004 Hz, %.1f dB at 6 kHz\n", dbm0, low_db, high_db);
        CHECK(low_db > 32); /* 6 bits */
        CHECK(high_db > 8); /* 2 bits */
    }
}

static void test_silence_stays_silence(void)
{
    memset(said, 0, sizeof said);
    through_codec();
    for (size_t i = 0; i < 2 * PAIRS; i++)
        CHECK(abs(heard[i]) <= 8);
}

/* A decoder that starts in the middle, or lost 20 ms, catches up: the predictor leaks. */
static void test_a_decoder_out_of_step_catches_up(void)
{
    static int16_t whole[2 * PAIRS];
    wide_voice(said, 2 * PAIRS, -20, 3);
    through_codec();
    memcpy(whole, heard, sizeof whole);
    memmove(octets + 2000, octets + 2160, PAIRS - 2160);
    wide_decode(heard, octets, PAIRS - 160);
    double signal = 0, error = 0;
    for (size_t i = 2 * 2400; i < 2 * (PAIRS - 160); i++) { /* 50 ms later */
        const double d = heard[i] - whole[i + 320];
        signal += (double)whole[i + 320] * whole[i + 320], error += d * d;
    }
    printf("g722: 50 ms after 20 ms were lost: %.1f dB\n", 10 * log10(signal / fmax(error, 1e-9)));
    CHECK(signal > 1000 * error);
}

int main(void)
{
    RUN(test_the_overload_sequence_of_appendix_ii);
    RUN(test_the_filters_alone_give_back_what_they_got);
    RUN(test_tones_pass_from_50_to_7000_hz);
    RUN(test_the_snr_of_tones);
    RUN(test_silence_stays_silence);
    RUN(test_a_decoder_out_of_step_catches_up);
    return CHECK_DONE();
}
