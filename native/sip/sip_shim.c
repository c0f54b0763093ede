/*
 * sip_shim.c - one sofia-sip endpoint on one thread of its own.
 *
 * How:  the thread makes the su root and the nua agent (without a second thread: su_root_threading 0), then runs
 *       su_root_run until sx_destroy. A second eventfd in the root's poll set brings the commands. Media is off:
 *       session descriptions are texts that pass through.
 * Assumes: a UPDATE or PRACK is not wanted (not in Allow): every change of a session is a re-INVITE that the user answers.
 *       Redirections are not followed: a telephone must not make us call somebody else.
 * Measured: see docs (tests/bench/bench_sip.py): about half a millisecond of CPU a call.
 */
#define _GNU_SOURCE
#include "sx_internal.h"

#include <errno.h>
#include <signal.h>
#include <sofia-sip/nta_tag.h>
#include <sofia-sip/su_log.h>
#include <sofia-sip/tport_tag.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SX_ALLOW "INVITE, ACK, BYE, CANCEL, OPTIONS, REGISTER"

enum { SX_MAX_MESSAGE_BYTES = 64 * 1024, SX_START_PENDING = -1 };
enum { SX_SLOTS = 32 };
enum { SX_FAREWELL_MS = 1000, SX_FAREWELL_STEP_MS = 20 };

static void on_event(nua_event_t event, int status, char const *phrase, nua_t *nua, struct sx_stack *stack,
                     nua_handle_t *handle, struct sx_call *call, sip_t const *sip, tagi_t tags[]);

/* What happens to a call; `call` is ours. */
static void on_call_event(nua_event_t event, int status, char const *phrase, struct sx_stack *stack,
                          struct sx_call *call, sip_t const *sip, tagi_t *tags) {
  int state = nua_callstate_init;
  switch ((int)event) {
  case nua_i_invite:
    sx_on_invite(stack, call->handle, call, sip);
    break;
  case nua_i_ack:
    sx_on_ack(stack, call, sip);
    break;
  case nua_r_invite:
    sx_on_invite_response(stack, call, status, phrase, sip);
    break;
  case nua_r_method:
    sx_on_orphan_response(stack, call, status);
    break;
  case nua_i_cancel:
    call->cancelled = true;
    call->cause_q850 = sx_q850_cause(sip);
    break;
  case nua_i_bye:
    call->cause_q850 = sx_q850_cause(sip);
    break;
  case nua_i_state:
    tl_gets(tags, NUTAG_CALLSTATE_REF(state), TAG_END());
    sx_on_state(stack, call, status, state);
    break;
  default:
    break;
  }
}

/* A second answer to a forked INVITE: nobody asked for it (RFC 3261, 13.2.2.4). */
static void on_fork(nua_handle_t *handle) {
  nua_bye(handle, TAG_END());
  nua_handle_destroy(handle);
}

static void on_event(nua_event_t event, int status, char const *phrase, nua_t *nua, struct sx_stack *stack,
                     nua_handle_t *handle, struct sx_call *call, sip_t const *sip, tagi_t tags[]) {
  if (event == nua_r_shutdown) {
    if (status >= 200)
      su_root_break(stack->root);
    return;
  }
  if (handle == NULL || handle == nua_default(nua))
    return;
  if (call) {
    on_call_event(event, status, phrase, stack, call, sip, tags);
    return;
  }
  switch ((int)event) {
  case nua_i_register:
    sx_on_register(stack, handle, sip);
    break;
  case nua_i_invite:
    sx_on_invite(stack, handle, NULL, sip);
    break;
  case nua_i_fork:
    on_fork(handle);
    break;
  case nua_i_options: /* answered by nua; the handle is ours to end */
  case nua_i_method:
    nua_handle_destroy(handle);
    break;
  default:
    break;
  }
}

/*
 * Ending: we hang up the calls ourselves and give them a second, then let nua shut down what is left. nua_shutdown() with
 * established calls fails an assertion of sofia 1.12.11 (nua_dialog.c:355) when a peer's contact is no SIP URI.
 */
