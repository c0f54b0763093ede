/* Tests of line_recorder.c, and of the core that notes into it: order over wraps, a reader on another thread, what the
 * detectors heard, failing allocations. */
#include "line_recorder.h"

#include "alloc.h"
#include "check.h"
#include "core_fixture.h"

#include <pthread.h>

#define ROOM 400u

struct copy {
    uint64_t first;
    size_t count;
    int16_t heard[ROOM * SC_TICK_SAMPLES];
    int16_t played[ROOM * SC_TICK_SAMPLES];
    uint32_t generations[ROOM];
};

static struct copy taken;

static void note(struct sc_line_recorder *recorder, uint64_t tick)
{
    int16_t heard[SC_TICK_SAMPLES], played[SC_TICK_SAMPLES];
    for (size_t i = 0; i < SC_TICK_SAMPLES; i++) {
        heard[i] = (int16_t)(tick * 7 + i);
        played[i] = (int16_t)(tick * 3 + i);
    }
    sc_line_recorder_heard(recorder, heard);
    sc_line_recorder_played(recorder, (uint32_t)tick / 5, played);
}

static void take(const struct sc_line_recorder *recorder, uint64_t from, size_t room)
{
    taken.count = sc_line_recorder_copy(recorder, from, room, &taken.first, taken.heard, taken.played, taken.generations);
}

static void is_whole(void)
{
    for (size_t n = 0; n < taken.count; n++) {
        uint64_t tick = taken.first + n;
        CHECK_EQ(taken.generations[n], (uint32_t)tick / 5);
        CHECK_EQ(taken.heard[n * SC_TICK_SAMPLES + 11], (int16_t)(tick * 7 + 11));
        CHECK_EQ(taken.played[n * SC_TICK_SAMPLES + 79], (int16_t)(tick * 3 + 79));
    }
}

static void keeps_the_last_ticks_in_order(void)
{
    struct sc_line_recorder *recorder;
    CHECK_EQ(sc_line_recorder_create(&recorder, 50, 1000), 0);
    take(recorder, 0, ROOM);
    CHECK_EQ(taken.count, 0);
    for (uint64_t tick = 1000; tick < 1030; tick++)
        note(recorder, tick);
    take(recorder, 0, ROOM);
    CHECK_EQ(taken.first, 1000);
    CHECK_EQ(taken.count, 30);
    is_whole();
    for (uint64_t tick = 1030; tick < 2345; tick++)
        note(recorder, tick);
    take(recorder, 0, ROOM);
    CHECK_EQ(taken.first, 2345 - 50);
    CHECK_EQ(taken.count, 50);
    is_whole();
    take(recorder, 2340, ROOM);
    CHECK_EQ(taken.first, 2340);
    CHECK_EQ(taken.count, 5);
    take(recorder, 2300, 7);
    CHECK_EQ(taken.count, 7);
    is_whole();
    take(recorder, 2345, ROOM);
    CHECK_EQ(taken.count, 0);
    sc_line_recorder_destroy(recorder);
}

static void refuses_what_cannot_be(void)
{
    struct sc_line_recorder *recorder;
    CHECK_EQ(sc_line_recorder_create(&recorder, 0, 0), EINVAL);
    CHECK_EQ(sc_line_recorder_create(&recorder, 60001, 0), EINVAL);
    sc_line_recorder_destroy(NULL);
    for (long fails = 0; fails < 2; fails++) {
        sc_alloc_fail_after(fails);
        CHECK_EQ(sc_line_recorder_create(&recorder, 5, 0), ENOMEM);
    }
    sc_alloc_fail_after(-1);
}

static void *note_many(void *self)
{
    for (uint64_t tick = 0; tick < 100000; tick++)
        note(self, tick);
    return NULL;
}

/* A reader beside a writer that never waits gets whole ticks or none. */
static void a_reader_beside_the_writer_gets_whole_ticks(void)
{
    struct sc_line_recorder *recorder;
    pthread_t writer;
    uint64_t from = 0;
    CHECK_EQ(sc_line_recorder_create(&recorder, 5000, 0), 0);
    CHECK_EQ(pthread_create(&writer, NULL, note_many, recorder), 0);
    while (from < 100000) {
        take(recorder, from, 20);
        is_whole();
        if (taken.count > 0)
            from = taken.first + taken.count;
    }
    CHECK_EQ(pthread_join(writer, NULL), 0);
    sc_line_recorder_destroy(recorder);
}

static void record_of(struct office *office, uint32_t port)
{
    taken.count = sc_core_recorded(office->core, port, 0, ROOM, &taken.first, taken.heard, taken.played, taken.generations);
}

/* Line 1 speaks a tone to line 2: the recording of 2 has it as played in the very tick in which 1's has it as heard. */
static void the_core_notes_what_was_heard_and_played(void)
{
    struct office *office = calloc(1, sizeof *office);
    struct sc_core_settings settings = office_settings(office, 2);
    office->plan.nodes = office->nodes;
    office->plan.edges = office->edges;
    office->lines[0].hz = 700.0;
    office->lines[0].dbm0 = -15.0;
    settings.recorded_ticks = 200;
    settings.first_tick = 5000;
    CHECK_EQ(sc_core_create(&office->core, &settings, &office->complaint), 0);
    add_port(office, 0);
    add_port(office, 1);
    add_edge(office, 2, 1, 0.0f);
    CHECK_EQ(apply(office), 0);
    run_ticks(office, 100);
    static int16_t said[100 * SC_TICK_SAMPLES];
    record_of(office, 0);
    CHECK_EQ(taken.first, 5000);
    CHECK_EQ(taken.count, 100);
    CHECK_EQ(taken.generations[0], 1);
    memcpy(said, taken.heard, sizeof said);
    record_of(office, 1);
    CHECK_EQ(memcmp(said, taken.played, sizeof said), 0);
    CHECK(said[4000] != said[4003]);
    CHECK_EQ(sc_core_recorded(office->core, 2, 0, ROOM, &taken.first, taken.heard, taken.played, taken.generations), 0);
    office_close(office);
}

static void without_being_asked_nothing_is_kept(void)
{
    struct office *office = office_open(1);
    run_ticks(office, 1);
    record_of(office, 0);
    CHECK_EQ(taken.count, 0);
    office_close(office);
}

int main(void)
{
    RUN(keeps_the_last_ticks_in_order);
    RUN(refuses_what_cannot_be);
    RUN(a_reader_beside_the_writer_gets_whole_ticks);
    RUN(the_core_notes_what_was_heard_and_played);
    RUN(without_being_asked_nothing_is_kept);
    return CHECK_DONE();
}
