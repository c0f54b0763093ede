/* The laboratory in which the canceller's tests run: sources, hybrid, A-law, and meters over sliding 35 ms. */
#ifndef ECHO_LAB_H
#define ECHO_LAB_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "check.h"
#include "echo_canceller.h"
#include "g168.h"

#define PI 3.14159265358979323846
enum { TICK = 80, METER = 280 /* 35 ms */, SECOND = 8000 };

/* A laboratory: canceller, echo path, far-end and near-end sources. */
struct lab {
    struct sc_echo_canceller *ec;
    struct g168_path path;
    uint64_t now;                       /* samples */
    double (*far)(uint64_t), far_dbm0;  /* a unit signal and its level; NULL: silence */
    double (*near)(uint64_t), near_dbm0;
    double offset;                      /* DC on sin */
    bool alaw, clipped;                 /* clipped: sin went over full scale, so it is no linear echo */
    double rin_peak, sin_peak, sout_peak; /* of the meters since mark() */
    double window[3][METER], sum[3];
    double rin_sum, sin_sum, sout_sum, difference_sum;
    uint64_t counted;
};

static struct lab lab;

static inline void open_lab(int model, double erl_db, size_t delay, bool nlp, bool comfort_noise)
{
    struct sc_echo_canceller_settings s;
    sc_echo_canceller_settings_default(&s);
    s.nlp = nlp;
    s.comfort_noise = comfort_noise;
    memset(&lab, 0, sizeof lab);
    lab.alaw = true;
    g168_path_set(&lab.path, model, erl_db, delay);
    CHECK_EQ(sc_echo_canceller_create(&lab.ec, &s), 0);
}

static inline void close_lab(void)
{
    sc_echo_canceller_destroy(lab.ec);
    lab.ec = NULL;
}

static inline double dbm0(double power)
{
    return 10 * log10(power + 1e-3) - 20 * log10(G168_RMS_0_DBM0);
}

static inline void mark(void) /* meters begin anew */
{
    lab.rin_peak = lab.sin_peak = lab.sout_peak = 0;
    memset(lab.window, 0, sizeof lab.window);
    memset(lab.sum, 0, sizeof lab.sum);
    lab.rin_sum = lab.sin_sum = lab.sout_sum = lab.difference_sum = 0;
    lab.counted = 0;
}

static inline void meter(int which, double x, double *peak)
{
    const size_t at = lab.counted % METER;
    lab.sum[which] += x * x - lab.window[which][at];
    lab.window[which][at] = x * x;
    if (lab.counted >= METER - 1)
        *peak = fmax(*peak, lab.sum[which] / METER);
}

static inline void run_ms(double ms)
{
    int16_t rin[TICK], sin_[TICK], sout[TICK];
    double near[TICK];
    for (uint64_t end = lab.now + (uint64_t)(ms * 8); lab.now < end;) {
        for (size_t i = 0; i < TICK; i++, lab.now++) {
            double x = lab.far ? lab.far(lab.now) * g168_rms(lab.far_dbm0) : 0;
            if (lab.alaw && lab.far)
                x = g168_alaw(x);
            rin[i] = g168_sample(x);
            near[i] = lab.near ? lab.near(lab.now) * g168_rms(lab.near_dbm0) : 0;
            const double y = g168_path_run(&lab.path, rin[i]) + near[i] + lab.offset;
            lab.clipped |= fabs(y) > 32767 || fabs(x) > 32767;
            sin_[i] = g168_sample(lab.alaw && fabs(y) > 1e-9 ? g168_alaw(y) : y);
        }
        CHECK_EQ(sc_echo_canceller_process(lab.ec, rin, sin_, sout, TICK), 0);
        for (size_t i = 0; i < TICK; i++) {
            meter(0, rin[i], &lab.rin_peak);
            meter(1, sin_[i], &lab.sin_peak);
            meter(2, sout[i], &lab.sout_peak);
            lab.rin_sum += (double)rin[i] * rin[i];
            lab.sin_sum += (double)sin_[i] * sin_[i];
            lab.sout_sum += (double)sout[i] * sout[i];
            lab.difference_sum += pow(sout[i] - near[i], 2);
            lab.counted++;
        }
    }
}

static inline struct sc_echo_canceller_state state(void)
{
    struct sc_echo_canceller_state s;
    sc_echo_canceller_get_state(lab.ec, &s);
    return s;
}

static uint32_t seed = 11;

static inline double uniform(void) /* -1..1 */
{
    seed = seed * 1664525u + 1013904223u;
    return (double)(int32_t)seed / 2147483648.0;
}

#endif
