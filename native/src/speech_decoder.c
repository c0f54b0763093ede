/* speech_decoder.c: see speech_decoder.h.
 *
 * How: the sequence number says whether a G.722 packet continues what was decoded last. A gap leaves a copy of the decoder behind,
 * for the packet that may still come; whatever else is old is decoded on a copy that is thrown away, so that a repeat does no harm.
 * A new source begins from reset.
 * Assumes payload types that the caller has checked. Measured (test_wide_rtp.c): of tones at 1 and 5 kHz whose SNR is 43 and 19 dB, 5 % of packets in
 * the wrong order leave 34 and 17.5 dB (the packet that overtook is decoded out of step), 5 % lost and concealed 30 and 18 dB. */
#include "speech_decoder.h"

#include "g711.h"
#include "plan.h"

#include <string.h>

void sc_speech_decoder_reset(struct sc_speech_decoder *decoder)
{
    memset(decoder, 0, sizeof *decoder);
}

/* Where the decoder stands for this packet; what is decoded from there stays. */
static struct sc_g722 *stand_for(struct sc_speech_decoder *d, const struct sc_rtp_packet *packet, struct sc_g722 *scratch)
{
    const int16_t step = (int16_t)(packet->sequence - d->next);
    if (!d->known || packet->ssrc != d->ssrc) {
        *d = (struct sc_speech_decoder){ .known = true, .ssrc = packet->ssrc };
        sc_g722_init(&d->g722);
    } else if (step > 0) {
        d->gap = true;
        d->gap_next = d->next;
        d->before_gap = d->g722;
    } else if (step < 0 && d->gap && packet->sequence == d->gap_next) {
        d->gap_next++;
        return &d->before_gap;
    } else if (step < 0) {
        *scratch = d->g722;
        return scratch;
    }
    d->next = (uint16_t)(packet->sequence + 1);
    return &d->g722;
}

static int16_t doubled(int16_t band)
{
    return (int16_t)(2 * band);
}

bool sc_speech_decode(struct sc_speech_decoder *decoder, const struct sc_rtp_packet *packet, int16_t *low, int16_t *high)
{
    struct sc_g722 scratch;
    size_t n = packet->payload_length;
    if (packet->payload_type == SC_CODEC_PCMA) {
        sc_alaw_decode(low, packet->payload, n);
        return false;
    }
    if (packet->payload_type != SC_CODEC_G722) {
        sc_ulaw_decode(low, packet->payload, n);
        return false;
    }
    sc_g722_decode(stand_for(decoder, packet, &scratch), low, high, packet->payload, n);
    for (size_t i = 0; i < n; i++) {
        low[i] = doubled(low[i]);
        high[i] = doubled(high[i]);
    }
    return true;
}