static void on_farewell(su_root_magic_t *magic, su_timer_t *timer, struct sx_stack *stack) {
  (void)magic;
  stack->farewells++;
  if (stack->invites == 0 || stack->farewells * SX_FAREWELL_STEP_MS >= SX_FAREWELL_MS ||
      su_timer_set(timer, on_farewell, stack) < 0)
    nua_shutdown(stack->nua);
}

static void begin_farewell(struct sx_stack *stack) {
  stack->stopping = true;
  for (int i = 0; i < SX_BUCKETS; i++)
    for (struct sx_call *call = stack->calls[i]; call; call = call->next)
      if (call->role == SX_CALLED || call->role == SX_CALLING)
        sx_hang_up(stack, call, 503, NULL);
  stack->farewell = su_timer_create(su_root_task(stack->root), SX_FAREWELL_STEP_MS);
  if (stack->farewell == NULL || su_timer_set(stack->farewell, on_farewell, stack) < 0)
    nua_shutdown(stack->nua);
}

static int on_command(struct sx_stack *stack, su_wait_t *wait, su_wakeup_arg_t *argument) {
  struct sx_command *command;
  (void)wait;
  (void)argument;
  while ((command = sx_command_take(&stack->queues)) != NULL) {
    atomic_fetch_add(&stack->commands, 1);
    if (!stack->stopping)
      sx_perform(stack, command);
    sx_command_destroy(command);
  }
  if (!stack->stopping && sx_queues_stopped(&stack->queues))
    begin_farewell(stack);
  return 0;
}

static void drop_log(void *stream, char const *format, va_list arguments) {
  (void)stream;
  (void)format;
  (void)arguments;
}

static nua_t *create_agent(struct sx_stack *stack) {
  unsigned t1x64_ms = stack->settings.t1x64_ms;
  return nua_create(stack->root, on_event, stack, NUTAG_URL(stack->url), NUTAG_MEDIA_ENABLE(0), NUTAG_AUTOALERT(0),
                    NUTAG_AUTOANSWER(0), NUTAG_AUTOACK(1), NUTAG_AUTO302(0), NUTAG_AUTO305(0),
                    NUTAG_MAX_RETRY_AFTER(0), NUTAG_EARLY_MEDIA(0), NUTAG_ENABLEMESSAGE(0), NUTAG_SESSION_TIMER(0),
                    SIPTAG_ALLOW_STR(SX_ALLOW), NUTAG_APPL_METHOD("REGISTER"),
                    SIPTAG_SUPPORTED_STR("replaces"), NUTAG_USER_AGENT(stack->user_agent),
                    NTATAG_USE_NAPTR(0), NTATAG_USE_SRV(0), NTATAG_UDP_MTU(64 * 1024),
                    NTATAG_MAXSIZE(SX_MAX_MESSAGE_BYTES), TPTAG_STUN_SERVER(0),
                    TAG_IF(t1x64_ms, NTATAG_SIP_T1X64(t1x64_ms)), TAG_END());
}

static void announce_start(struct sx_stack *stack, int error) {
  pthread_mutex_lock(&stack->queues.lock);
  stack->start_error = error;
  pthread_cond_signal(&stack->started);
  pthread_mutex_unlock(&stack->queues.lock);
}

static void destroy_calls(struct sx_stack *stack) {
  for (int i = 0; i < SX_BUCKETS; i++)
    while (stack->calls[i])
      sx_call_destroy(stack, stack->calls[i]);
}

static int open_agent(struct sx_stack *stack, su_wait_t *wait) {
  stack->root = su_root_create(stack);
  if (stack->root == NULL)
    return ENOMEM;
  su_root_threading(stack->root, 0);
  errno = 0;
  stack->nua = create_agent(stack);
  if (stack->nua == NULL)
    return errno ? errno : EADDRINUSE;
  if (su_wait_create(wait, stack->queues.command_fd, SU_WAIT_IN) < 0 ||
      su_root_register(stack->root, wait, on_command, NULL, 0) < 0)
    return errno ? errno : EIO;
  return 0;
}

