/*
 * sip_shim.h - what Python sees of sofia-sip.
 *
 * What: one SIP endpoint (registrar, caller and called) as a queue of events out and a queue of commands in.
 * How:  sofia-sip's nua runs on one C thread. Its callbacks copy the fields they need into an event and wake the
 *       reader through an eventfd; commands go the other way through a second eventfd. No Python runs on that thread.
 * Use:  sx_create, then add_reader(sx_event_fd) and sx_take until NULL; sx_destroy ends the thread.
 *
 * Requests and calls are named by integers, never by pointers: ids of incoming ones have the top bit set and are
 * counted here, ids of outgoing calls are chosen by the user and have it clear. A command for an id that is gone is
 * dropped. Bodies are opaque. All texts are UTF-8 or ASCII as they stood on the wire, NUL-terminated.
 *
 * This file is also what cffi reads (native/build_sip.py), from the line BEGIN CFFI on.
 */
#ifndef SX_SIP_SHIM_H
#define SX_SIP_SHIM_H

#include <stddef.h>
#include <stdint.h>

/* BEGIN CFFI */
#define SX_INCOMING 0x80000000

enum sx_kind {
  SX_REGISTER = 1,     /* a REGISTER wants sx_respond */
  SX_INVITE,           /* an INVITE outside a dialog wants sx_respond */
  SX_REINVITE,         /* an INVITE inside a dialog wants sx_respond */
  SX_ACK,              /* our 200 was acknowledged; SX_BODY when the answer came with it */
  SX_PROGRESS,         /* 101..199 to our INVITE */
  SX_ANSWERED,         /* 2xx to our INVITE */
  SX_REFUSED,          /* 300..699 to our INVITE */
  SX_REINVITE_ENDED,   /* a final response to our re-INVITE */
  SX_ENDED,            /* the call is gone, its id too */
  SX_DIALOG,           /* what a successor needs to end this dialog: the SX_ORPHAN_* texts */
  SX_ORPHAN_ENDED,     /* sx_bye_orphan has its final response */
  SX_STOPPED           /* the thread has shut down; nothing follows */
};

enum sx_text {
  SX_SOURCE,           /* address the request came from, without port */
  SX_TRANSPORT,        /* "udp" or "tcp" */
  SX_REQUEST_URI,
  SX_REQUEST_USER,     /* user part of the request URI, unescaped */
  SX_FROM_USER,
  SX_FROM_NAME,        /* display name as it stood, with its quotes */
  SX_TO_USER,
  SX_CALL_ID,
  SX_CONTACTS,         /* REGISTER: one "uri SP expires-or-minus" a line, or "*" */
  SX_AUTHORIZATION,    /* one parameter a line after the scheme, an empty line between credentials */
  SX_PROXY_AUTHORIZATION,
  SX_CONTENT_TYPE,
  SX_BODY,
  SX_PHRASE,
  SX_USER_AGENT,
  SX_VIA,              /* SX_INVITE: the Via fields, one a line (for a stateless refusal by a successor) */
  SX_FROM,             /* SX_INVITE: From and To as they stood */
  SX_TO,
  SX_ORPHAN_LOCAL,     /* From of a request from us to them, with tag */
  SX_ORPHAN_REMOTE,    /* To, with tag when there is one */
  SX_ORPHAN_TARGET,    /* request URI */
  SX_ORPHAN_ROUTE,     /* Route fields, one comma-separated value, or empty */
  SX_ORPHAN_VIA,       /* our Via of the INVITE that is under way, for CANCEL */
  SX_TEXTS
};

struct sx_event {
  int kind;            /* enum sx_kind */
  uint32_t id;
  int status;          /* response status; SX_ENDED: last status or 0 */
  int cause_q850;      /* from a Reason header, 0 when there is none */
  int source_port;
  int64_t expires_s;   /* Expires header of a REGISTER, -1 when there is none */
  uint32_t cseq;       /* SX_DIALOG: the last CSeq that we used; requests: theirs */
  int cancelled;       /* SX_ENDED: by CANCEL */
  int established;     /* SX_DIALOG: answered */
  char *text[25];      /* enum sx_text; NULL when absent */
};

struct sx_settings {
  const char *address;     /* to listen on, one of ours; IPv6 without brackets */
  int port;
  int udp, tcp;            /* transports */
  const char *user_agent;
  unsigned max_calls;      /* calls under way; further INVITEs get 503 */
  unsigned max_waiting;    /* requests that nobody has taken; further ones get 503 */
  unsigned t1x64_ms;       /* RFC 3261 64*T1; 0 keeps 32 s */
  unsigned slot;           /* 0..31: ids of incoming requests differ between the stacks of a process */
};

struct sx_orphan {
  const char *call_id, *local, *remote, *target, *route;
  const char *reason;   /* value of a Reason header or NULL */
  const char *next_hop; /* a SIP URI or NULL */
  uint32_t cseq;
};

struct sx_counters {
  uint64_t taken, overloaded, commands;
  uint32_t calls, requests;
};

struct sx_stack;

int sx_create(struct sx_stack **out, const struct sx_settings *settings);
void sx_destroy(struct sx_stack *stack);
int sx_local_addresses(char *out, size_t size, int ipv6);
int sx_event_fd(const struct sx_stack *stack);
struct sx_event *sx_take(struct sx_stack *stack);
void sx_event_destroy(struct sx_event *event);
void sx_count(struct sx_stack *stack, struct sx_counters *out);

int sx_respond(struct sx_stack *stack, uint32_t id, int status, const char *headers, const char *sdp);
int sx_invite(struct sx_stack *stack, uint32_t id, const char *uri, const char *next_hop, const char *from,
              const char *to, const char *sdp);
int sx_reinvite(struct sx_stack *stack, uint32_t id, const char *sdp);
int sx_hangup(struct sx_stack *stack, uint32_t id, int status, const char *reason);
int sx_bye_orphan(struct sx_stack *stack, uint32_t id, const struct sx_orphan *orphan);
/* END CFFI */

#endif
