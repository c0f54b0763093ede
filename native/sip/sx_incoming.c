/*
 * sx_incoming.c - requests from outside: REGISTER, INVITE, re-INVITE, ACK; and our answers to them.
 *
 * How:  a REGISTER is saved (nua_save_event) until its answer comes; an INVITE keeps its nua handle. Who may do what is
 *       decided by the user of the shim; here only the numbers of calls and of waiting requests are limited, with 503.
 */
#define _GNU_SOURCE
#include "sx_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SX_RETRY_AFTER "Retry-After: 5\r\n"

static bool is_overloaded(struct sx_stack *stack) {
  return stack->stopping || sx_queues_waiting(&stack->queues) >= stack->settings.max_waiting;
}

/* nua_respond() keeps the pointer to the phrase: only static texts. */
static const char *phrase_of(int status) {
  const char *phrase = sip_status_phrase(status);
  return phrase ? phrase : "Unknown";
}

void sx_on_register(struct sx_stack *stack, nua_handle_t *handle, const sip_t *sip) {
  struct sx_event *event = NULL;
  struct sx_call *call = NULL;
  if (!is_overloaded(stack))
    call = sx_call_create(stack, sx_next_incoming(stack), SX_REGISTRAR, handle);
  if (call)
    event = sx_event_create(SX_REGISTER, call->id);
  if (event) {
    sx_copy_request(stack, event, sip); /* first: nua_save_event() takes the request away from nua_current_request() */
    sx_copy_contacts(event, sip);
    if (!nua_save_event(stack->nua, call->saved)) {
      sx_event_destroy(event);
      event = NULL;
    }
  }
  if (event == NULL) {
    atomic_fetch_add(&stack->overloaded, 1);
    nua_respond(handle, SIP_503_SERVICE_UNAVAILABLE, NUTAG_WITH_CURRENT(stack->nua),
                SIPTAG_HEADER_STR(SX_RETRY_AFTER), TAG_END());
    if (call)
      sx_call_destroy(stack, call);
    else
      nua_handle_destroy(handle);
    return;
  }
  sx_event_put(&stack->queues, event);
}

static void remember_caller(struct sx_call *call, const sip_t *sip) {
  char *local = sx_header_value((const sip_header_t *)sip->sip_to);
  char *remote = sx_header_value((const sip_header_t *)sip->sip_from);
  sx_set(&call->local, local);
  sx_set(&call->remote, remote);
  free(local);
  free(remote);
  if (sip->sip_call_id)
    sx_set(&call->call_id, sip->sip_call_id->i_id);
  free(call->route);
  call->route = sx_route_value(sip->sip_record_route, false);
}

static void remember_target(struct sx_call *call, const sip_t *sip) {
  if (sip->sip_contact == NULL)
    return;
  char *target = url_as_string(NULL, sip->sip_contact->m_url);
  sx_set(&call->target, target);
  su_free(NULL, target);
}

static void on_reinvite(struct sx_stack *stack, struct sx_call *call, const sip_t *sip) {
  struct sx_event *event = sx_event_create(SX_REINVITE, call->id);
  if (event == NULL) {
    nua_respond(call->handle, SIP_500_INTERNAL_SERVER_ERROR, TAG_END());
    return;
  }
  remember_target(call, sip);
  sx_copy_request(stack, event, sip);
  sx_copy_body(event, sip);
  sx_event_put(&stack->queues, event);
  sx_report_dialog(stack, call);
}

/*
 * One SIP contact (RFC 3261, 8.1.1.8), or none of our later requests could be sent: sofia 1.12.11 even fails an assertion
 * when it shuts down a dialog whose target is no SIP URI.
 */
static bool has_usable_contact(const sip_t *sip) {
  const sip_contact_t *contact = sip->sip_contact;
  if (contact == NULL || contact->m_next != NULL || contact->m_url->url_host == NULL)
    return false;
  return contact->m_url->url_type == url_sip || contact->m_url->url_type == url_sips;
}

