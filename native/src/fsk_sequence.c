/* fsk_sequence.c: reads FSK through a line that smears its bits into each other.
 *
 * How: the end of the seizure and the marks after it are known bits, so what was sent there is known to the phase. 48 complex
 * taps are trained (normalised least mean squares, several passes) to make the samples of the line out of it: the line's
 * response, over the band that FSK fills. Senders that work at 8000 samples a second begin each bit with a sample, which
 * sends the phase astray by up to half a radian a bit against bits of exact length: both kinds of sender are tried, with
 * the samples' three places among the bits, and the one whose training leaves least is taken. Then 32 guesses at the bits so
 * far are kept; each is prolonged by a mark and by a space (the best one also by a bit begun too early or too late, for the
 * sender's clock is another), what the line would have made of it is compared with what came, and the best go on, no two
 * alike in the last 8 bits. What the best guess holds of 24 bits ago is the bit. The taps go on learning from what was
 * decided. A hole in the line's response on one of the tones does no harm: the other tone and its echoes tell.
 * Assumes 8000 samples a second, bits that follow at 1200 baud within 0.1 %, a seizure of 60 bits and 80 marks before them,
 * and a line that rings for less than 6 ms.
 * Measured (test_callerid_lines.c): both modulations through the G.168 hybrids m1 .. m8 at ERL 0 dB. */
#include "fsk_sequence.h"

#include "alloc.h"
#include "fsk_octets.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#define PI 3.14159265358979323846
#define BIT_SAMPLES (8000.0 / 1200.0)
#define TAPS 48u
#define VECTORS (TAPS / 4)
#define EARLY 8u                        /* taps for what comes before the mark's time */
#define SEIZURE_BITS_MOST 60            /* known bits before the first mark, and after */
#define MARK_BITS 40
#define KNOWN 720u                      /* room for those 100 bits and the taps */
#define SENDERS 4u                      /* bits of exact length; bits of whole samples, three ways */
#define TRIAL_PASSES 3u                 /* of the training, for each sender */
#define PASSES 8u                       /* for the one that is taken */
#define TRAINING_STEP 0.5f
#define STEP 0.07f
#define GUESSES 32u
#define SLIP 0.5f                       /* misfit that a slip of the sender's clock costs; the line's power is 1 a sample */
#define DISTINCT_BITS 0xFFu
#define DECIDED 24u                     /* bits back */
#define LEARNT_BITS 8u                  /* back: so old the best guess is trusted by the taps */
#define BIT_LEAST 5u                    /* samples of a step */
#define BIT_MOST 8u
#define PAST (TAPS + (LEARNT_BITS + 1) * BIT_MOST + 1)
#define HEARD 128u                      /* samples of the line kept */
#define SLICE_BITS 6u
#define HIGH_PASS 0.94f                 /* one pole, twice: 75 Hz */
#define LOOK (2u * SC_FSK_MARKS_HALF)

typedef float v4f __attribute__((vector_size(16)));

struct guess {
    float misfit;
    uint64_t bits;                      /* newest lowest */
    int astray;                         /* thirds of a sample that its bits come later than reckoned from the edge */
    float real[PAST + BIT_MOST], imaginary[PAST + BIT_MOST];   /* what it says was sent, PAST samples, newest last */
};

struct sc_fsk_sequence {
    v4f taps_real[VECTORS], taps_imaginary[VECTORS];            /* oldest sample first */
    float known_real[KNOWN], known_imaginary[KNOWN], known_heard[KNOWN];
    uint32_t known;                     /* samples of them */
    int seizure_bits;                   /* of them */
    uint64_t known_from;                /* first of them, from the recording's begin */
    uint32_t sender, best_sender;
    float rest, best_rest;              /* what the training left in its last pass */
    bool taken;                         /* the best sender is */
    uint32_t passes;                    /* trained, of this sender */
    struct guess sets[2][GUESSES];
    struct guess *guesses, *others;
    uint32_t count;
    double turn[2];                     /* radians a sample of space and mark */
    float turn_real[2], turn_imaginary[2];
    double edge;                        /* where the marks begin, from the recording's begin */
    uint32_t bit;                       /* from the edge: the next one */
    uint64_t next;                      /* sample sent next, from the recording's begin */
    uint64_t heard_to;                  /* the line's samples in `heard` are those up to here, EARLY behind */
    float heard[HEARD];
    float before_in[2], before_out[2];  /* of the high-pass */
    float scale;
    struct sc_fsk_octets octets;
    float look[LOOK];
};

