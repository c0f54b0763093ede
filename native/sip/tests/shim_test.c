/*
 * shim_test.c - the shim under ASan and UBSan, without Python.
 *
 *   shim_test create PORT        tries sx_create with each allocation failing in turn
 *   shim_test serve PORT EVERY   answers requests until standard input ends; each EVERY-th allocation fails (0: none)
 *
 * The allocators of our objects are wrapped by the linker (--wrap); those of sofia are not.
 */
#define _GNU_SOURCE
#include "../sip_shim.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
char *__wrap_strdup(const char *text);

static atomic_long allocations;
static long fail_at = -1; /* this one fails */
static long fail_every;   /* and each of these */

static bool fails(void) {
  long number = atomic_fetch_add(&allocations, 1);
  return number == fail_at || (fail_every && number % fail_every == fail_every - 1);
}

void *__wrap_malloc(size_t size) { return fails() ? NULL : __real_malloc(size); }
void *__wrap_calloc(size_t count, size_t size) { return fails() ? NULL : __real_calloc(count, size); }
void *__wrap_realloc(void *old, size_t size) { return fails() ? NULL : __real_realloc(old, size); }
char *__wrap_strdup(const char *text) { return fails() ? NULL : __real_strdup(text); }

static struct sx_settings settings_for(int port) {
  return (struct sx_settings){.address = "127.0.0.1",
                              .port = port,
                              .udp = 1,
                              .tcp = 1,
                              .user_agent = "test",
                              .max_calls = 200,
                              .max_waiting = 16};
}

static int try_create(int port) {
  struct sx_settings settings = settings_for(port);
  for (fail_at = 0; fail_at < 1000; fail_at++) {
    struct sx_stack *stack = NULL;
    atomic_store(&allocations, 0);
    int error = sx_create(&stack, &settings);
    if (error == 0) {
      bool all_tried = atomic_load(&allocations) <= fail_at;
      fail_at = -1;
      sx_destroy(stack);
      printf("%s after %ld\n", all_tried ? "created" : "created in spite of a failure", atomic_load(&allocations));
      return all_tried ? 0 : 1;
    }
    if (stack != NULL || error != ENOMEM)
      return 2;
  }
  return 3;
}

static const char *const answer_sdp = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
                                      "m=audio 4000 RTP/AVP 8\r\n";

/* REGISTER: 200. INVITE: 180, 200; to "refuse" 486, to "hangup" BYE after the ACK. */
static void answer(struct sx_stack *stack, const struct sx_event *event, uint32_t *hang_up) {
  const char *user = event->text[SX_REQUEST_USER] ? event->text[SX_REQUEST_USER] : "";
  if (event->kind == SX_REGISTER) {
    sx_respond(stack, event->id, 200, "Contact: <sip:a@127.0.0.1>;expires=60\r\n", NULL);
  } else if (event->kind == SX_INVITE && strcmp(user, "refuse") == 0) {
    sx_respond(stack, event->id, 486, NULL, NULL);
  } else if (event->kind == SX_INVITE || event->kind == SX_REINVITE) {
    sx_respond(stack, event->id, 180, NULL, NULL);
    sx_respond(stack, event->id, 200, NULL, answer_sdp);
    if (strcmp(user, "hangup") == 0)
      *hang_up = event->id;
  } else if (event->kind == SX_ACK && *hang_up == event->id) {
    sx_hangup(stack, event->id, 480, "Q.850;cause=16");
  }
}

static int serve(int port) {
  struct sx_settings settings = settings_for(port);
  struct sx_stack *stack = NULL;
  uint32_t hang_up = 0;
  long every = fail_every;
  fail_every = 0;
  int error = sx_create(&stack, &settings);
  if (error)
    return 10;
  fail_every = every;
  printf("ready\n");
  fflush(stdout);
  struct pollfd fds[2] = {{.fd = sx_event_fd(stack), .events = POLLIN}, {.fd = 0, .events = POLLIN}};
  while (poll(fds, 2, -1) >= 0 && fds[1].revents == 0) {
    struct sx_event *event;
    while ((event = sx_take(stack)) != NULL) {
      answer(stack, event, &hang_up);
      sx_event_destroy(event);
    }
  }
  struct sx_counters counters;
  sx_count(stack, &counters);
  sx_destroy(stack);
  printf("taken %llu\n", (unsigned long long)counters.taken);
  fflush(stdout); /* the leak sanitizer may leave without */
  return 0;
}

int main(int count, char **words) {
  if (count == 3 && strcmp(words[1], "create") == 0)
    return try_create(atoi(words[2]));
  if (count == 4 && strcmp(words[1], "serve") == 0) {
    fail_every = atol(words[3]);
    return serve(atoi(words[2]));
  }
  return 64;
}
