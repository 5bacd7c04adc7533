/* ownership_redis_resolve.h — the addresses of a host name, found without blocking.
 *
 * hiredis would call getaddrinfo, which blocks. So hiredis gets numeric addresses only, and names
 * are looked up by libevent's resolver, which reads /etc/hosts and asks the name servers of
 * /etc/resolv.conf. Other sources of names (mDNS, LDAP) are not asked.
 */
#ifndef RELAY_OWNERSHIP_REDIS_RESOLVE_H
#define RELAY_OWNERSHIP_REDIS_RESOLVE_H

#include "ownership_redis_connection.h"

enum { REDIS_RESOLVED_MAX = 8 };

struct redis_resolve;

/* The |count| addresses of the host, in order of preference; none: |why| says so. */
typedef void redis_resolved_handler(void *context, const struct redis_address *addresses,
                                    unsigned count, const char *why);

/*
 * redis_resolve_start looks |host| up, a name or a numeric address. |handler| is called once,
 * by this function when the host is numeric or when nothing can be asked, else by the event loop.
 * |*ret| is what redis_resolve_cancel takes, NULL when |handler| is called by this function.
 */
void redis_resolve_start(struct event_base *base, const char *host, uint16_t port,
                         redis_resolved_handler *handler, void *context,
                         struct redis_resolve **ret);

/* redis_resolve_cancel gives it up; |handler| is not called any more. After |handler| has been
 * called there is nothing to cancel. NULL is fine. */
void redis_resolve_cancel(struct redis_resolve *resolve);

#endif
