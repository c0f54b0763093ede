/* bench_codecs: G.722 beside libspandsp, in one run.
 *
 *     bench_codecs [--json] [--quick] [SPEECH.raw]
 *     bench_codecs WHO WAY           runs ten seconds of a voice through the codec of WHO (ours, libspandsp), WAY encode or decode, and
 *                                    prints nothing: for valgrind --tool=callgrind --toggle-collect=work; over 160000 that is
 *                                    the instructions a sample of 16 kHz
 *
 *   g722_octets    octets of an encoder that are libspandsp's, g722_samples likewise of a decoder: tones, noise, a voice (and
 *                  SPEECH.raw, 8 kHz, made to 16 kHz), all below what libspandsp's filters wrap round at
 *   g722_sequence  the figures of the overload sequence of G.722 appendix II (CRC-32 of T2R2, T3L2.RC1, T3H2.RC0)
 *   g722_snr_db    a voice through encoder and decoder, whole signal; g722_overload_db: a full-scale square likewise, below 7 kHz */
#include "g722.h"
#include "qmf.h"
#include "report.h"
#include "wide_signal.h"
#include "wideband.h"

#if defined(__x86_64__) && __has_include(<spandsp.h>)
#include <dlfcn.h>
#include <spandsp.h>
#define PEER
#define PEER_FUNCTIONS(f)                                                                                              \
    f(g722_encode_init) f(g722_encode) f(g722_encode_free) f(g722_decode_init) f(g722_decode) f(g722_decode_free)
#define PEER_POINTER(name) static __typeof__(&name) peer_##name;
PEER_FUNCTIONS(PEER_POINTER)
#define PEER_FIND(name) found = found && (*(void **)&peer_##name = dlsym(library, #name)) != NULL;
#endif

enum { PAIRS = 80000, DELAY = 22 };

static int16_t said[2 * PAIRS], ours[2 * PAIRS], theirs[2 * PAIRS];
static uint8_t our_octets[PAIRS], their_octets[PAIRS];
static bool peer;

static bool peer_open(void)
{
    bool found = false;
#ifdef PEER
    void *library = dlopen("libspandsp.so.2", RTLD_NOW);
    found = library != NULL;
    if (found) {
        PEER_FUNCTIONS(PEER_FIND)
    }
#endif
    return found;
}

static void peer_encode(uint8_t *octets, const int16_t *wide)
{
#ifdef PEER
    g722_encode_state_t *encoder = peer_g722_encode_init(NULL, 64000, 0);
    for (size_t i = 0; i < PAIRS; i += 80)
        peer_g722_encode(encoder, octets + i, wide + 2 * i, 160);
    peer_g722_encode_free(encoder);
#else
    (void)octets, (void)wide;
#endif
}

static void peer_decode(int16_t *wide, const uint8_t *octets)
{
#ifdef PEER
    g722_decode_state_t *decoder = peer_g722_decode_init(NULL, 64000, 0);
    for (size_t i = 0; i < PAIRS; i += 80)
        peer_g722_decode(decoder, wide + 2 * i, octets + i, 80);
    peer_g722_decode_free(decoder);
#else
    (void)wide, (void)octets;
#endif
}

/* --- exactness ------------------------------------------------------------------------------------------------------- */

static double octets_alike, samples_alike, octets_tried, samples_tried;

static void compare(void)
{
    wide_encode(our_octets, said, PAIRS);
    peer_encode(their_octets, said);
    wide_decode(ours, their_octets, PAIRS);
    peer_decode(theirs, their_octets);
    for (size_t i = 0; i < PAIRS; i++)
        octets_alike += our_octets[i] == their_octets[i];
    for (size_t i = 0; i < 2 * PAIRS; i++)
        samples_alike += ours[i] == theirs[i];
    octets_tried += PAIRS;
    samples_tried += 2 * PAIRS;
}

static void speech_of(const char *path)
{
    struct sc_interpolator interpolator = { 0 };
    static int16_t narrow[PAIRS];
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        abort();
    const size_t n = fread(narrow, sizeof narrow[0], PAIRS, file);
    fclose(file);
    memset(narrow + n, 0, (PAIRS - n) * sizeof narrow[0]);
    for (size_t i = 0; i < PAIRS; i++)
        narrow[i] = (int16_t)(narrow[i] / 2); /* away from overload */
    for (size_t i = 0; i < PAIRS; i += 80)
        sc_interpolate(&interpolator, said + 2 * i, narrow + i, 80);
}

