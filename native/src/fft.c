/* Real Fourier transform of 128 points: see fft.h.
 *
 * How: 64 complex points out of 128 real ones.  The 64 are 4 columns of 16: four transforms of 16 side by side in the
 * lanes of a vector (radix 4 twice, no shuffles), a twiddle, a 4 x 4 transposition, and transforms of 4, again side by
 * side.  The result comes in natural order.
 * Measured (tests/test_echo_canceller.c): agrees with the definition to 1e-6 of the largest value.
 */
#include "fft.h"

#include <math.h>

#define PI 3.14159265358979323846

struct complex4 {
    sc_v4 re, im;
};

void sc_fft_init(struct sc_fft *fft)
{
    for (int k = 0; k < 16; k++)
        for (int n = 0; n < 4; n++) {
            fft->twiddle_re[k][n] = (float)cos(2 * PI * k * n / 64);
            fft->twiddle_im[k][n] = (float)-sin(2 * PI * k * n / 64);
        }
    for (int k = 0; k < 32; k++) {
        fft->half_re[k] = (float)cos(2 * PI * k / 128);
        fft->half_im[k] = (float)-sin(2 * PI * k / 128);
    }
    for (int k = 0; k < 10; k++) {
        fft->sixteenth_re[k] = (float)cos(2 * PI * k / 16);
        fft->sixteenth_im[k] = (float)-sin(2 * PI * k / 16);
    }
}

static inline struct complex4 add(struct complex4 a, struct complex4 b)
{
    return (struct complex4){a.re + b.re, a.im + b.im};
}

static inline struct complex4 sub(struct complex4 a, struct complex4 b)
{
    return (struct complex4){a.re - b.re, a.im - b.im};
}

static inline struct complex4 sub_i(struct complex4 a, struct complex4 b) /* a - i b */
{
    return (struct complex4){a.re + b.im, a.im - b.re};
}

static inline struct complex4 add_i(struct complex4 a, struct complex4 b) /* a + i b */
{
    return (struct complex4){a.re - b.im, a.im + b.re};
}

static inline void transform4(struct complex4 *a, struct complex4 *b, struct complex4 *c, struct complex4 *d)
{
    const struct complex4 s = add(*a, *c), t = sub(*a, *c), u = add(*b, *d), v = sub(*b, *d);
    *a = add(s, u);
    *b = sub_i(t, v);
    *c = sub(s, u);
    *d = add_i(t, v);
}

static inline void turn(struct complex4 *a, float re, float im)
{
    *a = (struct complex4){a->re * re - a->im * im, a->re * im + a->im * re};
}

/* Sixteen points in each lane; x is overwritten, result k1 = c + 4 d comes at x[4 c + d]. */
static inline void transform16(const struct sc_fft *fft, struct complex4 *x)
{
    for (int b = 0; b < 4; b++) /* over a: inputs 4 a + b, outputs c at 4 c + b */
        transform4(&x[b], &x[4 + b], &x[8 + b], &x[12 + b]);
    for (int c = 1; c < 4; c++)
        for (int b = 1; b < 4; b++)
            turn(&x[4 * c + b], fft->sixteenth_re[b * c], fft->sixteenth_im[b * c]);
    for (int c = 0; c < 4; c++)
        transform4(&x[4 * c], &x[4 * c + 1], &x[4 * c + 2], &x[4 * c + 3]);
}

static inline void transpose(sc_v4 *a, sc_v4 *b, sc_v4 *c, sc_v4 *d)
{
    const sc_v4 p = __builtin_shufflevector(*a, *b, 0, 4, 1, 5), q = __builtin_shufflevector(*a, *b, 2, 6, 3, 7);
    const sc_v4 r = __builtin_shufflevector(*c, *d, 0, 4, 1, 5), s = __builtin_shufflevector(*c, *d, 2, 6, 3, 7);
    *a = __builtin_shufflevector(p, r, 0, 1, 4, 5);
    *b = __builtin_shufflevector(p, r, 2, 3, 6, 7);
    *c = __builtin_shufflevector(q, s, 0, 1, 4, 5);
    *d = __builtin_shufflevector(q, s, 2, 3, 6, 7);
}

/* 64 complex points, z[n1] holding points 4 n1 .. 4 n1 + 3, natural order in and out. */
static inline void transform64(const struct sc_fft *fft, struct complex4 *z)
{
    transform16(fft, z);
    for (int c = 0; c < 4; c++)
        for (int d = 0; d < 4; d++) {
            const sc_v4 re = fft->twiddle_re[c + 4 * d], im = fft->twiddle_im[c + 4 * d];
            struct complex4 *x = &z[4 * c + d];
            *x = (struct complex4){x->re * re - x->im * im, x->re * im + x->im * re};
        }
    struct complex4 y[16];
    for (int d = 0; d < 4; d++) { /* k1 = 4 d .. 4 d + 3 become the lanes */
        struct complex4 a = z[d], b = z[4 + d], c = z[8 + d], e = z[12 + d];
        transpose(&a.re, &b.re, &c.re, &e.re);
        transpose(&a.im, &b.im, &c.im, &e.im);
        transform4(&a, &b, &c, &e);
        y[d] = a;
        y[4 + d] = b;
        y[8 + d] = c;
        y[12 + d] = e;
    }
    for (int i = 0; i < 16; i++)
        z[i] = y[i];
}

