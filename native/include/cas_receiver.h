/* cas_receiver.h: hears the alert of call waiting with caller identity (type II; Bellcore GR-30 and TIA-777 call it CAS, ETSI
 * EN 300 659-2 DT-AS): 2130 and 2750 Hz together for 80 ms, while somebody may be speaking.
 *
 * Feed every sample of the line with _process, any n; then take alerts with _next until it returns false. */
#ifndef SC_CAS_RECEIVER_H
#define SC_CAS_RECEIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sc_cas_alert {
    uint64_t ended_samples;         /* where it ended (within 10 ms), samples since create or reset */
    uint32_t duration_ms;
    float low_dbm0, high_dbm0;
};

struct sc_cas_receiver;

/* ENOMEM. */
int sc_cas_receiver_create(struct sc_cas_receiver **out);
void sc_cas_receiver_destroy(struct sc_cas_receiver *receiver);
void sc_cas_receiver_reset(struct sc_cas_receiver *receiver);

void sc_cas_receiver_process(struct sc_cas_receiver *receiver, const int16_t *in, size_t n);

/* Takes the alert; false when there is none. An older one that was not taken is lost. */
bool sc_cas_receiver_next(struct sc_cas_receiver *receiver, struct sc_cas_alert *alert);

#endif
