/*
 * sx_address.c - our addresses, and where a peer really is.
 *
 * How:  one stack listens on one address (sofia names the machine's first interface in Via and Contact when it listens on
 *       all, which peers of another network cannot reach); who wants all addresses makes a stack for each.
 *       A peer whose contact names another host than its packets come from is behind NAT: its requests go back to where
 *       they came from, unless a proxy has put itself into the route.
 */
#define _GNU_SOURCE
#include "sx_internal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Our contact for a dialog, to be freed; NULL leaves the choice to sofia. */
char *sx_own_contact(const struct sx_stack *stack, bool tcp) {
  const char *address = stack->own_address, *suffix = tcp ? ";transport=tcp" : "";
  char *contact = NULL;
  const char *format = strchr(address, ':') ? "<sip:[%s]:%d%s>" : "<sip:%s:%d%s>";
  return asprintf(&contact, format, address, stack->settings.port, suffix) < 0 ? NULL : contact;
}

static bool is_listed(const struct ifaddrs *one, int ipv6) {
  if (one->ifa_addr == NULL || !(one->ifa_flags & IFF_UP))
    return false;
  if (one->ifa_addr->sa_family == AF_INET)
    return true;
  const su_sockaddr_t *address = (const su_sockaddr_t *)(const void *)one->ifa_addr;
  return ipv6 && one->ifa_addr->sa_family == AF_INET6 && !IN6_IS_ADDR_LINKLOCAL(&address->su_sin6.sin6_addr);
}

/* The addresses of this machine, a line each, cut off where `size` ends; link-local ones are left out. */
int sx_local_addresses(char *out, size_t size, int ipv6) {
  struct ifaddrs *all;
  size_t used = 0;
  if (getifaddrs(&all) < 0)
    return errno;
  for (const struct ifaddrs *one = all; one; one = one->ifa_next) {
    char text[INET6_ADDRSTRLEN];
    const su_sockaddr_t *address = (const su_sockaddr_t *)(const void *)one->ifa_addr;
    if (!is_listed(one, ipv6) || inet_ntop(one->ifa_addr->sa_family, SU_ADDR(address), text, sizeof text) == NULL)
      continue;
    size_t length = strlen(text);
    if (used + length + 2 > size)
      break;
    memcpy(out + used, text, length);
    out[used + length] = '\n';
    used += length + 1;
  }
  freeifaddrs(all);
  out[used] = '\0';
  return 0;
}

/* Where requests to the sender of this INVITE must go, to be freed; NULL when its contact says so itself. */
char *sx_peer_hop(const struct sx_event *request, const sip_t *sip) {
  const char *source = request->text[SX_SOURCE], *transport = request->text[SX_TRANSPORT];
  char *hop = NULL;
  if (sip->sip_record_route || sip->sip_contact == NULL || source == NULL || *source == '\0')
    return NULL;
  const char *named = sip->sip_contact->m_url->url_host;
  size_t length = strlen(source);
  bool same = named && (strcmp(named, source) == 0 ||
                        (named[0] == '[' && strncmp(named + 1, source, length) == 0 && named[length + 1] == ']'));
  if (same)
    return NULL;
  const char *suffix = transport && strcmp(transport, "tcp") == 0 ? ";transport=tcp" : "";
  const char *format = strchr(source, ':') ? "sip:[%s]:%d%s" : "sip:%s:%d%s";
  return asprintf(&hop, format, source, request->source_port, suffix) < 0 ? NULL : hop;
}
