/* Tests of plan_check.c and plan_swap.c: every complaint, a fuzz over random plans, state that stays with its node. */
#include "check.h"
#include "core_fixture.h"

static uint64_t state = 99;

static uint32_t draw(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 32);
}

static void tone(struct office *office, uint32_t id, float hz)
{
    struct sc_plan_node *node = add_node(office, id, SC_NODE_TONE);
    node->segment_count = 1;
    node->segments[0] = (struct sc_plan_segment){ .frequency_count = 1, .frequency_hz = { hz }, .level_dbm0 = -10.0f };
}

static void digits(struct office *office, uint32_t id, const char *text)
{
    struct sc_plan_node *node = add_node(office, id, SC_NODE_DIGITS);
    strcpy(node->digits, text);
    node->tone_ms = node->pause_ms = 100;
    node->low_dbm0 = node->high_dbm0 = -10.0f;
    node->identity_form = draw() % 20 ? 1 + draw() % 9 : draw() % 11;
    node->modulation = 1 + draw() % 2;
    node->alert = draw() % 4 ? 0 : draw() % 4;
    node->lamp_on = draw() % 2;
    memcpy(node->date, "11281030", 9);
    memcpy(node->number, draw() % 20 ? "4951234567" : "49512x4567", 1 + draw() % 10);
    node->number[10] = '\0';
    memset(node->name, 'a', draw() % 20 ? draw() % 51 : 51);
}

/* Two ports, an RTP node and a tone that the first port hears: a plan with nothing to complain about. */
static void good_plan(struct office *office)
{
    clear_plan(office);
    add_port(office, 0);
    add_port(office, 1);
    add_node(office, 1000, SC_NODE_RTP)->codec = SC_CODEC_PCMA;
    tone(office, 1001, 425.0f);
    add_edge(office, 1, 1001, 0.0f);
    add_edge(office, 1, 2, 0.0f);
}

static void expect(struct office *office, enum sc_complaint_kind kind, uint32_t node, uint32_t other)
{
    CHECK_EQ(apply(office), EINVAL);
    CHECK_EQ(office->complaint.kind, kind);
    CHECK_EQ(office->complaint.node, node);
    CHECK_EQ(office->complaint.other, other);
    good_plan(office);
}

static void every_complaint_names_its_node(void)
{
    struct office *office = office_open(2);
    good_plan(office);
    CHECK_EQ(apply(office), 0);
    office->nodes[3].id = 1000;
    expect(office, SC_COMPLAINT_IDS_NOT_RISING, 1000, 1000);
    office->nodes[3].kind = (enum sc_node_kind)9;
    expect(office, SC_COMPLAINT_UNKNOWN_KIND, 1001, 9);
    office->nodes[1].port = 2;
    expect(office, SC_COMPLAINT_UNKNOWN_PORT, 2, 2);
    office->nodes[1].port = 0;
    expect(office, SC_COMPLAINT_PORT_TWICE, 2, 0);
    office->nodes[2].socket = 4;
    expect(office, SC_COMPLAINT_UNKNOWN_SOCKET, 1000, 4);
    add_node(office, 1002, SC_NODE_RTP)->codec = SC_CODEC_PCMA;
    expect(office, SC_COMPLAINT_SOCKET_TWICE, 1002, 0);
    add_edge(office, 77, 2, 0.0f);
    expect(office, SC_COMPLAINT_EDGE_LISTENER, 77, 2);
    add_edge(office, 2, 78, 0.0f);
    expect(office, SC_COMPLAINT_EDGE_SOURCE, 78, 2);
    add_edge(office, 1001, 1, 0.0f);
    expect(office, SC_COMPLAINT_EDGE_DEAF, 1001, 1);
    add_edge(office, 1, 2, -3.0f);
    expect(office, SC_COMPLAINT_EDGE_TWICE, 1, 2);
    add_edge(office, 2, 1, 41.0f);
    expect(office, SC_COMPLAINT_EDGE_GAIN, 2, 1);
    add_edge(office, 2, 1, NAN);
    expect(office, SC_COMPLAINT_EDGE_GAIN, 2, 1);
    office_close(office);
}

