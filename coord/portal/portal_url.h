/* portal_url.h — where the control plane is: from --portal-url to host, port and request target. */
#ifndef RELAY_PORTAL_URL_H
#define RELAY_PORTAL_URL_H

#include "err.h"
#include "problem.h"
#include "transport_addr.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    PORTAL_HOST_MAX = 110,    /* characters of a host name */
    PORTAL_PATH_MAX = 512,    /* of the URL's own path */
    PORTAL_NAME_MAX = 255,    /* bytes of --portal-name */
    PORTAL_TARGET_MAX = 2048, /* of the request target, with its zero */
};

struct portal_url {
    bool is_tls;
    bool is_literal;                /* |host| is an IP address */
    uint16_t port;                  /* TCP */
    char host[PORTAL_HOST_MAX + 1]; /* a name, or an address without brackets */
    char path[PORTAL_PATH_MAX + 1]; /* of the URL, without the slash at its end; may be "" */
};

/* What the relay says of itself in the request target. */
struct portal_identity {
    const char *name;                /* NULL for none */
    struct transport_addr public_v4; /* family NONE when there is none */
    struct transport_addr public_v6;
    uint16_t port; /* UDP, where clients reach the relay */
};

/*
 * portal_url_parse reads |text|: http and ws are plain TCP, https and wss TLS. The port is 443
 * unless given, with either. A query or fragment is dropped.
 *   ERR_OK, ERR_MALFORMED, or ERR_RANGE (too long). |problem| is written with every error, to be
 *   printed behind "the value given is not".
 */
enum err portal_url_parse(const char *text, struct portal_url *ret,
                          struct problem *problem) MUST_CHECK;

/*
 * portal_url_target writes the request target of the upgrade: the path, /relay/websocket, and a
 * query of name, ipv4, ipv6, port, in this order, each if there is one.
 *   ERR_OK, or ERR_RANGE: it does not fit.
 */
enum err portal_url_target(const struct portal_url *url, const struct portal_identity *identity,
                           char ret[static PORTAL_TARGET_MAX]) MUST_CHECK;

#endif
