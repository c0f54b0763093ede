/* Tests of audio_loop.c and of the core in real time: steps are taken, plans are swapped under a running thread. Nothing here
 * judges how punctual this machine is: that is for tests/alsa and the benchmarks. */
#include "alloc.h"
#include "audio_loop.h"
#include "check.h"
#include "core_fixture.h"

#include <poll.h>
#include <semaphore.h>
#include <stdatomic.h>

struct counter {
    _Atomic unsigned steps;
    sem_t tenth;
};

static void count_step(void *self)
{
    struct counter *counter = self;
    if (atomic_fetch_add(&counter->steps, 1) + 1 == 10)
        sem_post(&counter->tenth);
}

static void steps_are_taken_until_it_is_destroyed(void)
{
    struct counter counter = { .steps = 0 };
    struct sc_audio_loop_settings settings = { .step = count_step, .self = &counter };
    struct sc_audio_statistics figures;
    struct sc_audio_loop *loop = NULL;
    uint64_t counted = 0;
    sem_init(&counter.tenth, 0, 0);
    CHECK_EQ(sc_audio_loop_create(&loop, &settings), 0);
    sem_wait(&counter.tenth);
    sc_audio_loop_statistics(loop, &figures);
    for (int i = 0; i < SC_AUDIO_LATENESS_BINS; i++)
        counted += figures.lateness[i];
    CHECK(figures.steps >= 9 && counted >= figures.steps);
    sc_audio_loop_destroy(loop);
    unsigned after = atomic_load(&counter.steps);
    CHECK_EQ(atomic_load(&counter.steps), after);
    settings.step = NULL;
    CHECK_EQ(sc_audio_loop_create(&loop, &settings), EINVAL);
    sc_audio_loop_destroy(NULL);
    sem_destroy(&counter.tenth);
}

static void no_memory_no_thread(void)
{
    struct counter counter = { .steps = 0 };
    struct sc_audio_loop_settings settings = { .step = count_step, .self = &counter };
    struct sc_audio_loop *loop = NULL;
    sc_alloc_fail_after(0);
    CHECK_EQ(sc_audio_loop_create(&loop, &settings), ENOMEM);
    sc_alloc_fail_after(-1);
    CHECK(loop == NULL);
}

/* A hundred plans go in while the audio thread ticks; every prompt's end comes out through the descriptor. */
static void plans_are_swapped_under_a_running_thread(void)
{
    struct office *office = office_open(2);
    struct sc_core_statistics figures;
    struct sc_event events[64];
    int16_t clip[40] = { 0 };
    uint32_t number, ended = 0;
    CHECK_EQ(sc_core_load_clip(office->core, clip, 40, &number), 0);
    CHECK_EQ(sc_core_start_audio(office->core), 0);
    CHECK_EQ(sc_core_start_audio(office->core), EALREADY);
    CHECK_EQ(sc_core_step(office->core), EBUSY);
    for (uint32_t round = 0; round < 25; round++) {
        struct pollfd ready = { .fd = sc_core_event_fd(office->core), .events = POLLIN };
        clear_plan(office);
        add_port(office, 0);
        add_port(office, 1);
        add_node(office, 100 + round, SC_NODE_PLAYER)->clip = number;
        add_edge(office, 1, 100 + round, 0.0f);
        CHECK_EQ(apply(office), 0);
        CHECK_EQ(poll(&ready, 1, 10000), 1);
        size_t n = sc_core_events(office->core, events, 64);
        for (size_t i = 0; i < n; i++)
            ended += events[i].kind == SC_EVENT_PROMPT_ENDED && events[i].node == 100 + round;
    }
    CHECK_EQ(ended, 25);
    sc_core_statistics(office->core, &figures);
    CHECK(figures.running && figures.tick_us_max > 0.0f);
    CHECK_EQ(figures.plans_taken, 25);
    sc_core_stop_audio(office->core);
    sc_core_stop_audio(office->core);
    CHECK_EQ(sc_core_step(office->core), 0);
    office_close(office);
}

int main(void)
{
    RUN(steps_are_taken_until_it_is_destroyed);
    RUN(no_memory_no_thread);
    RUN(plans_are_swapped_under_a_running_thread);
    return CHECK_DONE();
}
