/* The jitter buffer: any row of packets, announced silences and ticks. */
#include "concealment.h"
#include "fuzz.h"
#include "jitter_buffer.h"

enum { STEPS = 400 };

struct stream {
    struct sc_jitter_buffer *jitter;
    struct sc_concealment *plc;
    uint32_t timestamp, given;
    uint16_t sequence;
    int64_t clock_us;
};

static void put(struct stream *s, struct fuzz *fuzz, uint8_t how)
{
    static int16_t samples[SC_JITTER_MAX_PACKET_SAMPLES];
    samples[how] = (int16_t)(how << 7);
    s->timestamp += how & 4 ? 160 : fuzz_number(fuzz, how & 8 ? 4 : 1);
    s->sequence = (uint16_t)(s->sequence + (how & 16 ? 1 : (int16_t)fuzz_number(fuzz, 2)));
    const struct sc_jitter_packet p = { .ssrc = how & 32 ? 1 : fuzz_byte(fuzz) & 1u, .timestamp = s->timestamp,
        .sequence = s->sequence, .samples = samples, .n_samples = how & 64 ? 160 : fuzz_number(fuzz, 2),
        .arrival_us = how & 128 ? s->clock_us : (int64_t)((uint64_t)fuzz_number(fuzz, 4) << 32 | fuzz_number(fuzz, 4)) };
    if (how & 2) {
        sc_jitter_buffer_put_silence(s->jitter, &p);
        return;
    }
    s->given++;
    (void)sc_jitter_buffer_put(s->jitter, &p);
}

static void play(struct stream *s, uint8_t how)
{
    int16_t out[SC_JITTER_MAX_GET_SAMPLES];
    const size_t n = how & 4 ? how : 80;
    if (how & 2)
        sc_jitter_buffer_play(s->jitter, s->plc, how & 8, out, n);
    else
        CLAIM(sc_jitter_buffer_get(s->jitter, out, n) <= SC_JITTER_SILENCE);
    s->clock_us += (int64_t)n * 125;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct stream s;
    struct fuzz fuzz = { data, size };
    struct sc_jitter_buffer_state state;
    if (s.jitter == NULL && (sc_jitter_buffer_create(&s.jitter, NULL) != 0 || sc_concealment_create(&s.plc, NULL) != 0))
        abort();
    sc_jitter_buffer_reset(s.jitter);
    sc_concealment_reset(s.plc);
    s.given = 0;
    for (int i = 0; fuzz.left > 0 && i < STEPS; i++) {
        const uint8_t how = fuzz_byte(&fuzz);
        if (how & 1)
            put(&s, &fuzz, how);
        else
            play(&s, how);
        sc_jitter_buffer_get_state(s.jitter, &state);
        CLAIM(state.depth_ms >= 0 && state.depth_ms <= 512);
        CLAIM(state.target_depth_ms >= 5 && state.target_depth_ms <= 200);
    }
    sc_jitter_buffer_get_state(s.jitter, &state);
    CLAIM(state.received + state.refused == s.given);
    CLAIM(state.late + state.duplicates + state.overflow <= state.received);
    return 0;
}