static void bench_exactness(const char *speech)
{
    static const double hz[] = { 120, 640, 1850, 3400, 4000, 4700, 6350 };
    for (size_t i = 0; i < sizeof hz / sizeof hz[0]; i++)
        for (int dbm0 = -45; dbm0 < 0; dbm0 += bench_quick ? 22 : 11) {
            wide_tone(said, 2 * PAIRS, hz[i], dbm0);
            compare();
        }
    for (int dbm0 = -55; dbm0 <= -25; dbm0 += 15) {
        wide_noise(said, 2 * PAIRS, dbm0, 4711);
        compare();
        wide_voice(said, 2 * PAIRS, dbm0, 4712);
        compare();
    }
    if (speech != NULL) {
        speech_of(speech);
        compare();
    }
    report("g722_octets", BENCH_OURS, octets_alike, octets_tried);
    report("g722_samples", BENCH_OURS, samples_alike, samples_tried);
}

/* --- the sequence of appendix II ------------------------------------------------------------------------------------- */

static uint32_t crc32_of(const uint8_t *bytes, size_t n)
{
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < n; i++) {
        crc ^= bytes[i];
        for (int k = 0; k < 8; k++)
            crc = crc & 1 ? crc >> 1 ^ 0xEDB88320u : crc >> 1;
    }
    return ~crc;
}

static void put16(uint8_t *at, int value)
{
    at[0] = (uint8_t)value;
    at[1] = (uint8_t)((unsigned)value >> 8);
}

static void bench_sequence(void)
{
    enum { WORDS = 800, RESETS = 16 };
    static uint8_t code[2 * WORDS], low[2 * WORDS], high[2 * WORDS];
    struct sc_g722 encoder, decoder;
    sc_g722_init(&encoder);
    sc_g722_init(&decoder);
    for (int i = 0; i < WORDS; i++) {
        int word = i < 656 ? (i % 2 ? 0x7FFE : -0x8000) : (i - 658) % 3 == 1 ? 0x7FFE : -0x8000;
        word = i == 655 ? 0 : i == 656 ? 0xB1E0 - 0x10000 : i == 657 ? 0xC000 - 0x10000 : word;
        const bool reset = i < RESETS || i >= WORDS - RESETS;
        const int16_t x = (int16_t)(word >> 1);
        uint8_t octet = 0;
        int16_t l = 0, h = 0;
        if (!reset) {
            sc_g722_encode(&encoder, &octet, &x, &x, 1);
            sc_g722_decode(&decoder, &l, &h, &octet, 1);
        }
        put16(code + 2 * i, reset ? 1 : octet << 8);
        put16(low + 2 * i, reset ? 1 : l * 2);
        put16(high + 2 * i, reset ? 1 : h * 2);
    }
    const int good = (crc32_of(code, sizeof code) == 0x344EA5D0u) + (crc32_of(low, sizeof low) == 0xAF00F31Fu) +
                     (crc32_of(high, sizeof high) == 0x5330AE2Eu);
    report("g722_sequence", BENCH_OURS, good, 3);
}

/* --- quality --------------------------------------------------------------------------------------------------------- */

static double snr_db(const int16_t *heard)
{
    double signal = 0, error = 0;
    for (size_t i = 800; i + DELAY < 2 * PAIRS; i++) {
        const double d = heard[i + DELAY] - said[i];
        signal += (double)said[i] * said[i], error += d * d;
    }
    return 10 * log10(signal / fmax(error, 1e-9));
}

static void bench_quality(const char *figure)
{
    wide_encode(our_octets, said, PAIRS);
    wide_decode(ours, our_octets, PAIRS);
    report(figure, BENCH_OURS, snr_db(ours), 0);
    if (!peer)
        return;
    peer_encode(their_octets, said);
    peer_decode(theirs, their_octets);
    report(figure, BENCH_SPANDSP, snr_db(theirs), 0);
}

/* --- what is counted ------------------------------------------------------------------------------------------------- */

__attribute__((noinline)) static void work(bool of_peer, bool encode)
{
    if (of_peer && encode)
        peer_encode(their_octets, said);
    else if (of_peer)
        peer_decode(theirs, our_octets);
    else if (encode)
        wide_encode(our_octets, said, PAIRS);
    else
        wide_decode(ours, our_octets, PAIRS);
}

static int count_work(const char *who, const char *way)
{
    const bool of_peer = strcmp(who, BENCH_SPANDSP) == 0;
    if (of_peer && !peer)
        return 2;
    wide_voice(said, 2 * PAIRS, -20, 31);
    wide_encode(our_octets, said, PAIRS);
    work(of_peer, strcmp(way, "encode") == 0);
    return 0;
}

int main(int count, char **words)
{
    peer = peer_open();
    const int first = bench_options(count, words);
    if (count - first == 2)
        return count_work(words[first], words[first + 1]);
    const char *speech = first < count ? words[first] : NULL;
    if (peer)
        bench_exactness(speech);
    bench_sequence();
    wide_voice(said, 2 * PAIRS, -22, 99);
    bench_quality("g722_snr_db");
    for (size_t i = 0; i < 2 * PAIRS; i++)
        said[i] = i / 40 % 2 ? INT16_MIN : INT16_MAX;
    bench_quality("g722_overload_db");
    return 0;
}
