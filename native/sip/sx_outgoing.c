/*
 * sx_outgoing.c - what we ask of others: INVITE, re-INVITE, CANCEL, BYE, and the BYE of an orphan.
 *
 * How:  one nua handle a call. Every final or provisional answer is reported with the body as it came; each also brings
 *       up to date what a successor of this process would need to end the dialog (SX_DIALOG).
 */
#define _GNU_SOURCE
#include "sx_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void remember_callee(struct sx_call *call, const sip_t *sip) {
  char *local = sx_header_value((const sip_header_t *)sip->sip_from);
  char *remote = sx_header_value((const sip_header_t *)sip->sip_to);
  char *via = sx_header_value((const sip_header_t *)sip->sip_via);
  sx_set(&call->local, local);
  sx_set(&call->remote, remote);
  sx_set(&call->via, via);
  free(local);
  free(remote);
  free(via);
  if (sip->sip_call_id)
    sx_set(&call->call_id, sip->sip_call_id->i_id);
  if (sip->sip_cseq)
    call->cseq = sip->sip_cseq->cs_seq;
  if (!call->established) {
    free(call->route);
    call->route = sx_route_value(sip->sip_record_route, true);
  }
  if (sip->sip_contact && sip->sip_status && sip->sip_status->st_status >= 200) {
    char *target = url_as_string(NULL, sip->sip_contact->m_url);
    sx_set(&call->target, target);
    su_free(NULL, target);
  }
}

static int kind_of(const struct sx_call *call, int status) {
  if (call->established)
    return status < 200 ? 0 : SX_REINVITE_ENDED;
  return status < 200 ? SX_PROGRESS : status < 300 ? SX_ANSWERED : SX_REFUSED;
}

static void report_response(struct sx_stack *stack, struct sx_call *call, int kind, int status, const char *phrase,
                            const sip_t *sip) {
  struct sx_event *event = sx_event_create((enum sx_kind)kind, call->id);
  if (event == NULL)
    return;
  event->status = status;
  event->cause_q850 = sx_q850_cause(sip);
  sx_event_string(event, SX_PHRASE, phrase);
  sx_copy_body(event, sip);
  sx_event_put(&stack->queues, event);
}

void sx_on_invite_response(struct sx_stack *stack, struct sx_call *call, int status, const char *phrase,
                           const sip_t *sip) {
  int kind = kind_of(call, status);
  if (status <= 100 || kind == 0)
    return;
  if (sip)
    remember_callee(call, sip);
  if (kind == SX_ANSWERED)
    call->established = true;
  report_response(stack, call, kind, status, phrase, sip);
  if (status < 300)
    sx_report_dialog(stack, call);
  if (kind == SX_REFUSED && (status == 401 || status == 407))
    sx_on_state(stack, call, status, nua_callstate_terminated); /* nua would wait for credentials */
}

static void invite(struct sx_stack *stack, const struct sx_command *command) {
  char *const *argument = command->argument;
  nua_handle_t *handle = NULL;
  struct sx_call *call = NULL;
  if (sx_call_find(stack, command->id) == NULL)
    handle = nua_handle(stack->nua, NULL, NUTAG_URL(argument[0]), SIPTAG_FROM_STR(argument[2]),
                        SIPTAG_TO_STR(argument[3]), TAG_END());
  if (handle)
    call = sx_call_create(stack, command->id, SX_CALLING, handle);
  if (call == NULL) { /* a URI that sofia does not parse, or no memory */
    struct sx_event *event = sx_event_create(SX_REFUSED, command->id);
    if (event)
      event->status = 400;
    sx_event_put(&stack->queues, event);
    sx_event_put(&stack->queues, sx_event_create(SX_ENDED, command->id));
    if (handle)
      nua_handle_destroy(handle);
    return;
  }
  call->contact = sx_own_contact(stack, argument[1] && strstr(argument[1], ";transport=tcp"));
  sx_set(&call->target, argument[0]);
  nua_invite(handle, TAG_IF(argument[1], NUTAG_PROXY(argument[1])),
             TAG_IF(call->contact, SIPTAG_CONTACT_STR(call->contact)), SIPTAG_CONTENT_TYPE_STR("application/sdp"),
             SIPTAG_PAYLOAD_STR(argument[4]), TAG_END());
}

