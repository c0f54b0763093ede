/* Caller identity in a call (type II), both sides: any sound to the telephone's side, with a packet in FSK somewhere in it, and
 * any answer to the exchange's side. */
#include "callwaiting_receiver.h"
#include "callwaiting_sender.h"
#include "drawn.h"
#include "fsk_signal.h"

#include <string.h>

enum { BLOCK = 80, QUIET = 24000, OCTETS_MAX = 40 };

static const double hz[] = { 2130, 2750, 2130, 2750, 697, 770, 852, 941, 1209, 1336, 1477, 1633, 425, 1200, 2200, 1300 };

static void to_telephone(struct fuzz *fuzz, uint8_t how)
{
    static struct sc_callwaiting_receiver *receiver;
    struct sc_callerid_message message;
    uint8_t packet[OCTETS_MAX + 3];
    int16_t out[BLOCK];
    size_t n, octets = how >> 4 & 3 ? (how >> 4 & 3) * 12 : 0;
    if (receiver == NULL && sc_callwaiting_receiver_create(&receiver, 0) != 0)
        abort();
    sc_callwaiting_receiver_reset(receiver);
    const uint8_t *body = fuzz_bytes(fuzz, &octets);
    const size_t length = fsk_packet(packet, 0x80, body, octets);
    int16_t *x = drawn(fuzz, (struct drawn_tones){ hz, sizeof hz / sizeof *hz }, QUIET, &n);
    struct signal s = signal_new(n, how);
    struct fsk kind = how & 8 ? fsk_v23 : fsk_bell202;
    kind.seizure_bits = 0;
    kind.mark_bits = 80;
    if (octets > 0 && n > QUIET) /* behind what was drawn, as after a telephone's answer */
        fsk_draw(&s, &kind, n - QUIET + (size_t)(how & 7) * 160, packet, length);
    int16_t *identity = signal_samples(&s);
    for (size_t i = 0; i < n; i++)
        x[i] = (int16_t)(x[i] / 2 + identity[i] / 2);
    for (size_t i = 0; i + BLOCK <= n; i += BLOCK) {
        sc_callwaiting_receiver_process(receiver, x + i, out, BLOCK);
        while (sc_callwaiting_receiver_next(receiver, &message)) {
            CLAIM(memchr(message.number, '\0', sizeof message.number) != NULL);
            CLAIM(message.name_length <= SC_CALLERID_NAME_MAX);
        }
    }
    signal_free(&s);
    free(identity);
    memset(x, 0, n * sizeof *x);
    for (size_t i = 0; i + BLOCK <= n && i < QUIET; i += BLOCK)
        sc_callwaiting_receiver_process(receiver, x + i, out, BLOCK);
    CLAIM(!sc_callwaiting_receiver_muting(receiver)); /* the parties hear each other again */
    free(x);
}

static void to_exchange(struct fuzz *fuzz)
{
    static struct sc_callwaiting_sender *sender;
    const struct sc_callerid_identity identity = { .form = SC_CALLERID_MDMF, .modulation = SC_CALLERID_V23, .number = "4951234567" };
    int16_t out[BLOCK];
    size_t n;
    if (sender == NULL && sc_callwaiting_sender_create(&sender, 0) != 0)
        abort();
    sc_callwaiting_sender_reset(sender);
    CLAIM(sc_callwaiting_sender_send(sender, &identity) == 0);
    int16_t *x = drawn(fuzz, (struct drawn_tones){ hz, sizeof hz / sizeof *hz }, QUIET, &n);
    for (size_t i = 0; i + BLOCK <= n; i += BLOCK)
        sc_callwaiting_sender_process(sender, x + i, out, BLOCK);
    const enum sc_callwaiting_state state = sc_callwaiting_sender_state(sender);
    CLAIM(state == SC_CALLWAITING_SENT || state == SC_CALLWAITING_REFUSED); /* three seconds later, whatever came */
    free(x);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz fuzz = { data, size };
    const uint8_t how = fuzz_byte(&fuzz);
    if (how & 128)
        to_exchange(&fuzz);
    else
        to_telephone(&fuzz, how);
    return 0;
}
