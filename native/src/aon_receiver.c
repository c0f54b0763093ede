/* aon_receiver.c: the Russian АОН: request, bursts of two frequencies out of six, the packet they go round in.
 *
 * How: every 5 ms a window of 20 ms over six frequencies, whose spacing of 200 Hz that window resolves without leakage. A frame
 * whose two strongest hold nearly all is a frame of that burst; a burst has no pause and never the pair of the one before it
 * (equal digits are sent as "repeat"), so a change of pair is its end, and a run twice as long is two repeats. The bursts are
 * then read as a packet that goes round, begun anywhere: its places are counted from "start", and whatever is heard twice of
 * a place must be the same; ten bursts are the least (the trunk norm), so something always is.
 * Assumes 8000 samples a second; the order of the digits and the retries are well known, but no source states them.
 * Measured (test_aon_receiver.c, a generator of its own): all packets from -7 to -35 dBm0, +-10 Hz, bursts of 38 to 42 ms,
 * 8 dB of twist, from any place of the round, 30 of 30 at 10 dB SNR; never a wrong number. */
#include "aon_receiver.h"

#include "alloc.h"
#include "level.h"
#include "sine.h"
#include "tone_bank.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#define SAMPLES_PER_MS 8u
#define REQUEST_DELAY_MS 260u           /* 250 .. 275 after the line is answered */
#define REQUEST_MS 100u
#define REQUEST_HZ 500.0
#define REQUEST_EDGE_SAMPLES 16u
#define ANSWER_MS 600u                  /* from the request's end to the first burst at most; a retry is 0.7 .. 1 s later */
#define SILENCE_FRAMES 12u              /* 60 ms without a burst: the answer is over */
#define FRAMES_A_BURST 8.0f
#define EDGE_FRAMES 2.5f                /* of a burst that lie in two bursts and are neither's */
#define LEAST_FRAMES 3u
#define ROUND 9u                        /* start, category, seven digits */
#define LEAST_BURSTS 10u
#define STRAY_BURSTS 4u
#define BURSTS_MAX 54u                  /* six rounds */
#define LEAST_DBM0 (-40.0f)
#define PAIR_SHARE 0.85f                /* of what the six hold: both of the burst */
#define ENERGY_SHARE 0.55f              /* of everything, unless we send the request ourselves */
#define BALANCE 0.1f                    /* power of the weaker over the stronger: 10 dB */
#define DEFAULT_REQUESTS 3u
#define REQUESTS_MAX 5u
#define DEFAULT_REQUEST_DBM0 (-4.3f)
#define FREQUENCIES 6u
#define START 'S'
#define REPEAT 'R'
#define UNKNOWN '?'

struct sc_aon_receiver {
    struct sc_tone_bank *bank;
    uint32_t requests_wanted;
    float amplitude;
    struct sc_sine request;
    enum sc_aon_state state;
    uint32_t since_start;               /* samples since the start or the last retry */
    char pair;                          /* symbol that sounds, 0: none */
    uint32_t run, silent;               /* its frames; frames without any since the last burst */
    char bursts[BURSTS_MAX];
    uint32_t count;
    struct sc_aon_result result;
};

/* Symbol of two of the six frequencies 700 .. 1700, a < b. */
static const char symbols[FREQUENCIES][FREQUENCIES] = {
    /* 700 */ { 0, '1', '2', '4', '7', 0 },
    /* 900 */ { 0, 0, '3', '5', '8', 0 },
    /* 1100 */ { 0, 0, 0, '6', '9', START },
    /* 1300 */ { 0, 0, 0, 0, '0', REPEAT },
    /* 1500, 1700: no more */ { 0 }, { 0 },
};

