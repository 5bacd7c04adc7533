/* portal_url.c — where the control plane is: from --portal-url to host, port and request target. */
#include "portal/portal_url.h"

#include "text_parse.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { DEFAULT_PORT = 443 };

#define ENDPOINT "/relay/websocket"

/* A part of the URL. */
struct part {
    const char *text;
    size_t len;
};

static enum err refuse(struct problem *problem, enum err err, const char *why)
{
    problem_set(problem, "%s", why);
    return err;
}

/* Takes the first |len| bytes off |part|. */
static struct part take(struct part *part, size_t len)
{
    struct part taken = {.text = part->text, .len = len};

    part->text += len;
    part->len -= len;
    return taken;
}

static size_t length_before(struct part part, const char *any)
{
    size_t len = strcspn(part.text, any);

    return len < part.len ? len : part.len;
}

static bool read_scheme(struct part *part, bool *ret_is_tls)
{
    static const struct {
        const char *text;
        bool is_tls;
    } schemes[] = {{"ws://", false}, {"wss://", true}, {"http://", false}, {"https://", true}};

    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        size_t len = strlen(schemes[i].text);

        if (strncasecmp(part->text, schemes[i].text, len) == 0) {
            (void)take(part, len);
            *ret_is_tls = schemes[i].is_tls;
            return true;
        }
    }
    return false;
}

/* "name", "192.0.2.1" or "[2001:db8::1]" into |ret|. */
static enum err read_host(struct part *part, struct portal_url *ret, struct problem *problem)
{
    bool has_brackets = part->len > 0 && part->text[0] == '[';
    struct transport_addr addr;
    struct part host;

    if (has_brackets) {
        (void)take(part, 1);
        host = take(part, length_before(*part, "]"));
        if (part->len == 0)
            return refuse(problem, ERR_MALFORMED, "an IPv6 address wants a closing bracket");
        (void)take(part, 1);
    } else {
        host = take(part, length_before(*part, ":"));
    }
    if (host.len == 0)
        return refuse(problem, ERR_MALFORMED, "a host name or address is missing");
    if (host.len > PORTAL_HOST_MAX) {
        problem_set(problem, "the host name is longer than %d characters", PORTAL_HOST_MAX);
        return ERR_RANGE;
    }
    memcpy(ret->host, host.text, host.len);
    ret->host[host.len] = '\0';
    ret->is_literal = ip_addr_parse(ret->host, &addr) == ERR_OK;
    if (has_brackets != (ret->is_literal && addr.family == IP_FAMILY_V6) ||
        (!ret->is_literal &&
         ret->host[strspn(ret->host, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                     "0123456789.-_")] != '\0'))
        return refuse(problem, ERR_MALFORMED,
                      "the host is no name or address; an IPv6 address stands in brackets");
    return ERR_OK;
}

static enum err read_path(struct part part, struct portal_url *ret, struct problem *problem)
{
    while (part.len > 0 && part.text[part.len - 1] == '/')
        part.len--;
    if (part.len > PORTAL_PATH_MAX) {
        problem_set(problem, "the path is longer than %d characters", PORTAL_PATH_MAX);
        return ERR_RANGE;
    }
    for (size_t i = 0; i < part.len; i++) {
        if (part.text[i] <= ' ' || part.text[i] > '~')
            return refuse(problem, ERR_MALFORMED, "the path has a character that wants %XX");
    }
    memcpy(ret->path, part.text, part.len);
    ret->path[part.len] = '\0';
    return ERR_OK;
}

enum err portal_url_parse(const char *text, struct portal_url *ret, struct problem *problem)
{
    struct part part = {.text = text, .len = strlen(text)}, authority;
    uint64_t port = DEFAULT_PORT;
    enum err err;

    memset(ret, 0, sizeof(*ret));
    if (!read_scheme(&part, &ret->is_tls))
        return refuse(problem, ERR_MALFORMED,
                      "it must begin with wss://, ws://, https://, http://");
    authority = take(&part, length_before(part, "/?#"));
    if (memchr(authority.text, '@', authority.len) != NULL)
        return refuse(problem, ERR_MALFORMED, "a user or password has no place in it");
    err = read_host(&authority, ret, problem);
    if (err != ERR_OK)
        return err;
    if (authority.len > 0 &&
        (authority.text[0] != ':' ||
         text_parse_u64(authority.text + 1, authority.len - 1, 1, UINT16_MAX, &port) != ERR_OK))
        return refuse(problem, ERR_MALFORMED,
                      "only a port from 1 to 65535 may follow the host, behind a colon");
    ret->port = (uint16_t)port;
    part.len = length_before(part, "?#");
    return read_path(part, ret, problem);
}

/* The end of |target| while it is being written. */
struct target {
    char *text;
    size_t len;
    bool is_full;
    char separator; /* before the next parameter */
};

static void put(struct target *target, char c)
{
    if (target->len + 1 >= PORTAL_TARGET_MAX)
        target->is_full = true;
    else
        target->text[target->len++] = c;
}

static void put_text(struct target *target, const char *text)
{
    for (; *text != '\0'; text++)
        put(target, *text);
}

/* Adds |name|=|value|, what is not unreserved (RFC 3986 §2.3) as %XX. */
static void put_parameter(struct target *target, const char *name, const char *value)
{
    static const char digits[] = "0123456789ABCDEF";

    put(target, target->separator);
    target->separator = '&';
    put_text(target, name);
    put(target, '=');
    for (const unsigned char *p = (const unsigned char *)value; *p != '\0'; p++) {
        bool is_unreserved = (*p >= '0' && *p <= '9') || (*p >= 'A' && *p <= 'Z') ||
                             (*p >= 'a' && *p <= 'z') || strchr("-._~", *p) != NULL;

        if (is_unreserved) {
            put(target, (char)*p);
        } else {
            put(target, '%');
            put(target, digits[*p >> 4]);
            put(target, digits[*p & 15]);
        }
    }
}

static void put_addr(struct target *target, const char *name, const struct transport_addr *addr)
{
    char text[TRANSPORT_ADDR_TEXT_MAX];

    if (addr->family != IP_FAMILY_NONE)
        put_parameter(target, name, transport_addr_format(addr, text));
}

enum err portal_url_target(const struct portal_url *url, const struct portal_identity *identity,
                           char ret[static PORTAL_TARGET_MAX])
{
    struct target target = {.text = ret, .separator = '?'};
    char port[8];

    put_text(&target, url->path);
    put_text(&target, ENDPOINT);
    if (identity->name != NULL)
        put_parameter(&target, "name", identity->name);
    put_addr(&target, "ipv4", &identity->public_v4);
    put_addr(&target, "ipv6", &identity->public_v6);
    (void)snprintf(port, sizeof(port), "%u", identity->port);
    put_parameter(&target, "port", port);
    ret[target.len] = '\0';
    return target.is_full ? ERR_RANGE : ERR_OK;
}
