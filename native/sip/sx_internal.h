/* sx_internal.h - shared by the .c files of the shim; nothing outside native/sip includes it. */
#ifndef SX_INTERNAL_H
#define SX_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

struct sx_call;
struct sx_request;

#define NUA_MAGIC_T struct sx_stack
#define NUA_HMAGIC_T struct sx_call
#define SU_ROOT_MAGIC_T struct sx_stack
#define SU_TIMER_ARG_T struct sx_stack

#include <sofia-sip/nua.h>
#include <sofia-sip/nua_tag.h>
#include <sofia-sip/sip_header.h>
#include <sofia-sip/sip_status.h>
#include <sofia-sip/sip_tag.h>
#include <sofia-sip/su.h>
#include <sofia-sip/su_wait.h>

#include "sip_shim.h"

_Static_assert(SX_TEXTS <= 25, "struct sx_event has a slot for each text");

/* ---- queues (sx_queue.c): no sofia in there, used from both threads */

enum sx_verb { SX_DO_RESPOND = 1, SX_DO_INVITE, SX_DO_REINVITE, SX_DO_HANGUP, SX_DO_BYE_ORPHAN };

enum { SX_ARGUMENTS = 7 };

struct sx_command {
  enum sx_verb verb;
  uint32_t id;
  int status;
  uint32_t cseq;
  char *argument[SX_ARGUMENTS];
  struct sx_command *next;
};

struct sx_queued_event {
  struct sx_event event; /* first, so that the event's address is the node's */
  struct sx_queued_event *next;
};

struct sx_queues {
  pthread_mutex_t lock;
  struct sx_queued_event *events, **events_end;
  struct sx_command *commands, **commands_end;
  unsigned waiting; /* requests among the events */
  int event_fd, command_fd;
  uint64_t taken;
  bool stop; /* the thread shall end */
};

int sx_queues_open(struct sx_queues *queues);
void sx_queues_close(struct sx_queues *queues);
struct sx_event *sx_event_create(enum sx_kind kind, uint32_t id);
int sx_event_text(struct sx_event *event, enum sx_text which, const char *text, size_t length);
int sx_event_string(struct sx_event *event, enum sx_text which, const char *text);
void sx_event_put(struct sx_queues *queues, struct sx_event *event);
unsigned sx_queues_waiting(struct sx_queues *queues);
struct sx_command *sx_command_create(enum sx_verb verb, uint32_t id);
int sx_command_argument(struct sx_command *command, int which, const char *text);
void sx_command_destroy(struct sx_command *command);
int sx_command_put(struct sx_queues *queues, struct sx_command *command);
struct sx_command *sx_command_take(struct sx_queues *queues);
void sx_queues_stop(struct sx_queues *queues);
bool sx_queues_stopped(struct sx_queues *queues);

/* ---- the stack */

enum sx_role { SX_CALLED, SX_CALLING, SX_REGISTRAR, SX_ORPHAN };

/* One INVITE dialog, one REGISTER or one orphan's BYE: whatever has an id. */
struct sx_call {
  uint32_t id;
  enum sx_role role;
  nua_handle_t *handle;
  nua_saved_event_t saved[1]; /* REGISTER: the request that is to be answered */
  bool established;           /* 2xx sent and acknowledged, or received */
  bool hung_up;               /* the user wants it gone: BYE as soon as the state permits */
  bool cancelled;
  bool final_sent;
  int cause_q850;
  int hangup_status;
  char *reason;
  char *contact;  /* ours, as this peer can reach it */
  char *offer;    /* of a re-INVITE that waits for the ACK of the first answer, or NULL */
  char *next_hop; /* where requests go when the peer's contact is behind NAT, or NULL */
  char *target, *route, *local, *remote, *call_id, *via; /* for SX_DIALOG */
  uint32_t cseq;
  struct sx_call *next; /* in its bucket */
};

enum { SX_BUCKETS = 1024 };

struct sx_stack {
  struct sx_queues queues;
  struct sx_settings settings;
  char *url, *user_agent, *own_address;
  pthread_t thread;
  pthread_cond_t started;
  int start_error; /* -1 until the thread knows */
  su_root_t *root;
  nua_t *nua;
  struct sx_call *calls[SX_BUCKETS];
  uint32_t next_id;
  unsigned invites;                      /* calls under way */
  atomic_uint open_calls, open_requests; /* the same for sx_count */
  atomic_ullong overloaded, commands;
  bool stopping;
  su_timer_t *farewell;
  int farewells;
};

/* sx_calls.c */
struct sx_call *sx_call_create(struct sx_stack *stack, uint32_t id, enum sx_role role, nua_handle_t *handle);
struct sx_call *sx_call_find(struct sx_stack *stack, uint32_t id);
void sx_call_destroy(struct sx_stack *stack, struct sx_call *call);
uint32_t sx_next_incoming(struct sx_stack *stack);
void sx_set(char **slot, const char *text);

/* sx_address.c */
char *sx_own_contact(const struct sx_stack *stack, bool tcp);
char *sx_peer_hop(const struct sx_event *request, const sip_t *sip);

/* sx_copy.c */
void sx_copy_request(struct sx_stack *stack, struct sx_event *event, const sip_t *sip);
void sx_copy_body(struct sx_event *event, const sip_t *sip);
void sx_copy_contacts(struct sx_event *event, const sip_t *sip);
int sx_q850_cause(const sip_t *sip);
char *sx_header_value(const sip_header_t *header);
char *sx_route_value(const sip_record_route_t *routes, bool reversed);

/* sx_incoming.c, sx_outgoing.c: the callback's branches and the commands */
void sx_on_register(struct sx_stack *stack, nua_handle_t *handle, const sip_t *sip);
void sx_on_invite(struct sx_stack *stack, nua_handle_t *handle, struct sx_call *call, const sip_t *sip);
void sx_on_ack(struct sx_stack *stack, struct sx_call *call, const sip_t *sip);
void sx_on_invite_response(struct sx_stack *stack, struct sx_call *call, int status, const char *phrase,
                           const sip_t *sip);
void sx_on_state(struct sx_stack *stack, struct sx_call *call, int status, int state);
void sx_on_orphan_response(struct sx_stack *stack, struct sx_call *call, int status);
void sx_report_dialog(struct sx_stack *stack, struct sx_call *call);
void sx_perform(struct sx_stack *stack, struct sx_command *command);
void sx_do_respond(struct sx_stack *stack, struct sx_call *call, const struct sx_command *command);
void sx_offer(struct sx_call *call, const char *sdp);
void sx_hang_up(struct sx_stack *stack, struct sx_call *call, int status, const char *reason);
void sx_learn_local_tag(struct sx_call *call);

#endif