int sc_fsk_sequence_create(struct sc_fsk_sequence **out)
{
    struct sc_fsk_sequence *s = sc_alloc(sizeof *s);
    if (s == NULL)
        return ENOMEM;
    *out = s;
    return 0;
}

void sc_fsk_sequence_destroy(struct sc_fsk_sequence *sequence)
{
    sc_free(sequence);
}

/* --- the line --- */

static float filtered(struct sc_fsk_sequence *s, const struct sc_fsk_recording *r, uint64_t at)
{
    float x = at >= r->begin && at < r->end ? (float)r->ring[at % r->size] * s->scale : 0.0f;
    for (int i = 0; i < 2; i++) {
        float y = HIGH_PASS * s->before_out[i] + x - s->before_in[i];
        s->before_in[i] = x;
        s->before_out[i] = x = y;
    }
    return x;
}

static void forget_line(struct sc_fsk_sequence *s)
{
    memset(s->before_in, 0, sizeof s->before_in);
    memset(s->before_out, 0, sizeof s->before_out);
}

/* --- what is known --- */

static bool find_marks(struct sc_fsk_sequence *s, const struct sc_fsk_recording *r, enum sc_fsk_modulation *modulation)
{
    struct sc_fsk_marks found;
    float power = 0.0f;
    if (r->marks < r->begin + SC_FSK_MARKS_HALF || r->marks + SC_FSK_MARKS_HALF > r->end)
        return false;
    forget_line(s);
    s->scale = 1.0f / 32768.0f;
    for (uint32_t i = 0; i < LOOK; i++) {
        s->look[i] = filtered(s, r, r->marks - SC_FSK_MARKS_HALF + i);
        power += s->look[i] * s->look[i];
    }
    s->scale /= sqrtf(power / (float)LOOK) + 1e-9f;     /* misfits are then of the line's power */
    if (!sc_fsk_marks_find(s->look, &found))
        return false;
    *modulation = found.modulation;
    s->turn[0] = 2.0 * PI * found.space_hz / 8000.0;
    s->turn[1] = 2.0 * PI * found.mark_hz / 8000.0;
    s->edge = (double)(int64_t)(r->marks - r->begin) + found.edge;
    return true;
}

/* --- what was sent, and what the line makes of it --- */

/* Where that bit begins, in samples from the edge, for a sender `astray` thirds of a sample behind where it was. */
static double bit_begins(const struct sc_fsk_sequence *s, int bit, int astray)
{
    const double thirds = 20.0 * bit + astray;
    return s->sender == 0 ? thirds / 3.0 : floor((thirds + (double)s->sender) / 3.0 + 1e-9);
}

/* The first sample of the step in which a bit is guessed: one before the bit begins. */
static uint64_t step_begins(const struct sc_fsk_sequence *s, uint32_t bit, int astray)
{
    return (uint64_t)ceil(s->edge + bit_begins(s, (int)bit, astray)) - 1;
}

/* How far the phase runs in the sample that ends at `time` (samples from the edge): one or two bits reach into it. */
static double advance(const double turn[2], double time, int before, int now, double bit_began)
{
    double part = time - bit_began;     /* of the sample that lies in this bit */
    return part < 1.0 ? part * turn[now] + (1.0 - part) * turn[before] : turn[now];
}

static int known_bit(int bit)
{
    return bit >= 0 || (bit & 1) == 0 ? 1 : 0;      /* the last bit of the seizure, -1, is a space */
}

