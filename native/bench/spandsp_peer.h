/* spandsp_peer.h: libspandsp's receivers and concealment as peers of ours. The library is opened at run time, so that a
 * benchmark also runs (without the peer) where it is not installed: peer_open() is then false. */
#ifndef SC_BENCH_SPANDSP_PEER_H
#define SC_BENCH_SPANDSP_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define PEER_MESSAGE_MAX 256

struct peer_message {
    uint8_t octets[PEER_MESSAGE_MAX];
    int length;
    unsigned count;
};

/* Of a cadence, for libspandsp's super_tone_rx; 0 Hz is silence. */
struct peer_element {
    int hz, least_ms, most_ms;
};

#if defined(__x86_64__) && __has_include(<spandsp.h>)
#include <dlfcn.h>
#include <spandsp.h>

#define PEER_FUNCTIONS(f)                                                                                              \
    f(dtmf_rx_init) f(dtmf_rx_parms) f(dtmf_rx) f(dtmf_rx_get) f(dtmf_rx_free) f(super_tone_rx_make_descriptor)        \
    f(super_tone_rx_add_tone) f(super_tone_rx_add_element) f(super_tone_rx_init) f(super_tone_rx)                      \
    f(super_tone_rx_free) f(adsi_rx_init) f(adsi_rx) f(adsi_rx_free) f(plc_init) f(plc_rx) f(plc_fillin) f(plc_free)  \
    f(modem_connect_tones_rx_init) f(modem_connect_tones_rx) f(modem_connect_tones_rx_free)
#define PEER_POINTER(name) static __typeof__(&name) peer_##name;
PEER_FUNCTIONS(PEER_POINTER)

#define PEER_FIND(name)                                                                                                \
    *(void **)&peer_##name = dlsym(library, #name);                                                                    \
    found = found && peer_##name != NULL;

static inline bool peer_open(void)
{
    void *library = dlopen("libspandsp.so.2", RTLD_NOW);
    bool found = library != NULL;
    if (found) {
        PEER_FUNCTIONS(PEER_FIND)
    }
    return found;
}

static inline void *peer_dtmf_create(bool filter)
{
    dtmf_rx_state_t *peer = peer_dtmf_rx_init(NULL, NULL, NULL);
    if (filter)
        peer_dtmf_rx_parms(peer, 1, -1.0f, -1.0f, -99.0f);
    return peer;
}

static inline void peer_dtmf_take(void *peer, const int16_t *x, size_t n)
{
    peer_dtmf_rx(peer, x, (int)n);
}

static inline size_t peer_dtmf_digits(void *peer, char *digits, size_t most)
{
    return (size_t)peer_dtmf_rx_get(peer, digits, (int)most);
}

static inline void peer_dtmf_destroy(void *peer)
{
    peer_dtmf_rx_free(peer);
}

static inline void peer_tone_heard(void *user, int code, int level, int delay)
{
    (void)level, (void)delay;
    if (code >= 0)
        ((unsigned *)user)[code % 4]++;
}

/* Tones 0: busy 350/350, 1: busy 400/400, 2: congestion 175/175, each +-20 %, as ours is asked; 3: one of another
 * frequency, without which it matches nothing. `found` counts four tones. */
static inline void *peer_tones_create(unsigned *found)
{
    super_tone_rx_descriptor_t *plan = peer_super_tone_rx_make_descriptor(NULL);      /* freed with the process */
    static const int cadences[4][3] = { { 425, 280, 420 }, { 425, 320, 480 }, { 425, 140, 210 }, { 1400, 280, 420 } };
    for (int i = 0; i < 4; i++) {
        int tone = peer_super_tone_rx_add_tone(plan);
        peer_super_tone_rx_add_element(plan, tone, cadences[i][0], 0, cadences[i][1], cadences[i][2]);
        peer_super_tone_rx_add_element(plan, tone, 0, 0, cadences[i][1], cadences[i][2]);
    }
    return peer_super_tone_rx_init(NULL, plan, peer_tone_heard, found);
}

/* One tone of so many elements, and one of another frequency; found[0] counts the former. */
static inline void *peer_tone_create(const struct peer_element *elements, size_t count, unsigned *found)
{
    super_tone_rx_descriptor_t *plan = peer_super_tone_rx_make_descriptor(NULL);      /* freed with the process */
    const int tone = peer_super_tone_rx_add_tone(plan);
    for (size_t i = 0; i < count; i++)
        peer_super_tone_rx_add_element(plan, tone, elements[i].hz, 0, elements[i].least_ms, elements[i].most_ms);
    const int other = peer_super_tone_rx_add_tone(plan);
    peer_super_tone_rx_add_element(plan, other, 2600, 0, 280, 420);
    peer_super_tone_rx_add_element(plan, other, 0, 0, 280, 420);
    return peer_super_tone_rx_init(NULL, plan, peer_tone_heard, found);
}

static inline void peer_tones_take(void *peer, const int16_t *x, size_t n)
{
    peer_super_tone_rx(peer, x, (int)n);
}

static inline void peer_tones_destroy(void *peer)
{
    peer_super_tone_rx_free(peer);
}

