/* coordination_url.c — reads what --coordination says: which backend, and where it is. */
#include "coordination_url.h"

#include "text_parse.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define UNIX_SCHEME     "redis+unix://"
#define SENTINEL_SCHEME "redis+sentinel://"
#define REDIS_SCHEME    "redis://"

enum {
    REDIS_PORT = 6379,
    SENTINEL_PORT = 26379,
    /* Redis has 16 unless it is told otherwise; more than this it never has. */
    DB_MAX = 65535,
};

/* A part of the URL. */
struct part {
    const char *text;
    size_t len;
};

static enum err refuse(struct problem *problem, const char *why)
{
    problem_set(problem, "%s", why);
    return ERR_MALFORMED;
}

/* Takes what is before the first |separator| off |part|, or all of it. Was it there? */
static bool take_until(struct part *part, char separator, struct part *ret)
{
    const char *at = part->len > 0 ? memchr(part->text, separator, part->len) : NULL;

    *ret = *part;
    if (at == NULL) {
        part->text += part->len;
        part->len = 0;
        return false;
    }
    ret->len = (size_t)(at - part->text);
    part->len -= ret->len + 1;
    part->text = at + 1;
    return true;
}

/* Copies |part| with each %XX as the byte it stands for. */
static bool copy_decoded(struct part part, char *ret, size_t size)
{
    size_t len = 0;

    for (size_t at = 0; at < part.len; len++) {
        uint8_t byte = (uint8_t)part.text[at];

        if (len + 1 >= size)
            return false;
        if (byte != '%') {
            at++;
        } else {
            if (part.len - at < 3 || text_parse_hex(part.text + at + 1, 2, &byte, 1) != ERR_OK ||
                byte == 0)
                return false;
            at += 3;
        }
        ret[len] = (char)byte;
    }
    ret[len] = '\0';
    return true;
}

static bool read_number(struct part part, uint64_t min, uint64_t max, uint64_t *ret)
{
    return text_parse_u64(part.text, part.len, min, max, ret) == ERR_OK;
}

static enum err read_db(struct part part, struct redis_target *target, struct problem *problem)
{
    uint64_t db = 0;

    if (part.len > 0 && !read_number(part, 0, DB_MAX, &db))
        return refuse(problem, "the database must be a number");
    target->db = (uint32_t)db;
    return ERR_OK;
}

/* What no name or address has is a slip of the keyboard: better told at once than looked up for
 * ever. Colons and % are of IPv6 addresses and their scopes. */
static bool is_host_name(const char *name)
{
    return name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                             "0123456789.-_:%")] == '\0';
}

/* "host", "host:port", "[v6]" or "[v6]:port". */
static enum err read_host(struct part part, uint16_t default_port, struct redis_host *ret,
                          struct problem *problem)
{
    struct part name;
    uint64_t port = default_port;
    bool has_port;

    if (part.len > 0 && part.text[0] == '[') {
        part.text++;
        part.len--;
        if (!take_until(&part, ']', &name))
            return refuse(problem, "an IPv6 address wants a closing bracket");
        has_port = part.len > 0;
        if (has_port && part.text[0] != ':')
            return refuse(problem, "only :port may follow an address in brackets");
        part.text += has_port;
        part.len -= has_port;
    } else {
        has_port = take_until(&part, ':', &name);
    }
    if (name.len == 0 || !copy_decoded(name, ret->name, sizeof(ret->name)))
        return refuse(problem, "a host name or address is missing or too long");
    if (!is_host_name(ret->name))
        return refuse(problem, "a host name has letters, digits, dots and hyphens only");
    if (has_port && !read_number(part, 1, UINT16_MAX, &port))
        return refuse(problem, "a port must be a number from 1 to 65535");
    ret->port = (uint16_t)port;
    return ERR_OK;
}

static enum err read_login(struct part part, struct redis_target *target, struct problem *problem)
{
    struct part user;

    if (!take_until(&part, ':', &user))
        return refuse(problem, "before the @ there must be user:password or :password");
    if (!copy_decoded(user, target->user, sizeof(target->user)) ||
        !copy_decoded(part, target->password, sizeof(target->password)))
        return refuse(problem, "the user or the password is too long, or has a bad %XX");
    if (target->password[0] == '\0')
        return refuse(problem, "before the @ there must be a password");
    return ERR_OK;
}