/* The known stretch as it was heard, EARLY samples behind what was sent. */
static bool hear_known(struct sc_fsk_sequence *s, const struct sc_fsk_recording *r)
{
    double from = s->edge - s->seizure_bits * BIT_SAMPLES;
    if (from < 4.0 * TAPS)
        return false;
    s->known_from = (uint64_t)ceil(from);
    s->known = (uint32_t)(ceil(s->edge + MARK_BITS * BIT_SAMPLES) - ceil(from)) + 1;
    forget_line(s);
    for (uint32_t i = 0; i < 2 * TAPS; i++)
        (void)filtered(s, r, r->begin + s->known_from - EARLY - 2 * TAPS + i);
    for (uint32_t i = 0; i < s->known; i++)
        s->known_heard[i] = filtered(s, r, r->begin + s->known_from - EARLY + i);
    return true;
}

/* The known stretch as this sender sends it. */
static void lay_out_known(struct sc_fsk_sequence *s)
{
    double phase = 0.0;
    int bit = -s->seizure_bits - 2;
    for (uint32_t i = 0; i < s->known; i++) {
        double time = (double)(s->known_from + i) - s->edge;
        while (time >= bit_begins(s, bit + 1, 0))
            bit++;
        phase += advance(s->turn, time, known_bit(bit - 1), known_bit(bit), bit_begins(s, bit, 0));
        s->known_real[i] = (float)cos(phase);
        s->known_imaginary[i] = (float)sin(phase);
    }
    memset(s->taps_real, 0, sizeof s->taps_real);
    memset(s->taps_imaginary, 0, sizeof s->taps_imaginary);
    s->passes = 0;
}

static float across(v4f v)
{
    return (v[0] + v[2]) + (v[1] + v[3]);
}

/* The line's sample after these TAPS samples were sent. */
static float made_of(const struct sc_fsk_sequence *s, const float *real, const float *imaginary)
{
    v4f x[VECTORS], y[VECTORS], sum = { 0 };
    memcpy(x, real, sizeof x);
    memcpy(y, imaginary, sizeof y);
    for (uint32_t i = 0; i < VECTORS; i++)
        sum += s->taps_real[i] * x[i] - s->taps_imaginary[i] * y[i];
    return across(sum);
}

/* Moves the taps towards what was heard; returns by how much they were wrong. */
static float learn(struct sc_fsk_sequence *s, const float *real, const float *imaginary, float heard, float step)
{
    v4f x[VECTORS], y[VECTORS];
    float wrong = heard - made_of(s, real, imaginary), move = step * (2.0f / TAPS) * wrong;
    memcpy(x, real, sizeof x);
    memcpy(y, imaginary, sizeof y);
    for (uint32_t i = 0; i < VECTORS; i++) {
        s->taps_real[i] += move * x[i];
        s->taps_imaginary[i] -= move * y[i];
    }
    return wrong;
}

static void train_once(struct sc_fsk_sequence *s)
{
    s->rest = 0.0f;
    for (uint32_t i = 0; i + TAPS <= s->known; i++) {
        float wrong = learn(s, s->known_real + i, s->known_imaginary + i, s->known_heard[i + TAPS - 1], TRAINING_STEP);
        s->rest += wrong * wrong;
    }
    s->passes++;
}

bool sc_fsk_sequence_begin(struct sc_fsk_sequence *sequence, const struct sc_fsk_recording *recording,
                           const struct sc_fsk_try *attempt, enum sc_fsk_modulation *modulation)
{
    struct sc_fsk_sequence *s = sequence;
    if (!find_marks(s, recording, modulation))
        return false;
    s->edge += attempt->shift;
    s->seizure_bits = attempt->seizure_bits < SEIZURE_BITS_MOST ? attempt->seizure_bits : SEIZURE_BITS_MOST;
    for (int tone = 0; tone < 2; tone++) {
        s->turn_real[tone] = (float)cos(s->turn[tone]);
        s->turn_imaginary[tone] = (float)sin(s->turn[tone]);
    }
    s->sender = s->best_sender = 0;
    s->taken = false;
    memset(&s->octets, 0, sizeof s->octets);
    if (!hear_known(s, recording))
        return false;
    lay_out_known(s);
    return true;
}