static inline void peer_fax_heard(void *user, int code, int level, int delay)
{
    (void)level, (void)delay;
    *(unsigned *)user += code != MODEM_CONNECT_TONES_NONE;
}

/* The tones of fax machines: `found` counts what is heard of the one kind. */
static inline void *peer_fax_create(bool answer, unsigned *found)
{
    const int kind = answer ? MODEM_CONNECT_TONES_FAX_CED : MODEM_CONNECT_TONES_FAX_CNG;
    return peer_modem_connect_tones_rx_init(NULL, kind, peer_fax_heard, found);
}

static inline void peer_fax_take(void *peer, const int16_t *x, size_t n)
{
    peer_modem_connect_tones_rx(peer, x, (int)n);
}

static inline void peer_fax_destroy(void *peer)
{
    peer_modem_connect_tones_rx_free(peer);
}

static inline void peer_reversals_heard(void *user, int code, int level, int delay)
{
    (void)level, (void)delay;
    *(unsigned *)user += code == MODEM_CONNECT_TONES_ANS_PR || code == MODEM_CONNECT_TONES_ANSAM_PR;
}

/* The answer tone with phase reversals; taken and destroyed as the tones of fax machines. */
static inline void *peer_reversals_create(unsigned *found)
{
    return peer_modem_connect_tones_rx_init(NULL, MODEM_CONNECT_TONES_ANS_PR, peer_reversals_heard, found);
}

static inline void peer_message_heard(void *user, const uint8_t *octets, int length)
{
    struct peer_message *message = user;
    message->count++;
    message->length = length < PEER_MESSAGE_MAX ? length : PEER_MESSAGE_MAX;
    memcpy(message->octets, octets, (size_t)message->length);
}

static inline void *peer_callerid_create(bool v23, struct peer_message *message)
{
    return peer_adsi_rx_init(NULL, v23 ? ADSI_STANDARD_CLIP : ADSI_STANDARD_CLASS, peer_message_heard, message);
}

/* The Japanese form. */
static inline void *peer_callerid_japan_create(struct peer_message *message)
{
    return peer_adsi_rx_init(NULL, ADSI_STANDARD_JCLIP, peer_message_heard, message);
}

static inline void *peer_callerid_digits_create(struct peer_message *message)
{
    return peer_adsi_rx_init(NULL, ADSI_STANDARD_CLIP_DTMF, peer_message_heard, message);
}

static inline void peer_callerid_take(void *peer, const int16_t *x, size_t n)
{
    peer_adsi_rx(peer, x, (int)n);
}

static inline void peer_callerid_destroy(void *peer)
{
    peer_adsi_rx_free(peer);
}

static inline void *peer_concealment_create(void)
{
    return peer_plc_init(NULL);
}

static inline void peer_conceal(void *peer, bool lost, int16_t *x, size_t n)
{
    if (lost)
        peer_plc_fillin(peer, x, (int)n);
    else
        peer_plc_rx(peer, x, (int)n);
}

static inline void peer_concealment_destroy(void *peer)
{
    peer_plc_free(peer);
}
#else
static inline bool peer_open(void) { return false; }
static inline void *peer_dtmf_create(bool filter) { (void)filter; return NULL; }
static inline void peer_dtmf_take(void *peer, const int16_t *x, size_t n) { (void)peer, (void)x, (void)n; }
static inline size_t peer_dtmf_digits(void *p, char *d, size_t most) { (void)p, (void)d, (void)most; return 0; }
static inline void peer_dtmf_destroy(void *peer) { (void)peer; }
static inline void *peer_tones_create(unsigned *found) { (void)found; return NULL; }
static inline void *peer_tone_create(const struct peer_element *e, size_t n, unsigned *f) { (void)e, (void)n, (void)f; return NULL; }
static inline void peer_tones_take(void *peer, const int16_t *x, size_t n) { (void)peer, (void)x, (void)n; }
static inline void peer_tones_destroy(void *peer) { (void)peer; }
static inline void *peer_fax_create(bool answer, unsigned *found) { (void)answer, (void)found; return NULL; }
static inline void *peer_reversals_create(unsigned *found) { (void)found; return NULL; }
static inline void peer_fax_take(void *peer, const int16_t *x, size_t n) { (void)peer, (void)x, (void)n; }
static inline void peer_fax_destroy(void *peer) { (void)peer; }
static inline void *peer_callerid_create(bool v23, struct peer_message *m) { (void)v23, (void)m; return NULL; }
static inline void *peer_callerid_digits_create(struct peer_message *m) { (void)m; return NULL; }
static inline void *peer_callerid_japan_create(struct peer_message *m) { (void)m; return NULL; }
static inline void peer_callerid_take(void *peer, const int16_t *x, size_t n) { (void)peer, (void)x, (void)n; }
static inline void peer_callerid_destroy(void *peer) { (void)peer; }
static inline void *peer_concealment_create(void) { return NULL; }
static inline void peer_conceal(void *peer, bool lost, int16_t *x, size_t n) { (void)peer, (void)lost, (void)x, (void)n; }
static inline void peer_concealment_destroy(void *peer) { (void)peer; }
#endif

#endif
