/* Comfort noise as it goes over the wire (RFC 3389): a level and reflection coefficients. Stateless. */
#ifndef SC_COMFORT_NOISE_PAYLOAD_H
#define SC_COMFORT_NOISE_PAYLOAD_H

#include "comfort_noise.h"

#include <stdint.h>

#define SC_COMFORT_NOISE_PAYLOAD_BYTES (1 + SC_COMFORT_NOISE_ORDER)

/* Of more coefficients than we have room for the first are taken. EBADMSG: empty, a level with its first bit set (RFC 3389,
 * 3.1), or a coefficient that is out of range (3.2). */
int sc_comfort_noise_payload_parse(struct sc_comfort_noise_shape *out, const uint8_t *payload, size_t n);

void sc_comfort_noise_payload_build(uint8_t out[SC_COMFORT_NOISE_PAYLOAD_BYTES],
                                    const struct sc_comfort_noise_shape *shape);

#endif