/* The taps are trained: one guess, which holds what was known. */
static void begin_guessing(struct sc_fsk_sequence *s)
{
    struct guess *g = s->guesses = s->sets[0];
    uint32_t before = s->known;         /* those of them that come before the first bit that is guessed */
    s->others = s->sets[1];
    s->bit = MARK_BITS;
    s->next = step_begins(s, MARK_BITS, 0);
    g->astray = 0;
    while (s->known_from + before > s->next)
        before--;
    s->count = 1;
    g->misfit = 0.0f;
    g->bits = ~(uint64_t)0;
    memcpy(g->real, s->known_real + before - PAST, PAST * sizeof(float));
    memcpy(g->imaginary, s->known_imaginary + before - PAST, PAST * sizeof(float));
    for (uint32_t i = s->known - HEARD; i < s->known; i++)
        s->heard[(s->known_from + i) % HEARD] = s->known_heard[i];
    s->heard_to = s->known_from + s->known;
}

/* A pass of the training: each sender in turn, then the best of them. */
static void train(struct sc_fsk_sequence *s)
{
    train_once(s);
    if (s->taken) {
        if (s->passes == PASSES)
            begin_guessing(s);
        return;
    }
    if (s->passes < TRIAL_PASSES)
        return;
    if (s->sender == 0 || s->rest < s->best_rest) {
        s->best_rest = s->rest;
        s->best_sender = s->sender;
    }
    s->taken = s->sender + 1 == SENDERS;
    s->sender = s->taken ? s->best_sender : s->sender + 1;
    lay_out_known(s);
}

/* --- guesses --- */

/* Prolongs the guess by `samples`, the first `old` of which still are of the bit before, in place behind its PAST samples. */
static void prolong(const struct sc_fsk_sequence *s, struct guess *g, int bit, double old, uint32_t samples)
{
    const int before = (int)(g->bits & 1);
    for (uint32_t i = 0; i < samples; i++) {
        const double share = old - (double)i;       /* of this sample that is of the bit before */
        float re = s->turn_real[share >= 1.0 ? before : bit], im = s->turn_imaginary[share >= 1.0 ? before : bit];
        if (share > 0.0 && share < 1.0 && bit != before) {
            const double angle = share * s->turn[before] + (1.0 - share) * s->turn[bit];
            re = (float)cos(angle);
            im = (float)sin(angle);
        }
        float x = g->real[PAST - 1 + i], y = g->imaginary[PAST - 1 + i];
        g->real[PAST + i] = x * re - y * im;
        g->imaginary[PAST + i] = x * im + y * re;
    }
}

static float misfit(const struct sc_fsk_sequence *s, const struct guess *g, uint32_t samples)
{
    float sum = 0.0f;
    for (uint32_t i = 0; i < samples; i++) {
        const uint32_t from = PAST + i + 1 - TAPS;
        float e = s->heard[(s->next + i) % HEARD] - made_of(s, g->real + from, g->imaginary + from);
        sum += e * e;
    }
    return sum;
}

struct candidate {
    float misfit;
    uint32_t parent;
    int bit, astray;
    double old;                         /* samples that the bit before goes on */
};

/* Is there one among the first `count` that says the same of the last bits? */
static bool said_already(const struct guess *guesses, uint32_t count, uint64_t bits, int astray)
{
    for (uint32_t i = 0; i < count; i++)
        if (((guesses[i].bits ^ bits) & DISTINCT_BITS) == 0 && guesses[i].astray == astray)
            return true;
    return false;
}

static void sort(struct candidate *c, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++) {
        struct candidate moved = c[i];
        uint32_t k = i;
        for (; k > 0 && c[k - 1].misfit > moved.misfit; k--)
            c[k] = c[k - 1];
        c[k] = moved;
    }
}

