/* speech_file.h: recorded speech (16 bits, 8 kHz, no header) laid over a signal, where a benchmark was given a file of it. */
#ifndef SC_BENCH_SPEECH_FILE_H
#define SC_BENCH_SPEECH_FILE_H

#include "signal.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static const char *speech_name;     /* NULL: the synthetic voice instead */

/* Speech at this level (rms over the whole stretch) from a place in the file. */
static inline void speak(struct signal *s, double dbm0, size_t place)
{
    FILE *file = speech_name != NULL ? fopen(speech_name, "rb") : NULL;
    int16_t *x = calloc(s->length, sizeof *x);
    double power = 1;
    if (file == NULL || x == NULL) {
        signal_voice(s, 0, s->length, dbm0);
    } else if (fseek(file, (long)(place * 2), SEEK_SET) == 0) {
        const size_t n = fread(x, sizeof *x, s->length, file);
        for (size_t i = 0; i < n; i++)
            power += (double)x[i] * x[i] / (double)n;
        for (size_t i = 0; i < n; i++)
            s->x[i] += x[i] * signal_amplitude(dbm0) / sqrt(2 * power);
    }
    if (file != NULL)
        fclose(file);
    free(x);
}

#endif
