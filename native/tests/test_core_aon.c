/* The Russian АОН in the plan: a port whose node asks (SC_DETECT_AON) sends the request to its line besides what its edges
 * say, hears the answer and says so once; a node that stops asking is silent at once. */
#include "aon_signal.h"
#include "check.h"
#include "core_fixture.h"

#define LINE_SAMPLES 40000u
#define LOUD 1000

/* A line at whose far end an exchange answers the request number `answers`, or none. */
struct city {
    struct signal sound;
    uint32_t answers, requests;
    size_t at, first_request;
    int sounds;
};

static int city_exchange(void *self, const int16_t *playback, int16_t *capture, size_t samples)
{
    struct city *city = self;
    int loud = 0;
    for (size_t i = 0; i < samples; i++) {
        double echo = 0.2 * playback[i];
        loud |= playback[i] > LOUD;
        capture[i] = (int16_t)lrint(city->at + i < city->sound.length ? city->sound.x[city->at + i] + echo : echo);
    }
    city->at += samples;
    if (loud && city->first_request == 0)
        city->first_request = city->at;
    if (city->sounds && !loud && ++city->requests == city->answers)
        draw_answer(&city->sound, city->at + 240, &usual);
    city->sounds = loud;
    return 0;
}

/* A core with one such line; nodes 1 (the port, which asks) and 2 (a tone that nobody hears yet). */
static struct sc_core *core_for(struct city *city, struct office *plan, uint32_t answers)
{
    struct sc_core *core = NULL;
    struct sc_core_port port = { .node = 1, .kind = SC_PORT_POINTER, .exchange = city_exchange, .self = city };
    struct sc_core_settings settings = { .port_count = 1, .ports = &port, .socket_count = 1, .seed = 3,
                                         .tone_nodes = 2, .player_nodes = 1, .digits_nodes = 1 };
    *city = (struct city){ .sound = signal_new(LINE_SAMPLES, 9), .answers = answers };
    signal_noise(&city->sound, 0, LINE_SAMPLES, -60.0);
    CHECK_EQ(sc_core_create(&core, &settings, &plan->complaint), 0);
    plan->core = core;
    plan->plan.nodes = plan->nodes;
    plan->plan.edges = plan->edges;
    add_port(plan, 0);
    plan->nodes[0].canceller = true;
    plan->nodes[0].detectors = SC_DETECT_AON;
    CHECK_EQ(apply(plan), 0);
    return core;
}

static void close_core(struct city *city, struct office *plan)
{
    sc_core_destroy(plan->core);
    signal_free(&city->sound);
    free(plan);
}

static struct office *new_plan(void)
{
    struct office *plan = calloc(1, sizeof *plan);
    if (plan == NULL)
        abort();
    return plan;
}

static void the_number_is_told_once(void)
{
    struct city city;
    struct office *plan = new_plan();
    struct sc_core *core = core_for(&city, plan, 2);
    struct sc_event events[8];
    run_ticks(plan, 400);
    CHECK_EQ(sc_core_events(core, events, 8), 1);
    CHECK_EQ(events[0].kind, SC_EVENT_NUMBER_TOLD);
    CHECK_EQ(events[0].node, 1);
    CHECK_EQ(strcmp(events[0].number, usual.number), 0);
    CHECK_EQ(events[0].value, usual.category);
    CHECK_EQ(events[0].cycles, 2);
    CHECK_NEAR((double)city.first_request / 8.0, 265.0, 15.0); /* 250 .. 275 ms, and the tick of the playback */
    run_ticks(plan, 100);
    CHECK_EQ(sc_core_events(core, events, 8), 0);
    CHECK_EQ(city.requests, 2);
    plan->nodes[0].detectors = 0;
    CHECK_EQ(apply(plan), 0);
    run_ticks(plan, 10);
    plan->nodes[0].detectors = SC_DETECT_AON; /* asked anew: it begins anew */
    CHECK_EQ(apply(plan), 0);
    run_ticks(plan, 100);
    CHECK_EQ(city.requests, 3);
    close_core(&city, plan);
}

static void no_answer_is_an_answer_too(void)
{
    struct city city;
    struct office *plan = new_plan();
    struct sc_core *core = core_for(&city, plan, 0);
    struct sc_event events[8];
    run_ticks(plan, 400);
    CHECK_EQ(sc_core_events(core, events, 8), 1);
    CHECK_EQ(events[0].kind, SC_EVENT_NUMBER_TOLD);
    CHECK_EQ(events[0].number[0], 0);
    CHECK_EQ(events[0].cycles, 3);
    CHECK_EQ(city.requests, 3);
    close_core(&city, plan);
}

static void a_request_ends_with_the_wish_for_it(void)
{
    struct city city;
    struct office *plan = new_plan();
    struct sc_core *core = core_for(&city, plan, 1);
    struct sc_event events[8];
    run_ticks(plan, 30);
    CHECK(city.sounds);
    plan->nodes[0].detectors = 0;
    CHECK_EQ(apply(plan), 0);
    run_ticks(plan, 2);
    CHECK(!city.sounds);
    run_ticks(plan, 300);
    CHECK_EQ(sc_core_events(core, events, 8), 0);
    close_core(&city, plan);
}

int main(void)
{
    RUN(the_number_is_told_once);
    RUN(no_answer_is_an_answer_too);
    RUN(a_request_ends_with_the_wish_for_it);
    return CHECK_DONE();
}
