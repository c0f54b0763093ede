/* Tests of the whole core in virtual time: who hears whom, digits, recordings, events, faults, RTP, two cores, allocations. */
#include "alloc.h"
#include "check.h"
#include "core_fixture.h"

/* Three lines that speak tones of their own. */
static struct office *talkers(void)
{
    static const double hz[3] = { 500.0, 800.0, 1100.0 };
    struct office *office = office_open(3);
    for (uint32_t i = 0; i < 3; i++) {
        office->lines[i].hz = hz[i];
        office->lines[i].dbm0 = -10.0;
        add_port(office, i);
    }
    return office;
}

static void each_hears_whom_the_plan_says(void)
{
    struct office *office = talkers();
    add_edge(office, 1, 2, 0.0f);
    add_edge(office, 2, 1, -6.0f);
    add_edge(office, 3, 1, 0.0f);
    add_edge(office, 3, 2, 0.0f);
    CHECK_EQ(apply(office), 0);
    run_ticks(office, 10);
    forget(office);
    run_ticks(office, 100);
    CHECK_NEAR(heard_dbm0(&office->lines[0], 800.0), -10.0, 0.05);
    CHECK(heard_dbm0(&office->lines[0], 500.0) < -70.0);        /* not itself */
    CHECK(heard_dbm0(&office->lines[0], 1100.0) < -70.0);
    CHECK_NEAR(heard_dbm0(&office->lines[1], 500.0), -16.0, 0.05);
    CHECK_NEAR(heard_dbm0(&office->lines[2], 500.0), -10.0, 0.05);
    CHECK_NEAR(heard_dbm0(&office->lines[2], 800.0), -10.0, 0.05);
    office_close(office);
}

static void without_a_plan_everybody_hears_silence(void)
{
    struct office *office = talkers();
    int loud = 0;
    run_ticks(office, 10);
    for (size_t i = 0; i < office->lines[0].heard_count; i++)
        loud += office->lines[0].heard[i] != 0;
    CHECK_EQ(office->lines[0].heard_count, 800);
    CHECK_EQ(loud, 0);
    office_close(office);
}

static void a_muted_capture_reaches_nobody(void)
{
    struct office *office = talkers();
    struct sc_core_statistics figures;
    add_edge(office, 1, 2, 0.0f);
    office->nodes[1].capture_muted = true;
    CHECK_EQ(apply(office), 0);
    run_ticks(office, 2);
    forget(office);
    run_ticks(office, 100);
    CHECK(heard_dbm0(&office->lines[0], 800.0) < -100.0);
    sc_core_statistics(office->core, &figures);
    CHECK_NEAR(figures.ports[1].captured_dbm0, -96.0, 0.1);
    office_close(office);
}

static void a_failing_line_is_silent_and_counted(void)
{
    struct office *office = talkers();
    struct sc_core_statistics figures;
    add_edge(office, 1, 2, 0.0f);
    office->lines[1].fails = EIO;
    CHECK_EQ(apply(office), 0);
    run_ticks(office, 100);
    CHECK(heard_dbm0(&office->lines[0], 800.0) < -100.0);
    sc_core_statistics(office->core, &figures);
    CHECK_EQ(figures.ports[1].failures, 100);
    CHECK_EQ(figures.ports[0].failures, 0);
    CHECK_EQ(figures.ticks, 100);
    office_close(office);
}

