/* portal_resolver.h — asks the system's resolver for the addresses of one host, in a thread.
 *
 * getaddrinfo(3) is the resolver that the host is configured with, but it may
 * take as long as it likes. So a thread waits for it, one at a time: asking
 * again while the last answer is not there waits for that one.
 */
#ifndef RELAY_PORTAL_RESOLVER_H
#define RELAY_PORTAL_RESOLVER_H

#include "err.h"
#include "problem.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

enum { PORTAL_ADDRESSES_MAX = 8 };

/* Addresses as text, in the order of the system's preference. */
struct portal_addresses {
    size_t count;
    char text[PORTAL_ADDRESSES_MAX][INET6_ADDRSTRLEN];
};

struct portal_resolver;

/*
 * portal_resolver_new makes one for |host|, which is copied. |wake| is called with |context| from
 * the thread when an answer is there, never after portal_resolver_free has returned. NULL without
 * memory.
 */
struct portal_resolver *portal_resolver_new(const char *host, void (*wake)(void *context),
                                            void *context);

/* portal_resolver_ask begins to ask, unless that is under way. ERR_OK, or ERR_IO: no thread. */
enum err portal_resolver_ask(struct portal_resolver *resolver) MUST_CHECK;

/*
 * portal_resolver_take takes the answer, once.
 *   ERR_OK           |ret| has at least one address
 *   ERR_UNAVAILABLE  not there yet
 *   ERR_NOT_FOUND    no address; |problem| says why
 */
enum err portal_resolver_take(struct portal_resolver *resolver, struct portal_addresses *ret,
                              struct problem *problem) MUST_CHECK;

/* portal_resolver_free does not wait for a thread that still asks: that one frees what it uses.
 * NULL is fine. */
void portal_resolver_free(struct portal_resolver *resolver);

#endif