static void bad_sources_are_refused(void)
{
    struct office *office = office_open(2);
    good_plan(office);
    office->nodes[3].segments[0].frequency_hz[0] = NAN;
    expect(office, SC_COMPLAINT_BAD_TONE, 1001, 0);
    office->nodes[3].segments[0].frequency_count = 5;
    expect(office, SC_COMPLAINT_BAD_TONE, 1001, 0);
    office->nodes[3].segment_count = 17;
    expect(office, SC_COMPLAINT_BAD_TONE, 1001, 0);
    add_node(office, 1002, SC_NODE_PLAYER)->clip = 0;
    expect(office, SC_COMPLAINT_UNKNOWN_CLIP, 1002, 0);
    digits(office, 1002, "12E");
    expect(office, SC_COMPLAINT_BAD_DIGITS, 1002, 0);
    digits(office, 1002, "12");
    memset(office->nodes[4].digits, '1', sizeof office->nodes[4].digits);
    expect(office, SC_COMPLAINT_BAD_DIGITS, 1002, 0);
    for (uint32_t id = 2000; id < 2004; id++)
        tone(office, id, 425.0f);
    expect(office, SC_COMPLAINT_POOL_EMPTY, 2003, SC_NODE_TONE);
    office->plan.node_count = SC_PLAN_NODES_MAX + 1;
    expect(office, SC_COMPLAINT_TOO_MANY_NODES, 0, SC_PLAN_NODES_MAX + 1);
    office->plan.edge_count = SC_PLAN_EDGES_MAX + 1;
    expect(office, SC_COMPLAINT_TOO_MANY_EDGES, 0, SC_PLAN_EDGES_MAX + 1);
    office_close(office);
}

static void bad_rtp_parameters_are_refused(void)
{
    struct office *office = office_open(2);
    good_plan(office);
    struct sc_plan_node *rtp = &office->nodes[2];
    rtp->frame_ms = 25;
    expect(office, SC_COMPLAINT_BAD_RTP, 1000, 0);
    rtp->frame_ms = 70;
    expect(office, SC_COMPLAINT_BAD_RTP, 1000, 0);
    rtp->frame_ms = 0;
    expect(office, SC_COMPLAINT_BAD_RTP, 1000, 0);
    rtp->telephone_event = 95;
    expect(office, SC_COMPLAINT_BAD_RTP, 1000, 0);
    rtp->codec = (enum sc_codec)3;
    expect(office, SC_COMPLAINT_BAD_RTP, 1000, 0);
    rtp->remote = (struct sc_rtp_address){ .length = 5, .port = 4000 };
    expect(office, SC_COMPLAINT_BAD_RTP, 1000, 0);
    rtp->remote = (struct sc_rtp_address){ .length = 4, .port = 0 };
    expect(office, SC_COMPLAINT_BAD_RTP, 1000, 0);
    office_close(office);
}

static void a_refused_plan_leaves_the_old_one_in_force(void)
{
    struct office *office = office_open(2);
    good_plan(office);
    CHECK_EQ(apply(office), 0);
    run_ticks(office, 20);
    add_edge(office, 2, 99, 0.0f);
    CHECK_EQ(apply(office), EINVAL);
    forget(office);
    run_ticks(office, 50);
    CHECK_NEAR(heard_dbm0(&office->lines[0], 425.0), -10.0, 0.1);
    office_close(office);
}

/* The largest step between two samples: a tone that restarts or jumps in phase has a larger one than the tone itself. */
static int largest_step(const struct line *line)
{
    int largest = 0;
    for (size_t i = 1; i < line->heard_count; i++) {
        int step = abs(line->heard[i] - line->heard[i - 1]);
        largest = step > largest ? step : largest;
    }
    return largest;
}

static void a_node_that_stays_keeps_its_phase(void)
{
    struct office *office = office_open(2);
    good_plan(office);
    CHECK_EQ(apply(office), 0);
    run_ticks(office, 20);
    forget(office);
    for (int i = 0; i < 100; i++) {
        good_plan(office);
        office->edges[1].source = 1000;         /* something else changes */
        tone(office, 1002 + (uint32_t)(i % 2), 500.0f);
        CHECK_EQ(apply(office), 0);
        run_ticks(office, 1);
    }
    CHECK(largest_step(&office->lines[0]) <= 2450);     /* 7215 * 2 pi * 425 / 8000 = 2408 */
    office_close(office);
}

static void a_tone_that_changes_begins_anew(void)
{
    struct office *office = office_open(2);
    good_plan(office);
    CHECK_EQ(apply(office), 0);
    run_ticks(office, 20);
    office->nodes[3].segments[0].frequency_hz[0] = 1000.0f;
    CHECK_EQ(apply(office), 0);
    run_ticks(office, 2);
    forget(office);
    run_ticks(office, 50);
    CHECK_NEAR(heard_dbm0(&office->lines[0], 1000.0), -10.0, 0.1);
    CHECK(heard_dbm0(&office->lines[0], 425.0) < -60.0);
    office_close(office);
}

static void pools_never_leak(void)
{
    struct office *office = office_open(1);
    for (uint32_t round = 0; round < 500; round++) {
        clear_plan(office);
        add_port(office, 0);
        for (uint32_t i = 0; i < 4; i++)
            tone(office, 1000 + round * 3 + i, 400.0f);
        for (uint32_t i = 0; i < 4; i++)
            digits(office, 5000 + round * 2 + i, "5");
        CHECK_EQ(apply(office), 0);
        run_ticks(office, 1);
    }
    office_close(office);
}

