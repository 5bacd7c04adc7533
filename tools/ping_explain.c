/* ping_explain.c — says in a sentence what is wrong when relayctl ping fails. */
#include "ping.h"

#include "stun_error.h"

#include <string.h>

/* The address of |addr| without its port, for options that take one. */
static char *ip_text(struct transport_addr addr, char text[static TRANSPORT_ADDR_TEXT_MAX])
{
    addr.port = 0;
    return transport_addr_format(&addr, text);
}

static void explain_silence(const struct ping_failure *failure, const char *server, char *text)
{
    if (failure->send_errno != 0)
        snprintf(text, PING_PROBLEM_MAX, "cannot send to %s: %s%s", server,
                 strerror(failure->send_errno),
                 failure->server.family == IP_FAMILY_V6 ? " (has this host IPv6?)" : "");
    else if (failure->refused)
        snprintf(text, PING_PROBLEM_MAX,
                 "nothing listens on %s: its host answered with ICMP port unreachable; is the "
                 "relay running?",
                 server);
    else
        snprintf(text, PING_PROBLEM_MAX,
                 "no answer from %s: the address is wrong, a firewall drops UDP to or from it, or "
                 "no relay runs there",
                 server);
}

static void explain_credentials(const struct ping_failure *failure, const char *server, char *text)
{
    if (failure->own_secret)
        snprintf(text, PING_PROBLEM_MAX,
                 "%s refuses credentials made from this host's secret (401): it uses another "
                 "secret (--auth-secret-file, --state-dir), or not this scheme (--scheme)",
                 server);
    else
        snprintf(text, PING_PROBLEM_MAX,
                 "%s refuses the username or password (401): they are wrong or expired", server);
}

static void explain_code(const struct ping_failure *failure, const char *server, char *text)
{
    char peer[TRANSPORT_ADDR_TEXT_MAX] = "";
    if (failure->stage == PING_CHANNEL_BIND)
        ip_text(failure->peer, peer);
    uint16_t code = failure->result->code;
    bool is_v6 = failure->server.family == IP_FAMILY_V6;
    switch (code) {
    case STUN_FORBIDDEN:
        snprintf(text, PING_PROBLEM_MAX,
                 "%s forbids the peer address %s (403): start the relay with --allow-peer %s to "
                 "open it",
                 server, peer, peer);
        break;
    case STUN_ALLOCATION_MISMATCH:
        snprintf(text, PING_PROBLEM_MAX,
                 "%s knows another allocation of the same client port (437): try again", server);
        break;
    case STUN_ADDRESS_FAMILY_NOT_SUPPORTED:
        snprintf(text, PING_PROBLEM_MAX,
                 "%s has no %s address to relay from (440): it needs --public-ip%d-addr", server,
                 is_v6 ? "IPv6" : "IPv4", is_v6 ? 6 : 4);
        break;
    case STUN_ALLOCATION_QUOTA_REACHED:
        snprintf(text, PING_PROBLEM_MAX,
                 "the username has as many allocations on %s as one may have (486): raise "
                 "--user-quota or use another username",
                 server);
        break;
    case STUN_INSUFFICIENT_CAPACITY:
        snprintf(
            text, PING_PROBLEM_MAX,
            "%s is full (508): no relay port, descriptor or channel is free, or all its shards "
            "drain; see relayctl status, --lowest-port and --highest-port",
            server);
        break;
    default:
        snprintf(text, PING_PROBLEM_MAX, "%s answered %s with error %u%s%s", server,
                 failure->stage == PING_ALLOCATE ? "Allocate" : "ChannelBind", code,
                 *stun_error_phrase(code) ? " " : "", stun_error_phrase(code));
        break;
    }
}

char *ping_explain(const struct ping_failure *failure, char text[static PING_PROBLEM_MAX])
{
    char server[TRANSPORT_ADDR_TEXT_MAX];
    transport_addr_format(&failure->server, server);
    switch (failure->result->failure) {
    case TURN_FAILURE_NONE:
    case TURN_FAILURE_NO_ANSWER:
        explain_silence(failure, server, text);
        break;
    case TURN_FAILURE_CREDENTIALS:
        explain_credentials(failure, server, text);
        break;
    case TURN_FAILURE_CODE:
        explain_code(failure, server, text);
        break;
    case TURN_FAILURE_FORGED:
        snprintf(text, PING_PROBLEM_MAX,
                 "%s answers without the right MESSAGE-INTEGRITY: the password is wrong, or "
                 "somebody else answers in its place",
                 server);
        break;
    case TURN_FAILURE_MALFORMED:
        snprintf(text, PING_PROBLEM_MAX, "%s answers, but not as a TURN server does", server);
        break;
    case TURN_FAILURE_LOCAL:
        snprintf(text, PING_PROBLEM_MAX,
                 "the request cannot be made: the username has more than %d bytes",
                 STUN_USERNAME_MAX);
        break;
    }
    return text;
}
