/*
 * sx_copy.c - from sofia's parsed messages to the texts of an event.
 *
 * How:  whole headers are printed with sip_header_field_e() into a buffer that grows; Debian's sip_header_as_string()
 *       cuts them at about 200 characters. Credentials are handed out parameter by parameter, as parsed.
 * Assumes: the message lives while the callback runs. A parameter or a body with a NUL or a control character in it is
 *       left out, so that what Python sees is what sofia saw.
 */
#define _GNU_SOURCE
#include "sx_internal.h"

#include <arpa/inet.h>
#include <sofia-sip/msg_addr.h>
#include <stdlib.h>
#include <string.h>

enum { SX_FIRST_GUESS = 256, SX_MAX_TEXT = 32 * 1024 };

/* The value of one header field, to be freed; NULL when there is none or no memory. */
char *sx_header_value(const sip_header_t *header) {
  size_t size = SX_FIRST_GUESS;
  if (header == NULL)
    return NULL;
  for (;;) {
    char *buffer = malloc(size);
    if (buffer == NULL)
      return NULL;
    issize_t length = sip_header_field_e(buffer, (isize_t)size, header, 0);
    if (length >= 0 && (size_t)length < size) {
      buffer[length] = '\0';
      return buffer;
    }
    free(buffer);
    if (length < 0 || length > SX_MAX_TEXT)
      return NULL;
    size = (size_t)length + 1;
  }
}

static bool is_clean(const char *text) {
  for (; *text; text++)
    if ((unsigned char)*text < 0x20 || *text == 0x7f)
      return false;
  return true;
}

/* Appends text and an end of line to *out; on trouble *out stays as it was. */
static void add_line(char **out, const char *text) {
  size_t before = *out ? strlen(*out) : 0, more = strlen(text);
  if (before + more > SX_MAX_TEXT)
    return;
  char *grown = realloc(*out, before + more + 2);
  if (grown == NULL)
    return;
  memcpy(grown + before, text, more);
  memcpy(grown + before + more, "\n", 2);
  *out = grown;
}

static void put_lines(struct sx_event *event, enum sx_text which, char *lines) {
  sx_event_string(event, which, lines);
  free(lines);
}

static void copy_credentials(struct sx_event *event, enum sx_text which, const sip_authorization_t *credentials) {
  char *lines = NULL;
  for (; credentials; credentials = credentials->au_next) {
    if (credentials->au_scheme == NULL || strcasecmp(credentials->au_scheme, "Digest") != 0)
      continue;
    if (lines)
      add_line(&lines, "");
    for (const msg_param_t *p = credentials->au_params; p && *p; p++)
      if (is_clean(*p))
        add_line(&lines, *p);
  }
  put_lines(event, which, lines);
}

static void copy_source(struct sx_stack *stack, struct sx_event *event, const sip_t *sip) {
  msg_t *message = nua_current_request(stack->nua);
  char text[INET6_ADDRSTRLEN] = "";
  if (message) {
    const su_sockaddr_t *address = msg_addr(message);
    if (address->su_family == AF_INET || address->su_family == AF_INET6)
      inet_ntop(address->su_family, SU_ADDR(address), text, sizeof text);
    event->source_port = ntohs(address->su_port);
  }
  sx_event_string(event, SX_SOURCE, text);
  if (sip->sip_via && sip->sip_via->v_protocol) {
    const char *slash = strrchr(sip->sip_via->v_protocol, '/');
    sx_event_string(event, SX_TRANSPORT, slash && strcasecmp(slash, "/TCP") == 0 ? "tcp" : "udp");
  }
}

static void copy_uri(struct sx_event *event, enum sx_text which, const url_t *url) {
  char *text = url_as_string(NULL, url);
  if (text && is_clean(text))
    sx_event_string(event, which, text);
  su_free(NULL, text);
}

/* The user part without its %-escapes. */
static void copy_user(struct sx_event *event, enum sx_text which, const char *user) {
  if (user == NULL)
    return;
  char *plain = malloc(strlen(user) + 1);
  if (plain == NULL)
    return;
  url_unescape(plain, user);
  if (is_clean(plain))
    sx_event_string(event, which, plain);
  free(plain);
}

static void copy_vias(struct sx_event *event, const sip_via_t *via) {
  char *lines = NULL;
  for (; via; via = via->v_next) {
    char *value = sx_header_value((const sip_header_t *)via);
    if (value && is_clean(value))
      add_line(&lines, value);
    free(value);
  }
  put_lines(event, SX_VIA, lines);
}

