/* Real Fourier transform of 128 points in single precision: what the echo canceller's background filter works with.
 * No state but its tables; nothing is allocated. */
#ifndef SC_FFT_H
#define SC_FFT_H

enum {
    SC_FFT_SIZE = 128,
    SC_FFT_BINS = 68 /* 65 in use, padded to whole vectors; the padding is written as 0 */
};

typedef float sc_v4 __attribute__((vector_size(16)));                /* four floats, 16-byte aligned */
typedef float sc_v4u __attribute__((vector_size(16), aligned(4))); /* four floats anywhere */

struct sc_spectrum {
    float re[SC_FFT_BINS] __attribute__((aligned(16)));
    float im[SC_FFT_BINS] __attribute__((aligned(16)));
};

struct sc_fft {
    sc_v4 twiddle_re[16], twiddle_im[16]; /* exp(-2 pi i k n / 64), k = index, n = lane */
    float half_re[32], half_im[32];       /* exp(-2 pi i k / 128) */
    float sixteenth_re[10], sixteenth_im[10];
};

void sc_fft_init(struct sc_fft *fft);
void sc_fft_forward(const struct sc_fft *fft, const float *x, struct sc_spectrum *out); /* x: 128, unscaled */
void sc_fft_inverse(const struct sc_fft *fft, const struct sc_spectrum *in, float *x);  /* exact inverse */

#endif
