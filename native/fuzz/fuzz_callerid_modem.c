/* The caller-identity modem: the input as samples, or sent as FSK by either modulation, with noise. */
#include "callerid_modem.h"
#include "fsk_signal.h"
#include "fuzz.h"

enum { OCTETS_MAX = 60, SAMPLES_MAX = 4000, BLOCK = 80 };

static void hear(struct sc_callerid_modem *modem, const int16_t *x, size_t n)
{
    struct sc_callerid_message message;
    for (size_t i = 0; i < n; i += BLOCK)
        sc_callerid_modem_process(modem, x + i, n - i < BLOCK ? n - i : BLOCK);
    while (sc_callerid_modem_next(modem, &message)) {
        CLAIM(message.at_samples <= n + 1);
        CLAIM(memchr(message.number, '\0', sizeof message.number) != NULL);
        CLAIM(message.name_length <= SC_CALLERID_NAME_MAX);
    }
}

static void as_samples(struct sc_callerid_modem *modem, struct fuzz *fuzz)
{
    size_t n = 0;
    int16_t x[SAMPLES_MAX];
    while (fuzz->left >= 2 && n < SAMPLES_MAX)
        x[n++] = (int16_t)fuzz_number(fuzz, 2);
    hear(modem, x, n);
}

static void as_fsk(struct sc_callerid_modem *modem, struct fuzz *fuzz, uint8_t how)
{
    struct fsk kind = how & 2 ? fsk_v23 : fsk_bell202;
    uint8_t packet[OCTETS_MAX + 3];
    size_t n = OCTETS_MAX;
    const uint8_t type = how & 4 ? 0x80 : fuzz_byte(fuzz);
    kind.seizure_bits = how & 8 ? 300 : 40;
    kind.mark_bits = how & 128 ? 180 : 60; /* the shorter, the more inputs a second */
    kind.stop_bits = 1 + (how >> 4 & 1);
    const uint8_t *body = fuzz_bytes(fuzz, &n);
    const size_t length = fsk_packet(packet, type, body, n);
    if (how & 32)
        packet[length - 1] ^= 1; /* a wrong checksum is never a message */
    struct signal s = signal_new((kind.seizure_bits + 200 + (length + 2) * 11) * 20 / 3, how);
    fsk_draw(&s, &kind, 0, packet, length);
    signal_noise(&s, 0, s.length, how & 64 ? -40 : -80);
    int16_t *x = signal_samples(&s);
    hear(modem, x, s.length);
    struct sc_callerid_counts counts;
    sc_callerid_modem_counts(modem, &counts);
    CLAIM(counts.dropped <= counts.messages);
    free(x);
    signal_free(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sc_callerid_modem *modem;
    struct fuzz fuzz = { data, size };
    if (modem == NULL && sc_callerid_modem_create(&modem, NULL) != 0)
        abort();
    sc_callerid_modem_reset(modem);
    const uint8_t how = fuzz_byte(&fuzz);
    if (how & 1)
        as_samples(modem, &fuzz);
    else
        as_fsk(modem, &fuzz, how);
    return 0;
}
