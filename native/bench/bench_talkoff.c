/* bench_talkoff: what the detectors make of speech and music, beside libspandsp's DTMF receiver. Every event is false.
 *
 *     bench_talkoff FILE...      raw files: 8000 samples a second, 16 bit, little endian, one voice
 *                                (sox in.wav -t raw -r 8000 -c 1 -b 16 -e signed - ; espeak-ng --stdout | sox ...)
 * Each file is heard at five speeds (0.85, 0.92, 1, 1.08, 1.18): other voices. Prints each false event and a summary
 * with hours and the 95 % bound of the rate where nothing was found (3 / hours). Without files it measures nothing.
 *
 * Debian has such sound: asterisk-core-sounds-{en,es,fr,it,ru}-wav, asterisk-moh-opsound-wav, klettres-data,
 * ktuberling-data (used for tuning), wesnoth-1.16-music, espeak-ng (kept apart from tuning). */
#include "callerid_modem.h"
#include "dtmf_receiver.h"
#include "tone_receiver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#if defined(__x86_64__) && __has_include(<spandsp.h>)
#include <dlfcn.h>
#include <spandsp.h>
#define SC_HAVE_SPANDSP
#endif

#define TICK 80u
#define KINDS (SC_TONE_HOWLER + 1)

struct ears {
    struct sc_dtmf_receiver *dtmf;
    struct sc_tone_receiver *tones;
    struct sc_callerid_modem *callerid;
    void *peer;
};

struct tally {
    double hours;
    unsigned digits, mutes, messages, tones[KINDS];
    long peer_digits;                 /* -1: no peer */
};

#ifdef SC_HAVE_SPANDSP
static __typeof__(&dtmf_rx_init) peer_init;
static __typeof__(&dtmf_rx) peer_rx;
static __typeof__(&dtmf_rx_get) peer_get;
static __typeof__(&dtmf_rx_free) peer_free;

static int open_peer(void)
{
    void *library = dlopen("libspandsp.so.2", RTLD_NOW);
    if (library == NULL)
        return 0;
    *(void **)&peer_init = dlsym(library, "dtmf_rx_init");
    *(void **)&peer_rx = dlsym(library, "dtmf_rx");
    *(void **)&peer_get = dlsym(library, "dtmf_rx_get");
    *(void **)&peer_free = dlsym(library, "dtmf_rx_free");
    return peer_init != NULL && peer_rx != NULL && peer_get != NULL && peer_free != NULL;
}

static void *create_peer(void)
{
    return peer_init(NULL, NULL, NULL);
}

static long take_peer(void *peer, const int16_t *x)
{
    char digits[32];
    peer_rx(peer, x, TICK);
    return (long)peer_get(peer, digits, 31);
}

static void destroy_peer(void *peer)
{
    peer_free(peer);
}
#else
static int open_peer(void) { return 0; }
static void *create_peer(void) { return NULL; }
static long take_peer(void *peer, const int16_t *x) { (void)peer, (void)x; return 0; }
static void destroy_peer(void *peer) { (void)peer; }
#endif

static struct sc_tone_receiver_settings russian(void)
{
    static const struct { enum sc_tone_kind kind; uint32_t on, off; } plan[6] = {
        { SC_TONE_DIAL, 0, 0 }, { SC_TONE_RINGBACK, 1000, 4000 }, { SC_TONE_BUSY, 350, 350 }, { SC_TONE_BUSY, 400, 400 },
        { SC_TONE_CONGESTION, 175, 175 }, { SC_TONE_STUTTER_DIAL, 100, 100 },
    };
    struct sc_tone_receiver_settings s = { .descriptor_count = 7 };
    for (int i = 0; i < 6; i++) {
        s.descriptors[i].kind = plan[i].kind;
        s.descriptors[i].frequency_count = 1;
        s.descriptors[i].frequency_hz[0] = 425.0f;
        s.descriptors[i].pair_count = plan[i].on > 0 ? 1 : 0;
        s.descriptors[i].pairs[0] = (struct sc_tone_pair){ plan[i].on, plan[i].off };
    }
    s.descriptors[6] = (struct sc_tone_descriptor){
        .kind = SC_TONE_SIT, .frequency_count = 3, .frequency_hz = { 950, 1400, 1800 }, .sequence = true,
        .pair_count = 3, .pairs = { { 330, 0 }, { 330, 0 }, { 330, 1000 } },
    };
    return s;
}

static void open_ears(struct ears *e, int with_peer)
{
    struct sc_tone_receiver_settings plan = russian();
    if (sc_dtmf_receiver_create(&e->dtmf, NULL) != 0 || sc_tone_receiver_create(&e->tones, &plan) != 0 ||
        sc_callerid_modem_create(&e->callerid, NULL) != 0)
        exit(1);
    e->peer = with_peer ? create_peer() : NULL;
}

