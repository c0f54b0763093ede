/* opus_codec.c: see opus_codec.h.
 *
 * How: libopus.so.0 is opened once and its functions are looked up by name, so that the core links without it; the prototypes and
 * request numbers are those of its documented interface (stable since 1.0). Its states hold no pointers: they live in our memory
 * and may be copied.
 * Assumes one thread for each state.
 * Measured (tests/test_opus_codec.c): a tone of 1 kHz comes back within 0.5 dB, one of 6 kHz within 3 dB, 24 kbit/s and less. */
#include "opus_codec.h"

#include "alloc.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>

#define LIBRARY "libopus.so.0"
#define RATE_HZ 16000
#define MONO 1
#define APPLICATION_VOIP 2048
#define SET_BITRATE 4002
#define SET_COMPLEXITY 4010
#define SET_INBAND_FEC 4012
#define SET_LOSS_PERCENT 4014
#define SET_SIGNAL 4024
#define SIGNAL_VOICE 3001
#define BITRATE 24000
#define COMPLEXITY 5                    /* of 10: a board's core codes dozens of legs, and speech gains little above */
#define LOSS_PERCENT 15                 /* what repeats (FEC) are coded for: with 5 libopus leaves them out at this rate */

struct library {
    int (*encoder_get_size)(int channels);
    int (*encoder_init)(void *state, int32_t rate, int channels, int application);
    int32_t (*encode)(void *state, const int16_t *pcm, int frame, unsigned char *data, int32_t most);
    int (*encoder_ctl)(void *state, int request, ...);
    int (*decoder_get_size)(int channels);
    int (*decoder_init)(void *state, int32_t rate, int channels);
    int (*decode)(void *state, const unsigned char *data, int32_t n, int16_t *pcm, int frame, int fec);
    int (*samples)(const unsigned char *data, int32_t n, int32_t rate);
};

struct sc_opus_encoder {
    void *state;
};

struct sc_opus_decoder {
    void *state;
    size_t size;
};

static struct library opus;
static bool available;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* POSIX says that an object pointer of dlsym holds a function; C has no cast for it. */
static bool look_up(void *handle, const char *name, void *function)
{
    void *found = dlsym(handle, name);
    memcpy(function, &found, sizeof found);
    return found != NULL;
}

static void open_library(void)
{
    void *handle = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL)
        return;
    available = look_up(handle, "opus_encoder_get_size", &opus.encoder_get_size) &&
                look_up(handle, "opus_encoder_init", &opus.encoder_init) && look_up(handle, "opus_encode", &opus.encode) &&
                look_up(handle, "opus_encoder_ctl", &opus.encoder_ctl) &&
                look_up(handle, "opus_decoder_get_size", &opus.decoder_get_size) &&
                look_up(handle, "opus_decoder_init", &opus.decoder_init) && look_up(handle, "opus_decode", &opus.decode) &&
                look_up(handle, "opus_packet_get_nb_samples", &opus.samples);
    if (!available)
        (void)dlclose(handle);
}

bool sc_opus_available(void)
{
    (void)pthread_once(&once, open_library);
    return available;
}

int sc_opus_encoder_create(struct sc_opus_encoder **out)
{
    if (!sc_opus_available())
        return ENOSYS;
    struct sc_opus_encoder *encoder = sc_alloc(sizeof *encoder);
    if (encoder == NULL)
        return ENOMEM;
    encoder->state = sc_alloc_untouched((size_t)opus.encoder_get_size(MONO));
    if (encoder->state == NULL) {
        sc_opus_encoder_destroy(encoder);
        return ENOMEM;
    }
    *out = encoder;
    return 0;
}

void sc_opus_encoder_destroy(struct sc_opus_encoder *encoder)
{
    if (encoder == NULL)
        return;
    sc_free(encoder->state);
    sc_free(encoder);
}

void sc_opus_encoder_reset(struct sc_opus_encoder *encoder)
{
    static const struct {
        int request, value;
    } wanted[] = { { SET_BITRATE, BITRATE }, { SET_COMPLEXITY, COMPLEXITY }, { SET_INBAND_FEC, 1 },
                   { SET_LOSS_PERCENT, LOSS_PERCENT }, { SET_SIGNAL, SIGNAL_VOICE } };
    (void)opus.encoder_init(encoder->state, RATE_HZ, MONO, APPLICATION_VOIP);
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        (void)opus.encoder_ctl(encoder->state, wanted[i].request, wanted[i].value);
}

size_t sc_opus_encode(struct sc_opus_encoder *encoder, uint8_t *octets, size_t most, const int16_t *wide, size_t samples)
{
    const int32_t n = opus.encode(encoder->state, wide, (int)samples, octets, (int32_t)most);
    return n > 0 ? (size_t)n : 0;
}

int sc_opus_decoder_create(struct sc_opus_decoder **out)
{
    if (!sc_opus_available())
        return ENOSYS;
    struct sc_opus_decoder *decoder = sc_alloc(sizeof *decoder);
    if (decoder == NULL)
        return ENOMEM;
    decoder->size = (size_t)opus.decoder_get_size(MONO);
    decoder->state = sc_alloc_untouched(decoder->size);
    if (decoder->state == NULL) {
        sc_opus_decoder_destroy(decoder);
        return ENOMEM;
    }
    *out = decoder;
    return 0;
}

void sc_opus_decoder_destroy(struct sc_opus_decoder *decoder)
{
    if (decoder == NULL)
        return;
    sc_free(decoder->state);
    sc_free(decoder);
}

void sc_opus_decoder_reset(struct sc_opus_decoder *decoder)
{
    (void)opus.decoder_init(decoder->state, RATE_HZ, MONO);
}

void sc_opus_decoder_copy(struct sc_opus_decoder *to, const struct sc_opus_decoder *from)
{
    memcpy(to->state, from->state, from->size);
}

size_t sc_opus_samples(const uint8_t *octets, size_t n)
{
    const int samples = n > 0 ? opus.samples(octets, (int32_t)n, RATE_HZ) : 0;
    return samples > 0 && samples <= (int)SC_OPUS_MAX_WIDE ? (size_t)samples : 0;
}

static bool decode(struct sc_opus_decoder *decoder, int16_t *wide, const uint8_t *octets, size_t n, int before)
{
    const size_t samples = sc_opus_samples(octets, n);
    return samples > 0 && opus.decode(decoder->state, octets, (int32_t)n, wide, (int)samples, before) == (int)samples;
}

bool sc_opus_decode(struct sc_opus_decoder *decoder, int16_t *wide, const uint8_t *octets, size_t n)
{
    return decode(decoder, wide, octets, n, 0);
}

bool sc_opus_decode_before(struct sc_opus_decoder *decoder, int16_t *wide, const uint8_t *octets, size_t n)
{
    return decode(decoder, wide, octets, n, 1);
}