static void a_plan_that_was_never_ticked_is_replaced(void)
{
    struct office *office = office_open(2);
    struct sc_core_statistics figures;
    for (int i = 0; i < 10; i++) {
        good_plan(office);
        CHECK_EQ(apply(office), 0);
    }
    run_ticks(office, 3);
    sc_core_statistics(office->core, &figures);
    CHECK_EQ(figures.plans_taken, 1);
    CHECK_EQ(figures.generation, 10);
    office_close(office);
}

static void random_node(struct office *office, uint32_t id)
{
    struct sc_plan_node *node = add_node(office, id, (enum sc_node_kind)(1 + draw() % 6 + (draw() % 50 == 0)));
    node->port = draw() % 3;
    node->detectors = draw() % 16;
    node->canceller = draw() % 2;
    node->capture_muted = draw() % 4 == 0;
    node->socket = draw() % 5;
    node->telephone_event = draw() % 2 ? 101 : (int32_t)(draw() % 130) - 1;
    node->codec = draw() % 8 ? SC_CODEC_PCMA : (enum sc_codec)(draw() % 10);
    node->frame_ms = 10 * (draw() % 8);
    node->remote = (struct sc_rtp_address){ .length = 4, .bytes = { 127, 0, 0, 1 }, .port = (uint16_t)draw() };
    node->segment_count = 1 + draw() % 3;
    for (int i = 0; i < 3; i++) {
        node->segments[i].frequency_count = draw() % 3;
        node->segments[i].frequency_hz[0] = (float)(draw() % 5000);
        node->segments[i].frequency_hz[1] = 400.0f;
        node->segments[i].level_dbm0 = -20.0f;
        node->segments[i].duration_ms = 10 + draw() % 300;
    }
    node->clip = draw() % 2;
    node->looped = draw() % 2;
    for (uint32_t i = 0; i < 1 + draw() % 6; i++)
        node->digits[i] = "0123456789*#ABCDx"[draw() % (draw() % 20 ? 16 : 17)];
    node->tone_ms = node->pause_ms = 40 + draw() % 100;
    node->low_dbm0 = node->high_dbm0 = -10.0f;
    node->identity_form = draw() % 20 ? 1 + draw() % 9 : draw() % 11;
    node->modulation = 1 + draw() % 2;
    node->alert = draw() % 4 ? 0 : draw() % 4;
    node->lamp_on = draw() % 2;
    memcpy(node->date, "11281030", 9);
    memcpy(node->number, draw() % 20 ? "4951234567" : "49512x4567", 1 + draw() % 10);
    node->number[10] = '\0';
    memset(node->name, 'a', draw() % 20 ? draw() % 51 : 51);
}

static void random_plans_are_accepted_or_refused(void)
{
    struct office *office = office_open(2);
    int16_t clip[200] = { 100 };
    uint32_t number, accepted = 0, refused = 0;
    struct sc_event events[64];
    CHECK_EQ(sc_core_load_clip(office->core, clip, 200, &number), 0);
    for (int round = 0; round < 20000; round++) {
        uint32_t id = 1 + draw() % 3, count = 1 + draw() % 6;
        clear_plan(office);
        for (uint32_t i = 0; i < count; i++, id += draw() % 30 ? 1 + draw() % 3 : 0)
            random_node(office, id);
        for (uint32_t i = 0; i < draw() % 6; i++)
            add_edge(office, office->nodes[draw() % count].id, office->nodes[draw() % count].id + (draw() % 30 == 0),
                     (float)(draw() % 20) - 10.0f);
        int error = apply(office);
        accepted += error == 0;
        refused += error == EINVAL && office->complaint.kind != SC_COMPLAINT_NONE;
        run_ticks(office, (int)(draw() % 3));
        (void)sc_core_events(office->core, events, 64);
    }
    CHECK_EQ(accepted + refused, 20000);
    CHECK(accepted > 1000 && refused > 1000);
    office_close(office);
}

int main(void)
{
    RUN(every_complaint_names_its_node);
    RUN(bad_sources_are_refused);
    RUN(bad_rtp_parameters_are_refused);
    RUN(a_refused_plan_leaves_the_old_one_in_force);
    RUN(a_node_that_stays_keeps_its_phase);
    RUN(a_tone_that_changes_begins_anew);
    RUN(pools_never_leak);
    RUN(a_plan_that_was_never_ticked_is_replaced);
    RUN(random_plans_are_accepted_or_refused);
    return CHECK_DONE();
}