static void close_ears(struct ears *e)
{
    sc_dtmf_receiver_destroy(e->dtmf);
    sc_tone_receiver_destroy(e->tones);
    sc_callerid_modem_destroy(e->callerid);
    if (e->peer != NULL)
        destroy_peer(e->peer);
}

static void hear_tick(struct ears *e, const int16_t *x, struct tally *t, const char *where, double seconds)
{
    static const char *const kinds[KINDS] = { "", "dial", "stutter", "ringback", "busy", "congestion", "sit", "howler" };
    struct sc_dtmf_event digit;
    struct sc_tone_event tone;
    struct sc_callerid_message message;
    int muted = sc_dtmf_receiver_tone_present(e->dtmf);
    sc_dtmf_receiver_process(e->dtmf, x, TICK);
    sc_tone_receiver_process(e->tones, x, TICK);
    sc_callerid_modem_process(e->callerid, x, TICK);
    t->mutes += !muted && sc_dtmf_receiver_tone_present(e->dtmf);
    while (sc_dtmf_receiver_next(e->dtmf, &digit))
        if (digit.type == SC_DTMF_END) {
            t->digits++;
            printf("%s %.2f s: digit %c, %u ms\n", where, seconds, digit.digit, digit.duration_samples / 8);
        }
    while (sc_tone_receiver_next(e->tones, &tone))
        if (tone.type == SC_TONE_ON) {
            t->tones[tone.kind]++;
            if (tone.kind != SC_TONE_DIAL)
                printf("%s %.2f s: %s\n", where, seconds, kinds[tone.kind]);
        }
    while (sc_callerid_modem_next(e->callerid, &message)) {
        t->messages++;
        printf("%s %.2f s: caller identity\n", where, seconds);
    }
    if (e->peer != NULL)
        t->peer_digits += take_peer(e->peer, x);
}

static void hear_at_speed(const int16_t *x, size_t n, double speed, struct tally *t, const char *name, int with_peer)
{
    struct ears e;
    char where[256];
    int16_t tick[TICK];
    snprintf(where, sizeof where, "%s x%.2f", name, speed);
    open_ears(&e, with_peer);
    size_t length = (size_t)((double)(n - 1) / speed);
    for (size_t at = 0; at + TICK < length; at += TICK) {
        for (size_t i = 0; i < TICK; i++) {
            double place = (double)(at + i) * speed;
            size_t whole = (size_t)place;
            double part = place - (double)whole;
            tick[i] = (int16_t)((double)x[whole] * (1.0 - part) + (double)x[whole + 1] * part);
        }
        hear_tick(&e, tick, t, where, (double)at / 8000.0);
    }
    t->hours += (double)length / 8000.0 / 3600.0;
    close_ears(&e);
}

static int hear_file(const char *name, struct tally *t, int with_peer)
{
    static const double speeds[5] = { 1.0, 0.85, 0.92, 1.08, 1.18 };
    FILE *file = fopen(name, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0 || ftell(file) < 1000) {
        fprintf(stderr, "%s: cannot be read, or holds no sound\n", name);
        if (file != NULL)
            fclose(file);
        return 1;
    }
    size_t n = (size_t)ftell(file) / 2;
    int16_t *x = malloc(n * sizeof *x);
    rewind(file);
    int bad = x == NULL || fread(x, sizeof *x, n, file) != n;
    for (int i = 0; i < 5 && !bad; i++)
        hear_at_speed(x, n, speeds[i], t, name, with_peer);
    fclose(file);
    free(x);
    return bad;
}

int main(int count, char **words)
{
    struct tally t = { 0 };
    int bad = 0, with_peer = open_peer();
    if (count < 2)
        printf("bench_talkoff: no files of speech or music given, nothing measured\n");
    for (int i = 1; i < count; i++)
        bad |= hear_file(words[i], &t, with_peer);
    if (t.hours > 0.0) {
        printf("%.1f hours: %u false digits (libspandsp %ld), %u mutes, %u caller identities; ", t.hours, t.digits,
               with_peer ? t.peer_digits : -1L, t.mutes, t.messages);
        printf("busy %u, congestion %u, ringback %u, sit %u, stutter %u, dial (armed only when due) %u\n",
               t.tones[SC_TONE_BUSY], t.tones[SC_TONE_CONGESTION], t.tones[SC_TONE_RINGBACK], t.tones[SC_TONE_SIT],
               t.tones[SC_TONE_STUTTER_DIAL], t.tones[SC_TONE_DIAL]);
        printf("none found means fewer than %.2f an hour with 95 %% confidence\n", 3.0 / t.hours);
    }
    return bad;
}
