/* Caller identity as a node of the plan: what a telephone hears is read back with our modem, which has tests of its own. */
#include "callerid_modem.h"
#include "callerid_sender.h"
#include "callwaiting_sender.h"
#include "check.h"
#include "core_fixture.h"

#define NODE 1000

static struct sc_plan_node *add_identity(struct office *office, enum sc_callerid_form form, enum sc_callerid_alert alert)
{
    struct sc_plan_node *node = add_node(office, NODE, SC_NODE_IDENTITY);
    node->identity_form = form;
    node->modulation = SC_CALLERID_V23;
    node->alert = alert;
    strcpy(node->date, "11281030");
    strcpy(node->number, "4951234567");
    strcpy(node->name, "Anna");
    add_edge(office, 1, NODE, 0.0f);
    return node;
}

static struct office *identity_office(enum sc_callerid_form form, enum sc_callerid_alert alert)
{
    struct office *office = office_open(2);
    add_port(office, 0);
    add_port(office, 1);
    add_identity(office, form, alert);
    return office;
}

/* The messages in what line 0 heard; the last one is told. */
static int messages(struct office *office, struct sc_callerid_message *message)
{
    struct sc_callerid_modem *modem = NULL;
    int count = 0;
    CHECK_EQ(sc_callerid_modem_create(&modem, NULL), 0);
    sc_callerid_modem_process(modem, office->lines[0].heard, office->lines[0].heard_count);
    while (sc_callerid_modem_next(modem, message))
        count++;
    sc_callerid_modem_destroy(modem);
    return count;
}

/* Whether the core says that the node is through, and with which result. */
static int sent(struct office *office, bool *present)
{
    struct sc_event events[16];
    int count = 0;
    for (size_t n = sc_core_events(office->core, events, 16), i = 0; i < n; i++)
        if (events[i].kind == SC_EVENT_IDENTITY_SENT && events[i].node == NODE) {
            *present = events[i].present;
            count++;
        }
    return count;
}

static void a_telephone_on_hook_is_told_once(void)
{
    const enum sc_callerid_alert alerts[] = { SC_CALLERID_ALERT_NONE, SC_CALLERID_ALERT_ON_HOOK };
    for (int i = 0; i < 2; i++) {
        struct office *office = identity_office(SC_CALLERID_MDMF, alerts[i]);
        struct sc_callerid_message message = { 0 };
        bool present = false;
        CHECK_EQ(apply(office), 0);
        run_ticks(office, 300);
        CHECK_EQ(messages(office, &message), 1);
        CHECK(strcmp(message.number, "4951234567") == 0 && strcmp(message.date, "11281030") == 0);
        CHECK(message.name_length == 4 && memcmp(message.name, "Anna", 4) == 0);
        CHECK_EQ(office->lines[1].heard[4000], 0);
        CHECK_EQ(sent(office, &present), 1);
        CHECK(present);
        office_close(office);
    }
}

static void the_lamp_goes_on_and_off(void)
{
    const enum sc_callerid_form forms[] = { SC_CALLERID_LAMP_MDMF, SC_CALLERID_LAMP_SDMF };
    for (int i = 0; i < 4; i++) {
        struct office *office = identity_office(forms[i / 2], SC_CALLERID_ALERT_NONE);
        struct sc_callerid_message message = { 0 };
        office->nodes[2].lamp_on = i % 2 == 1;
        CHECK_EQ(apply(office), 0);
        run_ticks(office, 200);
        CHECK_EQ(messages(office, &message), 1);
        CHECK(message.message_waiting_known);
        CHECK_EQ(message.message_waiting, i % 2 == 1);
        office_close(office);
    }
}

static void a_node_that_leaves_the_plan_falls_silent(void)
{
    struct office *office = identity_office(SC_CALLERID_MDMF, SC_CALLERID_ALERT_NONE);
    struct sc_callerid_message message;
    bool present;
    CHECK_EQ(apply(office), 0);
    run_ticks(office, 50);
    clear_plan(office);
    add_port(office, 0);
    CHECK_EQ(apply(office), 0);
    run_ticks(office, 2);
    forget(office);
    run_ticks(office, 300);
    CHECK_EQ(messages(office, &message), 0);
    CHECK_EQ(sent(office, &present), 0);
    add_identity(office, SC_CALLERID_SDMF, SC_CALLERID_ALERT_NONE); /* its place in the pool begins anew */
    CHECK_EQ(apply(office), 0);
    run_ticks(office, 300);
    CHECK_EQ(messages(office, &message), 1);
    office_close(office);
}

static void a_telephone_that_does_not_answer_the_alert_is_told_nothing(void)
{
    struct office *office = identity_office(SC_CALLERID_MDMF, SC_CALLERID_ALERT_IN_CALL);
    struct sc_callerid_message message;
    bool present = true;
    CHECK_EQ(apply(office), 0);
    run_ticks(office, 300);
    CHECK_EQ(messages(office, &message), 0);
    CHECK_EQ(sent(office, &present), 1);
    CHECK(!present);
    office_close(office);
}

static void expect_refusal(struct office *office, enum sc_complaint_kind kind)
{
    CHECK_EQ(apply(office), EINVAL);
    CHECK_EQ(office->complaint.kind, kind);
    CHECK_EQ(office->complaint.node, NODE);
    office_close(office);
}

static void what_cannot_be_sent_is_refused(void)
{
    struct office *office = identity_office(SC_CALLERID_MDMF, SC_CALLERID_ALERT_NONE);
    memset(office->nodes[2].name, 'x', sizeof office->nodes[2].name);
    expect_refusal(office, SC_COMPLAINT_BAD_IDENTITY);
    office = identity_office(SC_CALLERID_DTMF_A_C, SC_CALLERID_ALERT_ON_HOOK);
    expect_refusal(office, SC_COMPLAINT_BAD_IDENTITY);
    office = identity_office((enum sc_callerid_form)0, SC_CALLERID_ALERT_NONE);
    expect_refusal(office, SC_COMPLAINT_BAD_IDENTITY);
    office = identity_office(SC_CALLERID_MDMF, SC_CALLERID_ALERT_NONE);
    office->nodes[2].port = 2;
    expect_refusal(office, SC_COMPLAINT_UNKNOWN_PORT);
}

int main(void)
{
    RUN(a_telephone_on_hook_is_told_once);
    RUN(the_lamp_goes_on_and_off);
    RUN(a_node_that_leaves_the_plan_falls_silent);
    RUN(a_telephone_that_does_not_answer_the_alert_is_told_nothing);
    RUN(what_cannot_be_sent_is_refused);
    return CHECK_DONE();
}
