/* digit_once: a press that comes as sound and as event is told once, whatever the order, jitter and losses. */
#include "check.h"
#include "digit_once.h"
#include "signal.h"

#include <string.h>

enum { SOUND = SC_DIGIT_AS_SOUND, EVENT = SC_DIGIT_AS_EVENT };

struct happening {
    uint64_t tick;
    int way;
    char digit;
    bool begins;
};

static int earlier(const void *a, const void *b)
{
    const struct happening *x = a, *y = b;
    if (x->tick != y->tick)
        return x->tick < y->tick ? -1 : 1;
    return (int)x->begins - (int)y->begins;     /* what ends makes room for what begins */
}

/* Runs them in the order of time; how many beginnings were told. An end is told when its beginning was. */
static unsigned told(struct happening *all, size_t n, char *digits)
{
    struct sc_digit_once once;
    bool open[2] = { false, false };
    unsigned count = 0;
    memset(&once, 0, sizeof once);
    qsort(all, n, sizeof *all, earlier);
    for (size_t i = 0; i < n; i++) {
        enum sc_digit_way way = (enum sc_digit_way)all[i].way;
        if (!all[i].begins) {
            CHECK_EQ(sc_digit_once_ends(&once, way), open[way]);
            continue;
        }
        open[way] = sc_digit_once_begins(&once, way, all[i].digit, all[i].tick);
        if (open[way])
            digits[count++] = all[i].digit;
    }
    digits[count] = '\0';
    return count;
}

static size_t press(struct happening *to, int way, char digit, uint64_t from, uint64_t ticks)
{
    to[0] = (struct happening){ from, way, digit, true };
    to[1] = (struct happening){ from + ticks, way, digit, false };
    return 2;
}

static void one_way_alone_is_told_as_it_comes(void)
{
    for (int way = 0; way < 2; way++) {
        struct happening all[16];
        char digits[16];
        size_t n = 0;
        for (unsigned i = 0; i < 6; i++)
            n += press(all + n, way, "115511"[i], 10 * i, 5);
        CHECK_EQ(told(all, n, digits), 6);
        CHECK(strcmp(digits, "115511") == 0);
    }
}

static void both_ways_are_told_once_whichever_comes_first(void)
{
    for (int late = -12; late <= 24; late++) {
        struct happening all[32];
        char digits[16];
        size_t n = 0;
        for (unsigned i = 0; i < 6; i++) {
            n += press(all + n, EVENT, "115511"[i], 100 + 10 * i, 5);
            n += press(all + n, SOUND, "115511"[i], (uint64_t)(100 + 10 * (int)i + late), 5);
        }
        CHECK_EQ(told(all, n, digits), 6);
        CHECK(strcmp(digits, "115511") == 0);
    }
}

static void what_one_way_loses_the_other_way_tells(void)
{
    struct signal s = signal_new(1, 11);
    for (int round = 0; round < 2000; round++) {
        struct happening all[64];
        char digits[32], wanted[16];
        size_t n = 0;
        unsigned presses = 1 + signal_random(&s) % 12, late = signal_random(&s) % 20;
        for (unsigned i = 0; i < presses; i++) {
            uint32_t lost = signal_random(&s) % 10;
            /* Neighbours differ, so that a press is either way's or both's beyond doubt. */
            wanted[i] = "0123456789*#"[(5 * i + (unsigned)round) % 12];
            if (lost != 0)
                n += press(all + n, EVENT, wanted[i], 100 + 10 * i, 5);
            if (lost != 1)
                n += press(all + n, SOUND, wanted[i], 100 + 10 * i + late, 5);
        }
        wanted[presses] = '\0';
        CHECK_EQ(told(all, n, digits), presses);
        /* A press that is told late may come after its successor: the set is what counts. */
        for (unsigned i = 0; i < presses; i++)
            CHECK(strchr(digits, wanted[i]) != NULL);
    }
    signal_free(&s);
}

static void a_long_event_whose_sound_breaks_is_one_digit(void)
{
    struct happening all[16];
    char digits[16];
    size_t n = press(all, EVENT, '8', 10, 300);
    n += press(all + n, SOUND, '8', 20, 100);
    n += press(all + n, SOUND, '8', 130, 100);
    CHECK_EQ(told(all, n, digits), 1);
}

static void another_digit_or_a_later_press_is_no_copy(void)
{
    struct happening all[16];
    char digits[16];
    size_t n = press(all, EVENT, '8', 10, 10);
    n += press(all + n, SOUND, '9', 15, 10);        /* another */
    n += press(all + n, SOUND, '8', 10 + 51, 10);   /* too late to be its copy */
    CHECK_EQ(told(all, n, digits), 3);
}

static void only_a_copy_is_to_be_muted(void)
{
    struct sc_digit_once once;
    memset(&once, 0, sizeof once);
    CHECK(sc_digit_once_begins(&once, SC_DIGIT_AS_SOUND, '5', 10));
    CHECK(!sc_digit_once_copy_sounds(&once));
    CHECK(sc_digit_once_ends(&once, SC_DIGIT_AS_SOUND));
    CHECK(sc_digit_once_begins(&once, SC_DIGIT_AS_EVENT, '6', 30));
    CHECK(!sc_digit_once_begins(&once, SC_DIGIT_AS_SOUND, '6', 35));
    CHECK(sc_digit_once_copy_sounds(&once));
    CHECK(!sc_digit_once_ends(&once, SC_DIGIT_AS_SOUND));
    CHECK(!sc_digit_once_copy_sounds(&once));
}

int main(void)
{
    RUN(one_way_alone_is_told_as_it_comes);
    RUN(both_ways_are_told_once_whichever_comes_first);
    RUN(what_one_way_loses_the_other_way_tells);
    RUN(a_long_event_whose_sound_breaks_is_one_digit);
    RUN(another_digit_or_a_later_press_is_no_copy);
    RUN(only_a_copy_is_to_be_muted);
    return CHECK_DONE();
}
