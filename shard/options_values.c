/* options_values.c — reads the values of relay's options that are more than text or a number. */
#include "options_values.h"

#include "options.h"
#include "ownership.h"
#include "portal/portal_url.h"
#include "record.h"
#include "turn_limits.h"

#include <stdio.h>
#include <string.h>

/* An address that XOR-RELAYED-ADDRESS may name. Loopback is one: for trying things out. */
static const char *read_public_addr(const struct option_spec *spec, const char *value,
                                    enum ip_family family, struct transport_addr *ret)
{
    struct transport_addr addr;
    bool is_unspecified = true;
    bool is_multicast;

    if (ip_addr_parse(value, &addr) != ERR_OK || addr.family != family ||
        transport_addr_is_v4_mapped(&addr))
        return spec->rule;
    for (size_t i = 0; i < sizeof(addr.ip); i++)
        is_unspecified = is_unspecified && addr.ip[i] == 0;
    /* 224.0.0.0/4 and, above it, reserved addresses and the broadcast one; ff00::/8. */
    is_multicast = family == IP_FAMILY_V4 ? addr.ip[0] >= 224 : addr.ip[0] == 0xff;
    if (is_unspecified || is_multicast)
        return "an address of one host: it is unspecified, multicast or broadcast";
    *ret = addr;
    return NULL;
}

const char *option_read_public_v4(const struct option_spec *spec, const char *value, void *field)
{
    return read_public_addr(spec, value, IP_FAMILY_V4, field);
}

const char *option_read_public_v6(const struct option_spec *spec, const char *value, void *field)
{
    return read_public_addr(spec, value, IP_FAMILY_V6, field);
}

const char *option_read_scheme(const struct option_spec *spec, const char *value, void *field)
{
    unsigned *schemes = field;

    if (strcmp(value, "stamp") == 0)
        *schemes |= TURN_SCHEME_STAMP;
    else if (strcmp(value, "rest") == 0)
        *schemes |= TURN_SCHEME_REST;
    else if (strcmp(value, "static") == 0)
        *schemes |= TURN_SCHEME_STATIC;
    else
        return spec->rule;
    return NULL;
}

const char *option_read_realm(const struct option_spec *spec, const char *value, void *field)
{
    size_t len = strlen(value);

    if (len > TURN_REALM_MAX)
        return spec->rule;
    for (size_t i = 0; i < len; i++) {
        if (value[i] < ' ' || value[i] > '~' || value[i] == '"' || value[i] == '\\')
            return spec->rule;
    }
    memcpy(field, &value, sizeof(value));
    return NULL;
}

static const char *read_range(const struct option_spec *spec, const char *value, bool allow,
                              struct turn_peer_policy *policy)
{
    enum err err = turn_peer_policy_add_range(policy, value, allow);

    if (err == ERR_LIMIT)
        return "one of the first 256 ranges of --allow-peer and --deny-peer: there are no more";
    return err == ERR_OK ? NULL : spec->rule;
}

const char *option_read_allowed(const struct option_spec *spec, const char *value, void *field)
{
    return read_range(spec, value, true, field);
}

const char *option_read_denied(const struct option_spec *spec, const char *value, void *field)
{
    return read_range(spec, value, false, field);
}

/* A rule made of |problem|, until the next one. It is printed behind "the value given is not". */
static const char *not_usable(const struct problem *problem)
{
    static char rule[sizeof(problem->text) + 16];

    (void)snprintf(rule, sizeof(rule), "usable: %s", problem->text);
    return rule;
}

const char *option_read_coordination(const struct option_spec *spec, const char *value, void *field)
{
    struct problem problem;

    (void)spec;
    if (ownership_check_url(value, &problem) != ERR_OK)
        return not_usable(&problem);
    memcpy(field, &value, sizeof(value));
    return NULL;
}

const char *option_read_instance(const struct option_spec *spec, const char *value, void *field)
{
    if (!host_name_valid(value))
        return spec->rule;
    (void)snprintf(field, spec->size, "%s", value);
    return NULL;
}

const char *option_read_http_addr(const struct option_spec *spec, const char *value, void *field)
{
    struct transport_addr addr = {.family = IP_FAMILY_NONE};

    if (strcmp(value, "none") != 0 &&
        (transport_addr_parse(value, 0, &addr) != ERR_OK || addr.port == 0))
        return spec->rule;
    memcpy(field, &addr, sizeof(addr));
    return NULL;
}

const char *option_read_portal_url(const struct option_spec *spec, const char *value, void *field)
{
    struct portal_url url;
    struct problem problem;

    (void)spec;
    if (portal_url_parse(value, &url, &problem) != ERR_OK)
        return not_usable(&problem);
    memcpy(field, &value, sizeof(value));
    return NULL;
}

_Static_assert(PORTAL_NAME_MAX == 255, "the rule of --portal-name says so");

const char *option_read_portal_name(const struct option_spec *spec, const char *value, void *field)
{
    if (strlen(value) > PORTAL_NAME_MAX)
        return spec->rule;
    memcpy(field, &value, sizeof(value));
    return NULL;
}
