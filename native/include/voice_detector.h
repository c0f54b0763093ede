/* voice_detector.h: whether somebody speaks on a line, and when nothing but steady background has been heard for long.
 *
 * What it is for: a city line says by its tones that nobody answers, but not that somebody has; and a line on which nobody
 * has spoken for minutes may be one that nobody is on. A voice is what is neither steady noise nor made of one or two steady
 * sines; music is one too. Feed every tick with _process, and take the news that it returns.
 * Embedded by value, allocates nothing. */
#ifndef SC_VOICE_DETECTOR_H
#define SC_VOICE_DETECTOR_H

#include "narrow_band.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sc_voice_news {
    SC_VOICE_NO_NEWS = 0,
    SC_VOICE_BEGAN = 1,         /* somebody speaks */
    SC_VOICE_ENDED = 2          /* for 2 s nobody has; also once after a reset, when nobody has spoken since */
};

struct sc_voice_detector {
    float block[2][SC_NARROW_BAND_BLOCK];   /* the one that fills, and the one before */
    uint32_t newest, filled;
    float heard_power;                      /* of what the party hears, with the tail of its echo */
    float heard_sum;
    float least[2];                         /* least power of a block: of this window, and of the one before */
    uint32_t blocks;
    float score;                            /* blocks with a voice in them, forgetting */
    uint32_t quiet;                         /* blocks since the last of them */
    int told;                               /* enum sc_voice_news: what was said last */
};

void sc_voice_detector_reset(struct sc_voice_detector *detector);

/* One tick. `heard`, or NULL, is what the party hears meanwhile: what comes back of that is no voice of its own. `tone`: a
 * call-progress tone sounds, who listens for tones says. */
enum sc_voice_news sc_voice_detector_process(struct sc_voice_detector *detector, const int16_t *in, const int16_t *heard,
                                             bool tone, size_t n);

#endif