/* Takes the best candidates over into the other set. */
static void select_guesses(struct sc_fsk_sequence *s, struct candidate *c, uint32_t count, uint32_t samples)
{
    uint32_t kept = 0;
    sort(c, count);
    for (uint32_t i = 0; i < count && kept < GUESSES; i++) {
        struct guess *parent = &s->guesses[c[i].parent], *g = &s->others[kept];
        uint64_t bits = parent->bits << 1 | (uint64_t)c[i].bit;
        if (said_already(s->others, kept, bits, c[i].astray))
            continue;
        prolong(s, parent, c[i].bit, c[i].old, samples);
        memcpy(g->real, parent->real + samples, PAST * sizeof(float));
        memcpy(g->imaginary, parent->imaginary + samples, PAST * sizeof(float));
        g->bits = bits;
        g->astray = c[i].astray;
        g->misfit = c[i].misfit - c[0].misfit;
        kept++;
    }
    struct guess *others = s->guesses;
    s->guesses = s->others;
    s->others = others;
    s->count = kept;
}

/* The ways in which a guess may go on: a mark or a space; and of the best one, that the sender's clock has gone astray. */
static uint32_t prolong_guess(struct sc_fsk_sequence *s, uint32_t parent, struct candidate *out, uint32_t samples)
{
    struct guess *g = &s->guesses[parent];
    const int before = (int)(g->bits & 1), most = parent == 0 ? 1 : 0;
    uint32_t count = 0;
    for (int slip = -most; slip <= most; slip++)
        for (int bit = 0; bit < 2; bit++) {
            const int astray = g->astray + slip;
            const double old = s->edge + bit_begins(s, (int)s->bit, astray) - (double)s->next + 1.0;
            if (bit == before && slip != 0)
                continue;
            out[count] = (struct candidate){ g->misfit + (slip != 0 ? SLIP : 0.0f), parent, bit, astray, old };
            prolong(s, g, bit, old, samples);
            out[count++].misfit += misfit(s, g, samples);
        }
    return count;
}

/* Decides on a bit more; false when the recording does not reach so far. */
static bool go_on(struct sc_fsk_sequence *s, const struct sc_fsk_recording *r)
{
    const uint64_t due = step_begins(s, s->bit + 1, s->guesses[0].astray);
    const uint32_t samples = due < s->next + BIT_LEAST ? BIT_LEAST : due > s->next + BIT_MOST ? BIT_MOST : (uint32_t)(due - s->next);
    const uint64_t behind = s->next + samples;
    struct candidate candidates[2 * GUESSES + 2];
    uint32_t count = 0;
    if (r->begin + behind - EARLY > r->end)
        return false;
    for (; s->heard_to < behind; s->heard_to++)
        s->heard[s->heard_to % HEARD] = filtered(s, r, r->begin + s->heard_to - EARLY);
    for (uint32_t k = 0; k < s->count; k++)
        count += prolong_guess(s, k, candidates + count, samples);
    select_guesses(s, candidates, count, samples);
    const uint32_t back = LEARNT_BITS * BIT_MOST;
    for (uint32_t i = 0; i < samples; i++) {
        const uint32_t from = PAST - samples - back + i + 1 - TAPS;
        (void)learn(s, s->guesses[0].real + from, s->guesses[0].imaginary + from,
                    s->heard[(s->next + i - back) % HEARD], STEP);
    }
    s->next = behind;
    s->bit++;
    return true;
}

enum sc_fsk_progress sc_fsk_sequence_work(struct sc_fsk_sequence *sequence, const struct sc_fsk_recording *recording)
{
    struct sc_fsk_sequence *s = sequence;
    if (!s->taken || s->passes < PASSES) {
        train(s);
        return SC_FSK_WORKING;
    }
    for (uint32_t i = 0; i < SLICE_BITS; i++) {
        if (!go_on(s, recording))
            return SC_FSK_WORKING;
        enum sc_fsk_progress progress = sc_fsk_octets_take(&s->octets, s->guesses[0].bits >> DECIDED & 1);
        if (progress != SC_FSK_WORKING)
            return progress;
    }
    return SC_FSK_WORKING;
}

const uint8_t *sc_fsk_sequence_packet(const struct sc_fsk_sequence *sequence, uint32_t *length, uint64_t *ended)
{
    *length = sequence->octets.length;
    *ended = sequence->next - (uint64_t)(DECIDED * BIT_SAMPLES);
    return sequence->octets.packet;
}