static void a_recording_is_played_once_and_its_end_is_told(void)
{
    struct office *office = office_open(1);
    int16_t clip[1000];
    uint32_t number;
    struct sc_event event;
    for (int i = 0; i < 1000; i++)
        clip[i] = (int16_t)(i + 1);
    CHECK_EQ(sc_core_load_clip(office->core, clip, 1000, &number), 0);
    CHECK_EQ(sc_core_load_clip(office->core, clip, 0, &number), EINVAL);
    add_port(office, 0);
    add_node(office, 50, SC_NODE_PLAYER)->clip = number;
    add_edge(office, 1, 50, 0.0f);
    CHECK_EQ(apply(office), 0);
    run_ticks(office, 20);
    const int16_t *heard = office->lines[0].heard + SC_TICK_SAMPLES;   /* played in the tick after */
    CHECK(memcmp(heard, clip, sizeof clip) == 0);
    CHECK_EQ(heard[1000], 0);
    CHECK_EQ(sc_core_events(office->core, &event, 1), 1);
    CHECK(event.kind == SC_EVENT_PROMPT_ENDED && event.node == 50 && event.tick == 12);
    CHECK_EQ(sc_core_events(office->core, &event, 1), 0);
    clear_plan(office);
    add_port(office, 0);
    struct sc_plan_node *looped = add_node(office, 51, SC_NODE_PLAYER);
    looped->clip = number;
    looped->looped = true;
    add_edge(office, 1, 51, 0.0f);
    CHECK_EQ(apply(office), 0);
    forget(office);
    run_ticks(office, 30);
    CHECK(memcmp(heard, clip, sizeof clip) == 0);
    CHECK(memcmp(heard + 1000, clip, sizeof clip) == 0);
    CHECK_EQ(sc_core_events(office->core, &event, 1), 0);
    office_close(office);
}

/* A line whose capture is what another line's core played: digits from one core's sender to the other's receiver. */
static int cable(void *self, const int16_t *playback, int16_t *capture, size_t samples)
{
    struct line *line = self;
    for (size_t i = 0; i < samples; i++) {
        capture[i] = line->heard[i];
        line->heard[i] = playback[i];
    }
    return 0;
}

static void digits_are_sent_in_band_and_heard(void)
{
    struct office *office = office_open(1);
    struct sc_event events[32];
    struct office *sender = calloc(1, sizeof *sender);
    struct sc_core_settings settings = office_settings(sender, 1);
    sender->ports[0].exchange = cable;                  /* it hears itself a tick later */
    CHECK_EQ(sc_core_create(&sender->core, &settings, &sender->complaint), 0);
    sender->plan.nodes = sender->nodes;
    sender->plan.edges = sender->edges;
    add_port(sender, 0);
    sender->nodes[0].detectors = SC_DETECT_DTMF;
    struct sc_plan_node *node = add_node(sender, 60, SC_NODE_DIGITS);
    strcpy(node->digits, "204#");
    node->tone_ms = 70;
    node->pause_ms = 70;
    node->low_dbm0 = -12.0f;
    node->high_dbm0 = -10.0f;
    add_edge(sender, 1, 60, 0.0f);
    CHECK_EQ(apply(sender), 0);
    run_ticks(sender, 100);
    size_t n = sc_core_events(sender->core, events, 32), heard = 0, sent = 0;
    for (size_t i = 0; i < n; i++) {
        if (events[i].kind == SC_EVENT_DIGITS_SENT)
            sent++;
        if (events[i].kind != SC_EVENT_DIGIT_HEARD)
            continue;
        CHECK(heard < 4 && events[i].value == (uint32_t)"204#"[heard]);
        CHECK(events[i].in_band && events[i].node == 1);
        CHECK_NEAR(events[i].duration_ms, 70, 12);
        heard++;
    }
    CHECK_EQ(heard, 4);
    CHECK_EQ(sent, 1);
    office_close(sender);
    office_close(office);
}

static void events_beyond_the_ring_are_counted(void)
{
    struct office *office = calloc(1, sizeof *office);
    struct sc_core_settings settings = office_settings(office, 1);
    struct sc_core_statistics figures;
    struct sc_event events[8];
    int16_t clip[80] = { 0 };
    uint32_t number;
    settings.event_capacity = 2;
    CHECK_EQ(sc_core_create(&office->core, &settings, &office->complaint), 0);
    office->plan.nodes = office->nodes;
    office->plan.edges = office->edges;
    CHECK_EQ(sc_core_load_clip(office->core, clip, 80, &number), 0);
    for (uint32_t id = 1; id <= 4; id++)
        add_node(office, id, SC_NODE_PLAYER)->clip = number;
    CHECK_EQ(apply(office), 0);
    run_ticks(office, 2);
    CHECK_EQ(sc_core_events(office->core, events, 8), 2);
    sc_core_statistics(office->core, &figures);
    CHECK_EQ(figures.events_dropped, 2);
    office_close(office);
}

