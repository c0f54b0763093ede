/*
 * sx_queue.c - the two queues between the SIP thread and Python.
 *
 * What: events out, commands in, each with an eventfd that is readable while something waits.
 * How:  two linked lists under one mutex; nobody holds it longer than a pointer swap.
 * Assumes: one reader and one writer a queue. Only *requests* are counted against a limit (by the caller): an answer
 *       or the end of a call is never dropped, and there are no more of those than calls.
 */
#define _GNU_SOURCE
#include "sx_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

int sx_queues_open(struct sx_queues *queues) {
  memset(queues, 0, sizeof *queues);
  queues->events_end = &queues->events;
  queues->commands_end = &queues->commands;
  queues->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  queues->command_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (queues->event_fd < 0 || queues->command_fd < 0) {
    int error = errno;
    if (queues->event_fd >= 0)
      close(queues->event_fd);
    return error;
  }
  return pthread_mutex_init(&queues->lock, NULL);
}

void sx_queues_close(struct sx_queues *queues) {
  while (queues->events) {
    struct sx_queued_event *node = queues->events;
    queues->events = node->next;
    sx_event_destroy(&node->event);
  }
  while (queues->commands) {
    struct sx_command *command = queues->commands;
    queues->commands = command->next;
    sx_command_destroy(command);
  }
  close(queues->event_fd);
  close(queues->command_fd);
  pthread_mutex_destroy(&queues->lock);
}

static void wake(int fd) {
  uint64_t one = 1;
  /* EAGAIN means that the counter is full: the reader is awake anyway. */
  while (write(fd, &one, sizeof one) < 0 && errno == EINTR) {
  }
}

static void calm(int fd) {
  uint64_t count;
  while (read(fd, &count, sizeof count) < 0 && errno == EINTR) {
  }
}

static bool is_request(int kind) { return kind == SX_REGISTER || kind == SX_INVITE; }

struct sx_event *sx_event_create(enum sx_kind kind, uint32_t id) {
  struct sx_queued_event *node = calloc(1, sizeof *node);
  if (node == NULL)
    return NULL;
  node->event.kind = (int)kind;
  node->event.id = id;
  node->event.expires_s = -1;
  return &node->event;
}

int sx_event_text(struct sx_event *event, enum sx_text which, const char *text, size_t length) {
  if (event == NULL || text == NULL)
    return 0;
  char *copy = malloc(length + 1);
  if (copy == NULL)
    return ENOMEM;
  memcpy(copy, text, length);
  copy[length] = '\0';
  free(event->text[which]);
  event->text[which] = copy;
  return 0;
}

int sx_event_string(struct sx_event *event, enum sx_text which, const char *text) {
  return text ? sx_event_text(event, which, text, strlen(text)) : 0;
}

void sx_event_destroy(struct sx_event *event) {
  if (event == NULL)
    return;
  for (int i = 0; i < SX_TEXTS; i++)
    free(event->text[i]);
  free((struct sx_queued_event *)(void *)event);
}

void sx_event_put(struct sx_queues *queues, struct sx_event *event) {
  struct sx_queued_event *node = (struct sx_queued_event *)(void *)event;
  if (event == NULL)
    return;
  pthread_mutex_lock(&queues->lock);
  *queues->events_end = node;
  queues->events_end = &node->next;
  queues->waiting += is_request(event->kind);
  pthread_mutex_unlock(&queues->lock);
  wake(queues->event_fd);
}

unsigned sx_queues_waiting(struct sx_queues *queues) {
  pthread_mutex_lock(&queues->lock);
  unsigned waiting = queues->waiting;
  pthread_mutex_unlock(&queues->lock);
  return waiting;
}

struct sx_event *sx_take(struct sx_stack *stack) {
  struct sx_queues *queues = &stack->queues;
  pthread_mutex_lock(&queues->lock);
  struct sx_queued_event *node = queues->events;
  if (node) {
    queues->events = node->next;
    if (queues->events == NULL)
      queues->events_end = &queues->events;
    queues->waiting -= is_request(node->event.kind);
    queues->taken++;
  } else {
    calm(queues->event_fd);
  }
  pthread_mutex_unlock(&queues->lock);
  return node ? &node->event : NULL;
}

struct sx_command *sx_command_create(enum sx_verb verb, uint32_t id) {
  struct sx_command *command = calloc(1, sizeof *command);
  if (command) {
    command->verb = verb;
    command->id = id;
  }
  return command;
}

int sx_command_argument(struct sx_command *command, int which, const char *text) {
  if (text == NULL)
    return 0;
  command->argument[which] = strdup(text);
  return command->argument[which] ? 0 : ENOMEM;
}

void sx_command_destroy(struct sx_command *command) {
  if (command == NULL)
    return;
  for (int i = 0; i < SX_ARGUMENTS; i++)
    free(command->argument[i]);
  free(command);
}

int sx_command_put(struct sx_queues *queues, struct sx_command *command) {
  if (command == NULL)
    return ENOMEM;
  pthread_mutex_lock(&queues->lock);
  *queues->commands_end = command;
  queues->commands_end = &command->next;
  pthread_mutex_unlock(&queues->lock);
  wake(queues->command_fd);
  return 0;
}

struct sx_command *sx_command_take(struct sx_queues *queues) {
  pthread_mutex_lock(&queues->lock);
  struct sx_command *command = queues->commands;
  if (command) {
    queues->commands = command->next;
    if (queues->commands == NULL)
      queues->commands_end = &queues->commands;
    command->next = NULL;
  } else {
    calm(queues->command_fd);
  }
  pthread_mutex_unlock(&queues->lock);
  return command;
}

/* Needs no memory, so that a thread can always be ended. */
void sx_queues_stop(struct sx_queues *queues) {
  pthread_mutex_lock(&queues->lock);
  queues->stop = true;
  pthread_mutex_unlock(&queues->lock);
  wake(queues->command_fd);
}

bool sx_queues_stopped(struct sx_queues *queues) {
  pthread_mutex_lock(&queues->lock);
  bool stop = queues->stop;
  pthread_mutex_unlock(&queues->lock);
  return stop;
}