static void copy_header(struct sx_event *event, enum sx_text which, const void *header) {
  char *value = sx_header_value((const sip_header_t *)header);
  if (value && is_clean(value))
    sx_event_string(event, which, value);
  free(value);
}

void sx_copy_request(struct sx_stack *stack, struct sx_event *event, const sip_t *sip) {
  copy_source(stack, event, sip);
  copy_uri(event, SX_REQUEST_URI, sip->sip_request->rq_url);
  copy_user(event, SX_REQUEST_USER, sip->sip_request->rq_url->url_user);
  if (sip->sip_from) {
    copy_user(event, SX_FROM_USER, sip->sip_from->a_url->url_user);
    if (sip->sip_from->a_display && is_clean(sip->sip_from->a_display))
      sx_event_string(event, SX_FROM_NAME, sip->sip_from->a_display);
  }
  if (sip->sip_to)
    copy_user(event, SX_TO_USER, sip->sip_to->a_url->url_user);
  if (sip->sip_call_id && is_clean(sip->sip_call_id->i_id))
    sx_event_string(event, SX_CALL_ID, sip->sip_call_id->i_id);
  if (sip->sip_cseq)
    event->cseq = sip->sip_cseq->cs_seq;
  if (sip->sip_expires)
    event->expires_s = (int64_t)sip->sip_expires->ex_delta;
  if (sip->sip_user_agent && is_clean(sip->sip_user_agent->g_string))
    sx_event_string(event, SX_USER_AGENT, sip->sip_user_agent->g_string);
  copy_credentials(event, SX_AUTHORIZATION, sip->sip_authorization);
  copy_credentials(event, SX_PROXY_AUTHORIZATION, sip->sip_proxy_authorization);
  if (event->kind == SX_INVITE) {
    copy_vias(event, sip->sip_via);
    copy_header(event, SX_FROM, sip->sip_from);
    copy_header(event, SX_TO, sip->sip_to);
  }
}

void sx_copy_body(struct sx_event *event, const sip_t *sip) {
  if (sip == NULL || sip->sip_payload == NULL || sip->sip_payload->pl_len == 0)
    return;
  const char *body = sip->sip_payload->pl_data;
  size_t length = sip->sip_payload->pl_len;
  if (length > SX_MAX_TEXT || memchr(body, '\0', length))
    return;
  sx_event_text(event, SX_BODY, body, length);
  if (sip->sip_content_type && sip->sip_content_type->c_type)
    sx_event_string(event, SX_CONTENT_TYPE, sip->sip_content_type->c_type);
}

void sx_copy_contacts(struct sx_event *event, const sip_t *sip) {
  char *lines = NULL;
  for (const sip_contact_t *contact = sip->sip_contact; contact; contact = contact->m_next) {
    if (contact->m_url->url_type == url_any) {
      add_line(&lines, "*");
      continue;
    }
    char *uri = url_as_string(NULL, contact->m_url), *line = NULL;
    const char *expires = contact->m_expires ? contact->m_expires : "-";
    if (uri && is_clean(uri) && is_clean(expires) && asprintf(&line, "%s %s", uri, expires) >= 0) {
      add_line(&lines, line);
      free(line);
    }
    su_free(NULL, uri);
  }
  put_lines(event, SX_CONTACTS, lines);
}

/* The cause of a Reason header of protocol Q.850 (RFC 3326), 0 when there is none. */
int sx_q850_cause(const sip_t *sip) {
  if (sip == NULL)
    return 0;
  for (const sip_reason_t *reason = sip->sip_reason; reason; reason = reason->re_next) {
    if (reason->re_protocol && reason->re_cause && strcasecmp(reason->re_protocol, "Q.850") == 0) {
      long cause = strtol(reason->re_cause, NULL, 10);
      if (cause > 0 && cause < 128)
        return (int)cause;
    }
  }
  return 0;
}

/* A route set as one comma-separated value; reversed for the caller's side (RFC 3261, 12.1.2). */
char *sx_route_value(const sip_record_route_t *routes, bool reversed) {
  char *all = strdup("");
  for (const sip_record_route_t *route = routes; route && all; route = route->r_next) {
    char *one = sx_header_value((const sip_header_t *)route), *joined = NULL;
    if (one && is_clean(one)) {
      const char *comma = *all ? ", " : "";
      if (asprintf(&joined, "%s%s%s", reversed ? one : all, comma, reversed ? all : one) >= 0) {
        free(all);
        all = joined;
      }
    }
    free(one);
  }
  return all;
}
