/* signals.h: what the tests of the two-wire module share: devices and lines that run, and long buffers. */
#ifndef TW_SIGNALS_H
#define TW_SIGNALS_H

#include "check.h"
#include "parts.h"

#include <errno.h>
#include <string.h>

enum { BLOCK = 80, LONGEST = 60 * TW_RATE_HZ };

static inline struct tw_device *new_device(void)
{
    struct tw_device_settings settings = {.seed = 1};
    struct tw_device *device = NULL;
    CHECK_EQ(tw_device_create(&device, &settings), 0);
    return device;
}

/* Runs a device alone; out (or NULL) takes what it said. */
static inline void run_device(struct tw_device *device, const int16_t *heard, int16_t *out, size_t n)
{
    static const int16_t silence[BLOCK];
    int16_t said[BLOCK];
    for (size_t at = 0; at + BLOCK <= n; at += BLOCK) {
        CHECK_EQ(tw_device_exchange(device, heard == NULL ? silence : heard + at, said, BLOCK), 0);
        if (out != NULL)
            memcpy(out + at, said, sizeof said);
    }
}

/* A line without any disturbance. */
static inline struct tw_line_settings clean_line(void)
{
    struct tw_line_settings settings;
    tw_line_settings_default(&settings);
    settings.noise_dbm0 = settings.hum_dbm0 = settings.click_dbm0 = settings.ringing_leak_dbm0 = -100.0;
    settings.erl_db = 40.0;
    settings.loss_db = 0.0;
    return settings;
}

static inline struct tw_line *new_line(const struct tw_line_settings *settings)
{
    struct tw_line *line = NULL;
    CHECK_EQ(tw_line_create(&line, settings), 0);
    return line;
}

static inline void run_line(struct tw_line *line, const int16_t *playback, int16_t *capture, size_t n)
{
    static const int16_t silence[BLOCK];
    int16_t got[BLOCK];
    for (size_t at = 0; at + BLOCK <= n; at += BLOCK) {
        CHECK_EQ(tw_port_exchange(line, playback == NULL ? silence : playback + at, got, BLOCK), 0);
        if (capture != NULL)
            memcpy(capture + at, got, sizeof got);
    }
}

#endif