int sc_aon_receiver_create(struct sc_aon_receiver **out, const struct sc_aon_settings *settings)
{
    static const struct sc_aon_settings defaults;
    const struct sc_aon_settings *given = settings == NULL ? &defaults : settings;
    float level = given->request_dbm0 < 0.0f ? given->request_dbm0 : DEFAULT_REQUEST_DBM0;
    if (given->requests > REQUESTS_MAX || !(given->request_dbm0 <= 0.0f && given->request_dbm0 >= -20.0f))
        return EINVAL;
    float least = sc_amplitude_of_dbm0(LEAST_DBM0);
    const struct sc_tone_bank_settings bank = {
        .frequency_hz = { 700.0f, 900.0f, 1100.0f, 1300.0f, 1500.0f, 1700.0f }, .count = FREQUENCIES,
        .always = FREQUENCIES, .floor_mean_square = 0.5f * least * least,
    };
    struct sc_aon_receiver *r = sc_alloc(sizeof *r);
    if (r == NULL)
        return ENOMEM;
    int error = sc_tone_bank_create(&r->bank, &bank);
    if (error != 0) {
        sc_free(r);
        return error;
    }
    r->requests_wanted = given->requests > 0 ? given->requests : DEFAULT_REQUESTS;
    r->amplitude = sc_amplitude_of_dbm0(level);
    *out = r;
    return 0;
}

void sc_aon_receiver_destroy(struct sc_aon_receiver *receiver)
{
    if (receiver == NULL)
        return;
    sc_tone_bank_destroy(receiver->bank);
    sc_free(receiver);
}

static void forget_answer(struct sc_aon_receiver *r)
{
    r->pair = 0;
    r->run = r->silent = r->count = 0;
}

void sc_aon_receiver_reset(struct sc_aon_receiver *receiver)
{
    sc_tone_bank_reset(receiver->bank);
    forget_answer(receiver);
    memset(&receiver->result, 0, sizeof receiver->result);
    receiver->state = SC_AON_IDLE;
    receiver->since_start = 0;
}

void sc_aon_receiver_start(struct sc_aon_receiver *receiver)
{
    sc_aon_receiver_reset(receiver);
    receiver->state = SC_AON_ASKING;
}

/* --- the packet --- */

/* What each burst says: a repeat is the digit before it. */
static void resolve(const struct sc_aon_receiver *r, char *said)
{
    for (uint32_t i = 0; i < r->count; i++) {
        said[i] = r->bursts[i];
        if (said[i] == REPEAT)
            said[i] = i > 0 && said[i - 1] != START ? said[i - 1] : UNKNOWN;
    }
}

/* The round that begins at `first`, each place from wherever it was heard; false when two differ or one is missing. */
static bool goes_round(const char *said, uint32_t count, uint32_t first, char *round)
{
    memset(round, UNKNOWN, ROUND);
    for (uint32_t i = 0; i < count; i++) {
        char *place = &round[(i + ROUND * BURSTS_MAX - first) % ROUND];
        if (said[i] != UNKNOWN && *place != UNKNOWN && *place != said[i])
            return false;
        *place = said[i] == UNKNOWN ? *place : said[i];
    }
    for (uint32_t i = 1; i < ROUND; i++)
        if (round[i] < '0' || round[i] > '9')
            return false;
    return round[0] == START;
}

static bool read_packet(struct sc_aon_receiver *r)
{
    char said[BURSTS_MAX], round[ROUND];
    r->result.bursts = r->count;
    if (r->count < LEAST_BURSTS)
        return false;
    resolve(r, said);
    for (uint32_t first = 0; first < ROUND; first++)
        if (said[first] == START && goes_round(said, r->count, first, round)) {
            r->result.category = round[1];
            for (uint32_t i = 0; i < SC_AON_DIGITS; i++)
                r->result.number[i] = round[ROUND - 1 - i];
            r->result.number[SC_AON_DIGITS] = '\0';
            return true;
        }
    return false;
}

/* --- bursts --- */

static char symbol_of(const struct sc_tone_frame *f, bool sending)
{
    float power[FREQUENCIES], sum = 0.0f;
    uint32_t first = 0, second = 1;
    for (uint32_t k = 0; k < FREQUENCIES; k++) {
        power[k] = 0.5f * (f->real[k] * f->real[k] + f->imaginary[k] * f->imaginary[k]);
        sum += power[k];
    }
    for (uint32_t k = 1; k < FREQUENCIES; k++) {
        if (power[k] > power[first]) {
            second = first;
            first = k;
        } else if (k > 1 && power[k] > power[second]) {
            second = k;
        }
    }
    float both = power[first] + power[second];
    if (both <= 0.0f || both < PAIR_SHARE * sum || power[second] < BALANCE * power[first])
        return 0;
    if (!sending && both < ENERGY_SHARE * f->mean_square)
        return 0;
    return first < second ? symbols[first][second] : symbols[second][first];
}