static void deliberate_faults_do_what_they_say(void)
{
    struct office *office = talkers();
    struct sc_plan_node *tone = add_node(office, 70, SC_NODE_TONE);
    tone->segment_count = 1;
    tone->segments[0] = (struct sc_plan_segment){ .frequency_count = 1, .frequency_hz = { 400.0f }, .level_dbm0 = -15.0f };
    add_edge(office, 1, 2, 0.0f);
    add_edge(office, 2, 1, 0.0f);
    add_edge(office, 3, 70, 0.0f);
    CHECK_EQ(sc_core_set_fault(office->core, (enum sc_fault)9), EINVAL);
    CHECK_EQ(sc_core_set_fault(office->core, SC_FAULT_TONE_SHARP), 0);
    CHECK_EQ(apply(office), 0);
    run_ticks(office, 2);
    forget(office);
    run_ticks(office, 100);
    CHECK_NEAR(heard_dbm0(&office->lines[2], 460.0), -15.0, 0.1);
    CHECK_EQ(sc_core_set_fault(office->core, SC_FAULT_DIRECTION_MUTED), 0);
    run_ticks(office, 2);
    forget(office);
    run_ticks(office, 100);
    CHECK_NEAR(heard_dbm0(&office->lines[0], 800.0), -10.0, 0.1);
    CHECK(heard_dbm0(&office->lines[1], 500.0) < -70.0);
    CHECK_EQ(sc_core_set_fault(office->core, SC_FAULT_CROSSED_WIRE), 0);
    run_ticks(office, 2);
    forget(office);
    run_ticks(office, 100);
    CHECK_NEAR(heard_dbm0(&office->lines[0], 1100.0), -10.0, 0.1);
    CHECK(heard_dbm0(&office->lines[0], 800.0) < -70.0);
    office_close(office);
}

static void rtp_in_memory_loops_through_the_core(void)
{
    struct office *office = talkers();
    struct sc_rtp_address remote = { .length = 4, .bytes = { 127, 0, 0, 1 }, .port = 4000 }, to;
    struct sc_plan_node *rtp = add_node(office, 1000, SC_NODE_RTP);
    uint8_t packet[SC_CORE_PACKET_MAX];
    rtp->codec = SC_CODEC_PCMU;
    rtp->remote = remote;
    add_edge(office, 1000, 1, 0.0f);
    add_edge(office, 2, 1000, 0.0f);
    CHECK_EQ(apply(office), 0);
    for (int i = 0; i < 200; i++) {
        size_t n = sizeof packet;
        run_ticks(office, 1);
        if (i == 100)
            forget(office);
        while (sc_core_rtp_take(office->core, 0, packet, &n, &to) == 0) {
            CHECK_EQ(n, 172);
            CHECK_EQ(to.port, 4000);
            CHECK_EQ(sc_core_rtp_give(office->core, 0, packet, n, &remote), 0);
            n = sizeof packet;
        }
    }
    CHECK_NEAR(heard_dbm0(&office->lines[1], 500.0), -10.0, 0.1);
    CHECK_EQ(sc_core_rtp_give(office->core, 9, packet, 20, &remote), EINVAL);
    CHECK_EQ(sc_core_rtp_give(office->core, 0, packet, 641, &remote), EMSGSIZE);
    for (int i = 0; i < 32; i++)
        CHECK_EQ(sc_core_rtp_give(office->core, 1, packet, 20, &remote), 0);
    CHECK_EQ(sc_core_rtp_give(office->core, 1, packet, 20, &remote), ENOSPC);
    office_close(office);
}

static void two_cores_do_not_know_each_other(void)
{
    struct office *a = talkers(), *b = talkers();
    add_edge(a, 1, 2, 0.0f);
    add_edge(b, 1, 3, 0.0f);
    CHECK_EQ(apply(a), 0);
    CHECK_EQ(apply(b), 0);
    for (int i = 0; i < 110; i++) {
        if (i == 10) {
            forget(a);
            forget(b);
        }
        run_ticks(a, 1);
        run_ticks(b, 1);
    }
    CHECK_NEAR(heard_dbm0(&a->lines[0], 800.0), -10.0, 0.05);
    CHECK(heard_dbm0(&a->lines[0], 1100.0) < -70.0);
    CHECK_NEAR(heard_dbm0(&b->lines[0], 1100.0), -10.0, 0.05);
    CHECK(heard_dbm0(&b->lines[0], 800.0) < -70.0);
    office_close(a);
    office_close(b);
}

