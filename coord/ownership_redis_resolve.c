/* ownership_redis_resolve.c — the addresses of a host name, found without blocking. */
#include "ownership_redis_resolve.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/dns.h>
#include <event2/event.h>
#include <event2/util.h>

struct redis_resolve {
    struct event_base *base;
    struct evdns_base *dns; /* made anew for each name, since its files may have changed */
    struct evdns_getaddrinfo_request *request;
    redis_resolved_handler *handler; /* NULL when cancelled */
    void *context;
    uint16_t port;
};

static bool is_numeric(const char *host)
{
    struct in6_addr ip;

    return inet_pton(AF_INET, host, &ip) == 1 || inet_pton(AF_INET6, host, &ip) == 1;
}

static void free_resolve(evutil_socket_t fd, short what, void *arg)
{
    struct redis_resolve *resolve = arg;

    (void)fd;
    (void)what;
    evdns_base_free(resolve->dns, 0);
    free(resolve);
}

/* |dns| is in use while it calls us, so it is freed in another turn of the loop. */
static void free_later(struct redis_resolve *resolve)
{
    static const struct timeval at_once;

    (void)event_base_once(resolve->base, -1, EV_TIMEOUT, free_resolve, resolve, &at_once);
}

static unsigned read_addresses(const struct evutil_addrinfo *info, uint16_t port,
                               struct redis_address ret[static REDIS_RESOLVED_MAX])
{
    unsigned count = 0;

    for (; info != NULL && count < REDIS_RESOLVED_MAX; info = info->ai_next) {
        struct redis_address *address = &ret[count];
        const void *ip;

        if (info->ai_family == AF_INET)
            ip = &((const struct sockaddr_in *)(const void *)info->ai_addr)->sin_addr;
        else if (info->ai_family == AF_INET6)
            ip = &((const struct sockaddr_in6 *)(const void *)info->ai_addr)->sin6_addr;
        else
            continue;
        *address = (struct redis_address){.port = port};
        if (inet_ntop(info->ai_family, ip, address->ip, sizeof(address->ip)) != NULL)
            count++;
    }
    return count;
}

static void on_answer(int error, struct evutil_addrinfo *info, void *arg)
{
    struct redis_resolve *resolve = arg;
    struct redis_address addresses[REDIS_RESOLVED_MAX];
    unsigned count = read_addresses(info, resolve->port, addresses);

    if (info != NULL)
        evutil_freeaddrinfo(info);
    free_later(resolve);
    if (resolve->handler != NULL)
        resolve->handler(resolve->context, addresses, count,
                         error != 0 ? evutil_gai_strerror(error) : "the name has no address");
}

void redis_resolve_start(struct event_base *base, const char *host, uint16_t port,
                         redis_resolved_handler *handler, void *context, struct redis_resolve **ret)
{
    const struct evutil_addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct redis_address numeric = {.port = port};
    struct evdns_getaddrinfo_request *request;
    struct redis_resolve *resolve;

    *ret = NULL;
    if (is_numeric(host)) {
        (void)snprintf(numeric.ip, sizeof(numeric.ip), "%s", host);
        handler(context, &numeric, 1, NULL);
        return;
    }
    resolve = calloc(1, sizeof(*resolve));
    if (resolve != NULL)
        resolve->dns = evdns_base_new(base, EVDNS_BASE_DISABLE_WHEN_INACTIVE);
    if (resolve == NULL || resolve->dns == NULL) {
        free(resolve);
        handler(context, NULL, 0, err_name(ERR_NO_MEMORY));
        return;
    }
    resolve->base = base;
    resolve->handler = handler;
    resolve->context = context;
    resolve->port = port;
    /* Without resolv.conf there is still /etc/hosts. */
    (void)evdns_base_resolv_conf_parse(resolve->dns, DNS_OPTIONS_ALL, "/etc/resolv.conf");
    /* Some name servers do not give mixed case back. */
    (void)evdns_base_set_option(resolve->dns, "randomize-case", "0");
    request = evdns_getaddrinfo(resolve->dns, host, NULL, &hints, on_answer, resolve);
    if (request == NULL) /* on_answer has been called */
        return;
    resolve->request = request;
    *ret = resolve;
}

void redis_resolve_cancel(struct redis_resolve *resolve)
{
    if (resolve == NULL)
        return;
    resolve->handler = NULL;
    evdns_getaddrinfo_cancel(resolve->request);
}
