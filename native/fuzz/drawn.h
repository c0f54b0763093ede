/* drawn.h: a line's sound out of the fuzzer's bytes: tones by two, noise, silence, samples; one stretch after the other. */
#ifndef SC_FUZZ_DRAWN_H
#define SC_FUZZ_DRAWN_H

#include "fuzz.h"
#include "signal.h"

enum { DRAWN_SAMPLES = 24000, DRAWN_SAMPLES_RAW = 400 };

/* Two of these frequencies, by index, in a stretch of sound. */
struct drawn_tones {
    const double *hz;
    unsigned count;
};

/* Each stretch: what it is, how long (0 .. 255 of 2 ms), then what that needs. All ends with `quiet` samples of silence. */
static inline int16_t *drawn(struct fuzz *fuzz, struct drawn_tones tones, size_t quiet, size_t *n)
{
    struct signal s = signal_new(DRAWN_SAMPLES + quiet, 1);
    size_t at = 0;
    while (fuzz->left > 0 && at < DRAWN_SAMPLES) {
        const uint8_t kind = fuzz_byte(fuzz);
        size_t length = fuzz_byte(fuzz) * (size_t)16;
        length = length < DRAWN_SAMPLES - at ? length : DRAWN_SAMPLES - at;
        if (kind % 4 == 0) {
            for (size_t i = 0; i < length && i < DRAWN_SAMPLES_RAW && fuzz->left > 0; i++)
                s.x[at + i] += (int16_t)fuzz_number(fuzz, 2);
        } else if (kind % 4 == 1) {
            signal_noise(&s, at, length, -60 + fuzz_byte(fuzz) / 4.0);
        } else if (kind % 4 == 2) {
            const uint8_t pair = fuzz_byte(fuzz), level = fuzz_byte(fuzz), off = fuzz_byte(fuzz);
            const double dbm0 = -50 + (level >> 3) * 1.6, twist = (level & 7) - 3.5, hz_off = (off - 128) / 4.0;
            signal_sine(&s, at, length, tones.hz[pair % tones.count] + hz_off, dbm0 + twist, off);
            signal_sine(&s, at, length, tones.hz[pair / 16 % tones.count] + hz_off, dbm0 - twist, level);
        }
        at += length;
    }
    *n = at + quiet;
    int16_t *x = signal_samples(&s);
    signal_free(&s);
    return x;
}

#endif