static void *run(void *argument) {
  struct sx_stack *stack = argument;
  su_wait_t wait[1] = {SU_WAIT_INIT};
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, NULL);
  int error = open_agent(stack, wait);
  announce_start(stack, error);
  if (error == 0) {
    su_root_run(stack->root);
    destroy_calls(stack);
    su_timer_destroy(stack->farewell);
    sx_event_put(&stack->queues, sx_event_create(SX_STOPPED, 0));
  }
  if (stack->nua)
    nua_destroy(stack->nua);
  if (stack->root)
    su_root_destroy(stack->root);
  return NULL;
}

static void release(struct sx_stack *stack) {
  sx_queues_close(&stack->queues);
  pthread_cond_destroy(&stack->started);
  free(stack->url);
  free(stack->user_agent);
  free(stack->own_address);
  free(stack);
}

static int copy_settings(struct sx_stack *stack, const struct sx_settings *settings) {
  bool ip6 = strchr(settings->address, ':') != NULL;
  const char *only = settings->udp && settings->tcp ? "" : settings->tcp ? ";transport=tcp" : ";transport=udp";
  stack->settings = *settings;
  stack->own_address = strdup(settings->address);
  stack->user_agent = strdup(settings->user_agent ? settings->user_agent : "Cityline");
  if (asprintf(&stack->url, ip6 ? "sip:[%s]:%d%s" : "sip:%s:%d%s", settings->address, settings->port, only) < 0)
    stack->url = NULL;
  return stack->url && stack->user_agent && stack->own_address ? 0 : ENOMEM;
}

static int start(struct sx_stack *stack) {
  int error = pthread_create(&stack->thread, NULL, run, stack);
  if (error)
    return error;
  pthread_mutex_lock(&stack->queues.lock);
  while (stack->start_error == SX_START_PENDING)
    pthread_cond_wait(&stack->started, &stack->queues.lock);
  error = stack->start_error;
  pthread_mutex_unlock(&stack->queues.lock);
  if (error)
    pthread_join(stack->thread, NULL);
  return error;
}

/* 0, EADDRINUSE or another errno value; returns when the sockets are bound. su_init() is called once a process. */
int sx_create(struct sx_stack **out, const struct sx_settings *settings) {
  static bool initialized;
  if (settings->address == NULL || settings->port < 0 || settings->port > 65535 ||
      !(settings->udp || settings->tcp) || settings->slot >= SX_SLOTS)
    return EINVAL;
  if (!initialized) {
    su_init();
    su_log_redirect(NULL, drop_log, NULL);
    initialized = true;
  }
  struct sx_stack *stack = calloc(1, sizeof *stack);
  if (stack == NULL)
    return ENOMEM;
  stack->start_error = SX_START_PENDING;
  pthread_cond_init(&stack->started, NULL);
  int error = sx_queues_open(&stack->queues);
  if (error) {
    free(stack);
    return error;
  }
  error = copy_settings(stack, settings);
  if (error == 0)
    error = start(stack);
  if (error)
    release(stack);
  else
    *out = stack;
  return error;
}

/* Ends every call (nua sends the BYEs it can), closes the sockets, joins the thread. */
void sx_destroy(struct sx_stack *stack) {
  if (stack == NULL)
    return;
  sx_queues_stop(&stack->queues);
  pthread_join(stack->thread, NULL);
  release(stack);
}

int sx_event_fd(const struct sx_stack *stack) { return stack->queues.event_fd; }

void sx_count(struct sx_stack *stack, struct sx_counters *out) {
  memset(out, 0, sizeof *out);
  pthread_mutex_lock(&stack->queues.lock);
  out->taken = stack->queues.taken;
  pthread_mutex_unlock(&stack->queues.lock);
  out->overloaded = atomic_load(&stack->overloaded);
  out->commands = atomic_load(&stack->commands);
  out->calls = atomic_load(&stack->open_calls);
  out->requests = atomic_load(&stack->open_requests);
}
