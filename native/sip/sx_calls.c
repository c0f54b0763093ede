/*
 * sx_calls.c - whatever has an id, and the commands that name one.
 *
 * How:  a chained hash by id, touched by the SIP thread only. A handle of nua points to its call while both live;
 *       destroying a call unbinds the handle first, so that late events of nua find nothing.
 */
#define _GNU_SOURCE
#include "sx_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { SX_SLOT_SHIFT = 26, SX_COUNT_MASK = (1 << SX_SLOT_SHIFT) - 1 };

static unsigned bucket(uint32_t id) { return id % SX_BUCKETS; }

uint32_t sx_next_incoming(struct sx_stack *stack) {
  stack->next_id++;
  return SX_INCOMING | (uint32_t)stack->settings.slot << SX_SLOT_SHIFT | (stack->next_id & SX_COUNT_MASK);
}

static bool is_dialog(const struct sx_call *call) { return call->role == SX_CALLED || call->role == SX_CALLING; }

struct sx_call *sx_call_create(struct sx_stack *stack, uint32_t id, enum sx_role role, nua_handle_t *handle) {
  struct sx_call *call = calloc(1, sizeof *call);
  if (call == NULL)
    return NULL;
  call->id = id;
  call->role = role;
  call->handle = handle;
  call->next = stack->calls[bucket(id)];
  stack->calls[bucket(id)] = call;
  if (is_dialog(call))
    stack->invites++;
  atomic_fetch_add(is_dialog(call) ? &stack->open_calls : &stack->open_requests, 1);
  if (role != SX_REGISTRAR)
    nua_handle_bind(handle, call);
  return call;
}

struct sx_call *sx_call_find(struct sx_stack *stack, uint32_t id) {
  struct sx_call *call = stack->calls[bucket(id)];
  while (call && call->id != id)
    call = call->next;
  return call;
}

void sx_call_destroy(struct sx_stack *stack, struct sx_call *call) {
  struct sx_call **link = &stack->calls[bucket(call->id)];
  while (*link != call)
    link = &(*link)->next;
  *link = call->next;
  if (is_dialog(call))
    stack->invites--;
  atomic_fetch_sub(is_dialog(call) ? &stack->open_calls : &stack->open_requests, 1);
  if (call->role == SX_REGISTRAR)
    nua_destroy_event(call->saved);
  else
    nua_handle_bind(call->handle, NULL);
  nua_handle_destroy(call->handle);
  char *texts[] = {call->reason, call->contact, call->next_hop, call->target,  call->route,
                   call->local,  call->remote,  call->call_id,  call->via,     call->offer};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
    free(texts[i]);
  free(call);
}

/* Replaces a text of a call; keeps the old one when there is no memory. */
void sx_set(char **slot, const char *text) {
  char *copy = text ? strdup(text) : NULL;
  if (text && copy == NULL)
    return;
  free(*slot);
  *slot = copy;
}

void sx_report_dialog(struct sx_stack *stack, struct sx_call *call) {
  struct sx_event *event = sx_event_create(SX_DIALOG, call->id);
  if (event == NULL)
    return;
  event->cseq = call->cseq;
  event->established = call->established || (call->role == SX_CALLED && call->final_sent);
  sx_event_string(event, SX_CALL_ID, call->call_id);
  sx_event_string(event, SX_ORPHAN_LOCAL, call->local);
  sx_event_string(event, SX_ORPHAN_REMOTE, call->remote);
  sx_event_string(event, SX_ORPHAN_TARGET, call->target);
  sx_event_string(event, SX_ORPHAN_ROUTE, call->route);
  sx_event_string(event, SX_ORPHAN_VIA, call->via);
  sx_event_put(&stack->queues, event);
}

static void report_end(struct sx_stack *stack, struct sx_call *call, int status) {
  struct sx_event *event = sx_event_create(SX_ENDED, call->id);
  if (event == NULL)
    return;
  event->status = status;
  event->cause_q850 = call->cause_q850;
  event->cancelled = call->cancelled;
  sx_event_put(&stack->queues, event);
}

/* nua says in which state the session is now. */
void sx_on_state(struct sx_stack *stack, struct sx_call *call, int status, int state) {
  if (state == nua_callstate_terminated) {
    report_end(stack, call, status);
    sx_call_destroy(stack, call);
  } else if (state == nua_callstate_ready) {
    call->established = true;
    if (call->hung_up)
      nua_bye(call->handle, TAG_IF(call->reason, SIPTAG_REASON_STR(call->reason)), TAG_END());
    else if (call->offer)
      sx_offer(call, call->offer);
    sx_set(&call->offer, NULL);
  }
}

/* ---- commands, posted by Python */

static int post(struct sx_stack *stack, struct sx_command *command, const char *const *arguments, int count) {
  int error = command ? 0 : ENOMEM;
  for (int i = 0; error == 0 && i < count; i++)
    error = sx_command_argument(command, i, arguments[i]);
  if (error) {
    sx_command_destroy(command);
    return error;
  }
  return sx_command_put(&stack->queues, command);
}

/* Answers a request. `headers` are whole lines, `sdp` a body of type application/sdp; both may be NULL. */
int sx_respond(struct sx_stack *stack, uint32_t id, int status, const char *headers, const char *sdp) {
  struct sx_command *command = sx_command_create(SX_DO_RESPOND, id);
  const char *arguments[] = {headers, sdp};
  if (command)
    command->status = status;
  return post(stack, command, arguments, 2);
}

/* Calls `uri`; the request goes to `next_hop` (a SIP URI) when that is not NULL. */
int sx_invite(struct sx_stack *stack, uint32_t id, const char *uri, const char *next_hop, const char *from,
              const char *to, const char *sdp) {
  const char *arguments[] = {uri, next_hop, from, to, sdp};
  if (id & SX_INCOMING)
    return EINVAL;
  return post(stack, sx_command_create(SX_DO_INVITE, id), arguments, 5);
}

int sx_reinvite(struct sx_stack *stack, uint32_t id, const char *sdp) {
  const char *arguments[] = {sdp};
  return post(stack, sx_command_create(SX_DO_REINVITE, id), arguments, 1);
}

/* CANCEL, BYE or the final response `status`, as the state asks; `reason` is the value of a Reason header or NULL. */
int sx_hangup(struct sx_stack *stack, uint32_t id, int status, const char *reason) {
  struct sx_command *command = sx_command_create(SX_DO_HANGUP, id);
  const char *arguments[] = {reason};
  if (command)
    command->status = status;
  return post(stack, command, arguments, 1);
}

/* Sends the BYE of a dialog that an earlier process had; SX_ORPHAN_ENDED brings the status of the answer. */
int sx_bye_orphan(struct sx_stack *stack, uint32_t id, const struct sx_orphan *orphan) {
  struct sx_command *command = sx_command_create(SX_DO_BYE_ORPHAN, id);
  const char *arguments[] = {orphan->call_id, orphan->local,  orphan->remote,  orphan->target,
                             orphan->route,   orphan->reason, orphan->next_hop};
  if (command)
    command->cseq = orphan->cseq;
  return post(stack, command, arguments, 7);
}
