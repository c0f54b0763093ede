/* The Russian АОН: any answer to its request: bursts of two of six tones, too long, too short, in a wrong order, noise. */
#include "aon_receiver.h"
#include "drawn.h"

#include <string.h>

enum { BLOCK = 80, BEFORE = 2880, QUIET = 8000, GIVES_UP_SAMPLES = 80000 };

static void see(const struct sc_aon_receiver *receiver)
{
    struct sc_aon_result result;
    const enum sc_aon_state state = sc_aon_receiver_state(receiver, &result);
    CLAIM(state == SC_AON_ASKING || state == SC_AON_IDENTIFIED || state == SC_AON_UNKNOWN);
    CLAIM(result.requests <= 3);
    if (state != SC_AON_IDENTIFIED)
        return;
    CLAIM(strspn(result.number, "0123456789") == SC_AON_DIGITS && strlen(result.number) == SC_AON_DIGITS);
    CLAIM(result.category >= '0' && result.category <= '9' && result.requests >= 1 && result.bursts >= 10);
}

/* A burst of the packet for each byte: which two of the six, and whether it lasts 36 .. 43 ms. */
static int16_t *bursts(struct fuzz *fuzz, size_t *n)
{
    static const double hz[6] = { 700, 900, 1100, 1300, 1500, 1700 };
    struct signal s = signal_new(DRAWN_SAMPLES + QUIET, 1);
    size_t at = 0;
    while (fuzz->left > 0 && at + 400 < DRAWN_SAMPLES) {
        const uint8_t burst = fuzz_byte(fuzz);
        const size_t length = 288 + (size_t)(burst >> 5) * 8;
        const int low = burst % 32 % 6, high = (low + 1 + burst % 32 / 6) % 6;
        signal_sine(&s, at, length, hz[low], -12, 0);
        if (high != low)
            signal_sine(&s, at, length, hz[high], -12, 1);
        at += length;
    }
    *n = at + QUIET;
    int16_t *x = signal_samples(&s);
    signal_free(&s);
    return x;
}

static void hear(struct sc_aon_receiver *receiver, const int16_t *x, size_t n)
{
    int16_t out[BLOCK];
    for (size_t i = 0; i < n; i += BLOCK) {
        sc_aon_receiver_process(receiver, x + i, out, n - i < BLOCK ? n - i : BLOCK);
        see(receiver);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const double hz[] = { 700, 900, 1100, 1300, 1500, 1700, 500, 425 };
    static const int16_t silence[GIVES_UP_SAMPLES];
    static struct sc_aon_receiver *receiver;
    struct fuzz fuzz = { data, size };
    struct sc_aon_result result;
    size_t n;
    if (receiver == NULL && sc_aon_receiver_create(&receiver, NULL) != 0)
        abort();
    sc_aon_receiver_reset(receiver);
    sc_aon_receiver_start(receiver);
    const uint8_t how = fuzz_byte(&fuzz);
    hear(receiver, silence, BEFORE + (size_t)(how >> 1) * 16);
    int16_t *x = how & 1 ? bursts(&fuzz, &n) : drawn(&fuzz, (struct drawn_tones){ hz, sizeof hz / sizeof *hz }, QUIET, &n);
    hear(receiver, x, n);
    free(x);
    if (sc_aon_receiver_state(receiver, &result) == SC_AON_ASKING)
        hear(receiver, silence, GIVES_UP_SAMPLES);
    CLAIM(sc_aon_receiver_state(receiver, &result) != SC_AON_ASKING);   /* it never asks for ever */
    return 0;
}