static inline sc_v4 load(const float *x)
{
    return *(const sc_v4u *)x;
}

static inline void store(float *x, sc_v4 v)
{
    *(sc_v4u *)x = v;
}

static inline sc_v4 reversed(sc_v4 v)
{
    return __builtin_shufflevector(v, v, 3, 2, 1, 0);
}

void sc_fft_forward(const struct sc_fft *fft, const float *x, struct sc_spectrum *out)
{
    struct complex4 z[16];
    for (int i = 0; i < 16; i++) {
        const sc_v4 a = load(x + 8 * i), b = load(x + 8 * i + 4);
        z[i].re = __builtin_shufflevector(a, b, 0, 2, 4, 6);
        z[i].im = __builtin_shufflevector(a, b, 1, 3, 5, 7);
    }
    transform64(fft, z);
    float re[SC_FFT_BINS] __attribute__((aligned(16))), im[SC_FFT_BINS] __attribute__((aligned(16)));
    for (int i = 0; i < 16; i++) {
        *(sc_v4 *)(re + 4 * i) = z[i].re;
        *(sc_v4 *)(im + 4 * i) = z[i].im;
    }
    re[64] = re[0];
    im[64] = im[0];
    for (int k = 0; k < 32; k += 4) { /* bin k and its mirror 64 - k */
        const sc_v4 ar = load(re + k), ai = load(im + k);
        const sc_v4 br = reversed(load(re + 61 - k)), bi = reversed(load(im + 61 - k));
        const sc_v4 sr = (ar + br) * 0.5f, si = (ai - bi) * 0.5f, dr = (ai + bi) * 0.5f, di = (br - ar) * 0.5f;
        const sc_v4 wr = load(fft->half_re + k), wi = load(fft->half_im + k);
        const sc_v4 tr = dr * wr - di * wi, ti = dr * wi + di * wr;
        store(out->re + k, sr + tr);
        store(out->im + k, si + ti);
        store(out->re + 61 - k, reversed(sr - tr));
        store(out->im + 61 - k, reversed(ti - si));
    }
    out->re[32] = re[32];
    out->im[32] = -im[32];
    for (int k = 65; k < SC_FFT_BINS; k++)
        out->re[k] = out->im[k] = 0;
}

void sc_fft_inverse(const struct sc_fft *fft, const struct sc_spectrum *in, float *x)
{
    float re[64] __attribute__((aligned(16))), im[64] __attribute__((aligned(16)));
    const float scale = 0.5f / 64;
    for (int k = 0; k < 32; k += 4) {
        const sc_v4 ar = load(in->re + k), ai = load(in->im + k);
        const sc_v4 br = reversed(load(in->re + 61 - k)), bi = reversed(load(in->im + 61 - k));
        const sc_v4 sr = ar + br, si = ai - bi, dr = ar - br, di = ai + bi;
        const sc_v4 wr = load(fft->half_re + k), wi = -load(fft->half_im + k);
        const sc_v4 tr = -(dr * wi + di * wr), ti = dr * wr - di * wi; /* i w d */
        store(re + k, (sr + tr) * scale);
        store(im + k, (si + ti) * scale);
        if (k > 0) {
            store(re + 61 - k, reversed((sr - tr) * scale));
            store(im + 61 - k, reversed((ti - si) * scale));
        } else {
            for (int j = 1; j < 4; j++) {
                re[64 - j] = (sr[j] - tr[j]) * scale;
                im[64 - j] = (ti[j] - si[j]) * scale;
            }
        }
    }
    re[32] = in->re[32] * 2 * scale;
    im[32] = -in->im[32] * 2 * scale;
    struct complex4 z[16];
    for (int i = 0; i < 16; i++) { /* swapped in and out: the inverse */
        z[i].re = *(sc_v4 *)(im + 4 * i);
        z[i].im = *(sc_v4 *)(re + 4 * i);
    }
    transform64(fft, z);
    for (int i = 0; i < 16; i++) {
        store(x + 8 * i, __builtin_shufflevector(z[i].im, z[i].re, 0, 4, 1, 5));
        store(x + 8 * i + 4, __builtin_shufflevector(z[i].im, z[i].re, 2, 6, 3, 7));
    }
}