/* `call` is NULL for an INVITE outside a dialog. */
void sx_on_invite(struct sx_stack *stack, nua_handle_t *handle, struct sx_call *call, const sip_t *sip) {
  struct sx_event *event = NULL;
  if (call) {
    on_reinvite(stack, call, sip);
    return;
  }
  if (!has_usable_contact(sip)) {
    nua_respond(handle, 400, "Bad Contact", TAG_END());
    nua_handle_destroy(handle);
    return;
  }
  if (!is_overloaded(stack) && stack->invites < stack->settings.max_calls)
    call = sx_call_create(stack, sx_next_incoming(stack), SX_CALLED, handle);
  if (call)
    event = sx_event_create(SX_INVITE, call->id);
  if (event == NULL) {
    atomic_fetch_add(&stack->overloaded, 1);
    nua_respond(handle, SIP_503_SERVICE_UNAVAILABLE, SIPTAG_HEADER_STR(SX_RETRY_AFTER), TAG_END());
    if (call)
      sx_call_destroy(stack, call);
    else
      nua_handle_destroy(handle);
    return;
  }
  remember_caller(call, sip);
  remember_target(call, sip);
  sx_copy_request(stack, event, sip);
  const char *transport = event->text[SX_TRANSPORT];
  call->contact = sx_own_contact(stack, transport && strcmp(transport, "tcp") == 0);
  call->next_hop = sx_peer_hop(event, sip);
  sx_copy_body(event, sip);
  sx_event_put(&stack->queues, event);
}

void sx_on_ack(struct sx_stack *stack, struct sx_call *call, const sip_t *sip) {
  struct sx_event *event = sx_event_create(SX_ACK, call->id);
  sx_copy_body(event, sip);
  sx_event_put(&stack->queues, event);
}

/* The tag that nua gave our side of the dialog, from the only place that tells it. */
void sx_learn_local_tag(struct sx_call *call) {
  su_home_t home[1] = {SU_HOME_INIT(home)};
  char *tagged = NULL;
  const sip_replaces_t *replaces = nua_handle_make_replaces(call->handle, home, 0);
  if (replaces && replaces->rp_from_tag && call->local &&
      asprintf(&tagged, "%s;tag=%s", call->local, replaces->rp_from_tag) >= 0) {
    free(call->local);
    call->local = tagged;
  }
  su_home_deinit(home);
}

static void answer_invite(struct sx_stack *stack, struct sx_call *call, int status, const char *headers,
                          const char *sdp) {
  bool first = !call->established && status > 100 && status < 300;
  if (first && call->cseq == 0) {
    sx_learn_local_tag(call);
    call->cseq = 1; /* our own numbering begins with our first request */
  }
  if (!call->established && status >= 200)
    call->final_sent = true;
  const char *contact = status < 300 ? call->contact : NULL;
  nua_respond(call->handle, status, phrase_of(status), TAG_IF(headers, SIPTAG_HEADER_STR(headers)),
              TAG_IF(contact, SIPTAG_CONTACT_STR(contact)), TAG_IF(call->next_hop, NUTAG_PROXY(call->next_hop)),
              TAG_IF(sdp, SIPTAG_CONTENT_TYPE_STR("application/sdp")), TAG_IF(sdp, SIPTAG_PAYLOAD_STR(sdp)),
              TAG_END());
  if (first)
    sx_report_dialog(stack, call);
}

void sx_do_respond(struct sx_stack *stack, struct sx_call *call, const struct sx_command *command) {
  const char *headers = command->argument[0], *sdp = command->argument[1];
  if (call->role == SX_CALLED || call->role == SX_CALLING) {
    if (!call->final_sent || call->established)
      answer_invite(stack, call, command->status, headers, sdp);
  } else if (call->role == SX_REGISTRAR) {
    nua_respond(call->handle, command->status, phrase_of(command->status), NUTAG_WITH_SAVED(call->saved),
                TAG_IF(headers, SIPTAG_HEADER_STR(headers)), TAG_END());
    sx_call_destroy(stack, call);
  }
}