void sx_hang_up(struct sx_stack *stack, struct sx_call *call, int status, const char *reason) {
  (void)stack;
  if (call->hung_up)
    return;
  call->hung_up = true;
  sx_set(&call->reason, reason);
  if (call->established)
    nua_bye(call->handle, TAG_IF(reason, SIPTAG_REASON_STR(reason)), TAG_END());
  else if (call->role == SX_CALLING)
    nua_cancel(call->handle, TAG_IF(reason, SIPTAG_REASON_STR(reason)), TAG_END());
  else if (!call->final_sent) {
    const char *phrase = sip_status_phrase(status);
    call->final_sent = true;
    nua_respond(call->handle, status, phrase ? phrase : "Unknown", TAG_IF(reason, SIPTAG_REASON_STR(reason)),
                TAG_END());
  } /* else: BYE when the ACK has come (RFC 3261, 15) */
}

/* A new offer in a call. One that is wanted before the ACK of the first has come waits for it (RFC 3261, 14.1). */
void sx_offer(struct sx_call *call, const char *sdp) {
  if (call->hung_up)
    return;
  if (call->established)
    nua_invite(call->handle, TAG_IF(call->contact, SIPTAG_CONTACT_STR(call->contact)),
               SIPTAG_CONTENT_TYPE_STR("application/sdp"), SIPTAG_PAYLOAD_STR(sdp), TAG_END());
  else if (call->role == SX_CALLED)
    sx_set(&call->offer, sdp);
}

static void bye_orphan(struct sx_stack *stack, const struct sx_command *command) {
  char *const *argument = command->argument; /* Call-ID, From, To, target, Route, Reason, next hop */
  const char *route = argument[4] && *argument[4] ? argument[4] : NULL;
  char cseq[32];
  nua_handle_t *handle = NULL;
  snprintf(cseq, sizeof cseq, "%lu BYE", (unsigned long)command->cseq);
  if (argument[3] && sx_call_find(stack, command->id) == NULL)
    handle = nua_handle(stack->nua, NULL, NUTAG_URL(argument[3]), TAG_END());
  if (handle == NULL || sx_call_create(stack, command->id, SX_ORPHAN, handle) == NULL) {
    struct sx_event *event = sx_event_create(SX_ORPHAN_ENDED, command->id);
    if (event)
      event->status = 400;
    sx_event_put(&stack->queues, event);
    if (handle)
      nua_handle_destroy(handle);
    return;
  }
  nua_method(handle, NUTAG_METHOD("BYE"), NUTAG_DIALOG(0), TAG_IF(argument[6], NUTAG_PROXY(argument[6])), SIPTAG_CALL_ID_STR(argument[0]),
             SIPTAG_FROM_STR(argument[1]), SIPTAG_TO_STR(argument[2]), SIPTAG_CSEQ_STR(cseq),
             TAG_IF(route, SIPTAG_ROUTE_STR(route)), TAG_IF(argument[5], SIPTAG_REASON_STR(argument[5])), TAG_END());
}

void sx_on_orphan_response(struct sx_stack *stack, struct sx_call *call, int status) {
  if (call->role != SX_ORPHAN || status < 200)
    return;
  struct sx_event *event = sx_event_create(SX_ORPHAN_ENDED, call->id);
  if (event)
    event->status = status;
  sx_event_put(&stack->queues, event);
  sx_call_destroy(stack, call);
}

void sx_perform(struct sx_stack *stack, struct sx_command *command) {
  struct sx_call *call;
  if (command->verb == SX_DO_INVITE) {
    invite(stack, command);
    return;
  }
  if (command->verb == SX_DO_BYE_ORPHAN) {
    bye_orphan(stack, command);
    return;
  }
  call = sx_call_find(stack, command->id);
  if (call == NULL)
    return;
  if (command->verb == SX_DO_RESPOND)
    sx_do_respond(stack, call, command);
  else if (command->verb == SX_DO_REINVITE)
    sx_offer(call, command->argument[0]);
  else if (command->verb == SX_DO_HANGUP)
    sx_hang_up(stack, call, command->status, command->argument[0]);
}
