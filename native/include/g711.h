/* g711.h: A-law and mu-law (ITU-T G.711), whole buffers at a time.
 *
 * Linear samples are int16 with the G.711 overload point at full scale: A-law's 13 bit code is shifted left by 3,
 * mu-law's 14 bit code by 2, so that a full-scale sine is 3.14 dBm0 (A-law) or 3.17 dBm0 (mu-law).
 * A-law octets are as on the wire, with the even bits inverted; mu-law octets with all bits inverted.
 * The encoder takes the nearest decision interval of the recommendation (tables 1a and 2a), and
 * encode(decode(c)) == c for every code, except mu-law's negative zero 0x7F, which decodes to 0 and encodes as 0xFF.
 * Stateless, no errors, in and out may not overlap. */
#ifndef SC_G711_H
#define SC_G711_H

#include <stddef.h>
#include <stdint.h>

#define SC_ALAW_SILENCE 0xD5u
#define SC_ULAW_SILENCE 0xFFu

void sc_alaw_encode(uint8_t *out, const int16_t *in, size_t n);
void sc_alaw_decode(int16_t *out, const uint8_t *in, size_t n);
void sc_ulaw_encode(uint8_t *out, const int16_t *in, size_t n);
void sc_ulaw_decode(int16_t *out, const uint8_t *in, size_t n);

#endif