static void end_burst(struct sc_aon_receiver *r)
{
    if (r->run >= LEAST_FRAMES) {
        uint32_t times = (uint32_t)lrintf(((float)r->run + EDGE_FRAMES) / FRAMES_A_BURST);
        for (uint32_t i = 0; i < times && r->count < BURSTS_MAX; i++)
            r->bursts[r->count++] = i > 0 && r->pair != START ? REPEAT : r->pair;
    }
    r->run = 0;
    r->pair = 0;
}

static void begin_again(struct sc_aon_receiver *r)
{
    forget_answer(r);
    r->since_start = 0;
    if (r->result.requests >= r->requests_wanted)
        r->state = SC_AON_UNKNOWN;
}

static void take_frame(struct sc_aon_receiver *r, const struct sc_tone_frame *f, bool sending)
{
    char symbol = symbol_of(f, sending);
    if (symbol != r->pair && r->pair != 0)
        end_burst(r);
    if (symbol != 0) {
        r->pair = symbol;
        r->run++;
        r->silent = 0;
    } else {
        r->silent++;
    }
    bool over = r->silent == SILENCE_FRAMES && r->count > 0;
    bool rounds = r->run == 0 && symbol == 0 && r->count >= 2 * ROUND && r->silent == 1;
    if (r->count == BURSTS_MAX || over || rounds) {
        if (read_packet(r))
            r->state = SC_AON_IDENTIFIED;
        else if (over && r->count < STRAY_BURSTS)
            forget_answer(r);               /* a voice; the answer may still come */
        else if (!rounds || r->count == BURSTS_MAX)
            begin_again(r);
    }
}

/* --- asking --- */

static bool request_sounds(const struct sc_aon_receiver *r)
{
    uint32_t begins = REQUEST_DELAY_MS * SAMPLES_PER_MS, length = REQUEST_MS * SAMPLES_PER_MS;
    return r->since_start >= begins && r->since_start < begins + length;
}

static int16_t request_sample(struct sc_aon_receiver *r)
{
    uint32_t at = r->since_start - REQUEST_DELAY_MS * SAMPLES_PER_MS, left = REQUEST_MS * SAMPLES_PER_MS - 1 - at;
    if (at == 0) {
        sc_sine_start(&r->request, REQUEST_HZ, (double)r->amplitude);
        r->result.requests++;
    }
    uint32_t edge = at < left ? at : left;
    double gain = edge < REQUEST_EDGE_SAMPLES ? sc_sine_edge(edge, REQUEST_EDGE_SAMPLES) : 1.0;
    return (int16_t)lrint(gain * sc_sine_next(&r->request));
}

static int16_t say(struct sc_aon_receiver *r)
{
    if (r->state != SC_AON_ASKING)
        return 0;
    int16_t said = request_sounds(r) ? request_sample(r) : 0;
    r->since_start++;
    bool waited = r->since_start >= (REQUEST_DELAY_MS + REQUEST_MS + ANSWER_MS) * SAMPLES_PER_MS;
    if (waited && r->count == 0 && r->run == 0)
        begin_again(r);
    return said;
}

void sc_aon_receiver_process(struct sc_aon_receiver *receiver, const int16_t *in, int16_t *out, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = say(receiver);
    while (n > 0 && receiver->state == SC_AON_ASKING) {
        const struct sc_tone_frame *frame;
        size_t taken = sc_tone_bank_feed(receiver->bank, in, n, &frame);
        if (frame != NULL && receiver->result.requests > 0)
            take_frame(receiver, frame, request_sounds(receiver));
        in += taken;
        n -= taken;
    }
}

enum sc_aon_state sc_aon_receiver_state(const struct sc_aon_receiver *receiver, struct sc_aon_result *result)
{
    *result = receiver->result;
    return receiver->state;
}