static void settings_out_of_range_are_refused(void)
{
    struct office *office = calloc(1, sizeof *office);
    struct sc_core_settings good = office_settings(office, 2), bad = good;
    struct sc_core *core = NULL;
    bad.socket_count = SC_CORE_SOCKETS_MAX + 1;
    CHECK_EQ(sc_core_create(&core, &bad, &office->complaint), EINVAL);
    CHECK_EQ(office->complaint.kind, SC_COMPLAINT_SETTINGS);
    bad = good;
    bad.tone_nodes = SC_PLAN_NODES_MAX + 1;
    CHECK_EQ(sc_core_create(&core, &bad, &office->complaint), EINVAL);
    office->ports[1].node = 1;
    CHECK_EQ(sc_core_create(&core, &good, &office->complaint), EINVAL);
    office->ports[1].node = 2;
    office->ports[1].exchange = NULL;
    CHECK_EQ(sc_core_create(&core, &good, &office->complaint), EINVAL);
    office->ports[1].exchange = line_exchange;
    for (int k = 0; k < 2; k++) { /* a delay from an earlier run that no canceller of ours can have */
        office->ports[1].echo_delay_known = true;
        office->ports[1].echo_delay_samples = k ? 1024 : -1;
        CHECK_EQ(sc_core_create(&core, &good, &office->complaint), EINVAL);
        CHECK_EQ(office->complaint.kind, SC_COMPLAINT_SETTINGS);
    }
    office->ports[1].echo_delay_known = false;
    struct sc_core_tone nonsense = { .kind = 99, .frequency_count = 1 };
    good.tone_count = 1;
    good.tones = &nonsense;
    CHECK_EQ(sc_core_create(&core, &good, &office->complaint), EINVAL);
    CHECK_EQ(office->complaint.kind, SC_COMPLAINT_TONE_PLAN);
    CHECK(core == NULL);
    free(office);
}

static void every_failing_allocation_is_survived(void)
{
    struct office *office = calloc(1, sizeof *office);
    struct sc_core_tone busy = { .kind = 4, .frequency_count = 1, .frequency_hz = { 425.0f }, .pair_count = 1,
                                 .on_ms = { 350 }, .off_ms = { 350 } };
    struct sc_core_settings settings = office_settings(office, 1);
    struct sc_core *core = NULL;
    long held = sc_alloc_held(), tried = 0;
    int error = ENOMEM;
    settings.socket_count = 1;
    settings.tone_nodes = settings.digits_nodes = 1;
    settings.tone_count = 1;
    settings.recorded_ticks = 10;
    settings.tones = &busy;
    while (error == ENOMEM && tried < 500) {
        sc_alloc_fail_after(tried++);
        error = sc_core_create(&core, &settings, &office->complaint);
        if (error == ENOMEM)
            CHECK_EQ(sc_alloc_held(), held);
    }
    sc_alloc_fail_after(-1);
    CHECK_EQ(error, 0);
    CHECK(tried > 20);
    sc_core_destroy(core);
    CHECK_EQ(sc_alloc_held(), held);
    free(office);
}

int main(void)
{
    RUN(each_hears_whom_the_plan_says);
    RUN(without_a_plan_everybody_hears_silence);
    RUN(a_muted_capture_reaches_nobody);
    RUN(a_failing_line_is_silent_and_counted);
    RUN(a_recording_is_played_once_and_its_end_is_told);
    RUN(digits_are_sent_in_band_and_heard);
    RUN(events_beyond_the_ring_are_counted);
    RUN(deliberate_faults_do_what_they_say);
    RUN(rtp_in_memory_loops_through_the_core);
    RUN(two_cores_do_not_know_each_other);
    RUN(settings_out_of_range_are_refused);
    RUN(every_failing_allocation_is_survived);
    return CHECK_DONE();
}