/* |rest| is what follows the scheme. */
static enum err read_hosts(struct part rest, bool with_sentinels, struct redis_target *target,
                           struct problem *problem)
{
    const char *at = rest.len > 0 ? memrchr(rest.text, '@', rest.len) : NULL;
    struct part authority, host;
    enum err err = ERR_OK;

    if (at != NULL) {
        struct part login = {.text = rest.text, .len = (size_t)(at - rest.text)};

        err = read_login(login, target, problem);
        rest.len -= login.len + 1;
        rest.text = at + 1;
    }
    (void)take_until(&rest, '/', &authority);
    bool has_more = true;

    while (err == ERR_OK && has_more) {
        if (target->host_count == (with_sentinels ? REDIS_HOSTS_MAX : 1))
            return refuse(problem, with_sentinels ? "there may be at most eight sentinels"
                                                  : "there may be one host only");
        has_more = take_until(&authority, ',', &host);
        err = read_host(host, with_sentinels ? SENTINEL_PORT : REDIS_PORT,
                        &target->hosts[target->host_count++], problem);
    }
    if (err == ERR_OK && with_sentinels) {
        struct part name;

        (void)take_until(&rest, '/', &name);
        if (name.len == 0 || !copy_decoded(name, target->primary, sizeof(target->primary)))
            err = refuse(problem, "the name of the primary must follow the sentinels: …/NAME");
    }
    return err == ERR_OK ? read_db(rest, target, problem) : err;
}

static enum err read_path(struct part rest, struct redis_target *target, struct problem *problem)
{
    struct part path, name;
    bool has_query = take_until(&rest, '?', &path);

    if (path.len == 0 || path.text[0] != '/')
        return refuse(problem, "redis+unix:// must be followed by an absolute path");
    if (!copy_decoded(path, target->path, sizeof(target->path)))
        return refuse(problem, "the path of the socket is longer than 107 bytes");
    if (!has_query)
        return ERR_OK;
    if (!take_until(&rest, '=', &name) || name.len != 2 || memcmp(name.text, "db", 2) != 0)
        return refuse(problem, "only ?db=NUMBER may follow the path");
    return read_db(rest, target, problem);
}

/* Does |url| begin with |scheme|? Then what follows. */
static bool after_scheme(const char *url, const char *scheme, struct part *ret)
{
    size_t len = strlen(scheme);

    if (strncmp(url, scheme, len) != 0)
        return false;
    *ret = (struct part){.text = url + len, .len = strlen(url + len)};
    return true;
}

enum err coordination_url_read(const char *url, struct coordination *ret, struct problem *problem)
{
    struct part rest;

    *ret = (struct coordination){.kind = COORDINATION_LOCAL};
    if (strlen(url) > COORDINATION_URL_MAX)
        return refuse(problem, "it is longer than 1024 bytes");
    if (strcmp(url, "local") == 0)
        return ERR_OK;
    ret->kind = COORDINATION_REDIS;
    if (after_scheme(url, UNIX_SCHEME, &rest))
        return read_path(rest, &ret->redis, problem);
    if (after_scheme(url, SENTINEL_SCHEME, &rest))
        return read_hosts(rest, true, &ret->redis, problem);
    if (after_scheme(url, REDIS_SCHEME, &rest))
        return read_hosts(rest, false, &ret->redis, problem);
    return refuse(problem, "it must be local, or begin with redis://, redis+unix:// or "
                           "redis+sentinel://");
}

const char *coordination_url_describe(const char *url, char text[static COORDINATION_TEXT_MAX])
{
    struct part rest = {.text = url};
    const char *at = NULL;

    if (after_scheme(url, SENTINEL_SCHEME, &rest) || after_scheme(url, REDIS_SCHEME, &rest))
        at = strrchr(rest.text, '@');
    (void)snprintf(text, COORDINATION_TEXT_MAX, "%.*s%s", (int)(rest.text - url), url,
                   at != NULL ? at + 1 : rest.text);
    for (char *c = text; *c != '\0'; c++)
        if ((unsigned char)*c < 0x20 || (unsigned char)*c >= 0x7f)
            *c = '?';
    return text;
}

void coordination_wipe(struct coordination *coordination)
{
    explicit_bzero(coordination, sizeof(*coordination));
}
