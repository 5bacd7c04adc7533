/* options.h — the options of `relay`: their table, the checks across them, the secrets they name.
 *
 * Two steps, so that checking a configuration changes nothing on the host:
 * relay_options_parse reads argv and the environment and touches no file;
 * relay_options_load reads the users file and the secret, or draws one.
 */
#ifndef RELAY_OPTIONS_H
#define RELAY_OPTIONS_H

#include "auth_secret.h"
#include "err.h"
#include "log.h"
#include "option_table.h"
#include "record.h"
#include "relay_id.h"
#include "state_dir.h"
#include "transport_addr.h"
#include "turn_credential.h"
#include "turn_peer_policy.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum {
    RELAY_LISTENING_PORT = 3478, /* RFC 8656 §3.1, and not configurable */
    RELAY_SHARDS_MAX = 1024,
    /* Bounds of what an operator may ask for: rather a slip than a wish beyond them. */
    RELAY_MAX_LIFETIME_SEC = 30 * 86400,
    RELAY_PORT_REST_MAX_SEC = 86400,
};

enum relay_command {
    RELAY_COMMAND_RUN,          /* all shards of this host */
    RELAY_COMMAND_SHARD,        /* the one shard |shard| */
    RELAY_COMMAND_PORTAL,       /* the control-plane connection of the host */
    RELAY_COMMAND_CHECK_CONFIG, /* print what is in effect, change nothing */
};

/* About 15 KiB: not for the stack. Texts point into argv and the environment. */
struct relay_options {
    enum relay_command command;
    struct transport_addr public_v4; /* port 0; family NONE when not given */
    struct transport_addr public_v6;
    uint16_t shards;      /* 1..RELAY_SHARDS_MAX, at most the ports of the range */
    uint16_t shard;       /* below |shards|; of RELAY_COMMAND_SHARD, else 0 */
    uint16_t lowest_port; /* of the host, both inclusive; port_slice_of gives a shard's */
    uint16_t highest_port;
    unsigned schemes; /* set of enum turn_scheme, not empty */
    const char *realm;
    const char *coordination;             /* URL of the ownership registry; may hold a password */
    char instance[HOST_NAME_MAX_LEN + 1]; /* of this host in it */
    const char *auth_secret_text;         /* NULL unless given, as the next three */
    const char *auth_secret_file;
    const char *users_file;
    const char *state_dir_given;
    const char *portal_url; /* of the control plane; NULL without one */
    const char *portal_token_file;
    const char *portal_token;
    const char *portal_name;
    const char *portal_ca_file;
    uint32_t portal_give_up_sec;        /* 0 = never */
    char state_dir[STATE_DIR_PATH_MAX]; /* resolved; neither opened nor created by parsing */
    uint32_t user_quota;                /* allocations of a username on the host; 0 = no limit */
    uint32_t channels_per_allocation;   /* 1..4096 */
    bool rfc5766_channels;              /* numbers up to 0x7FFF are bound too */
    uint32_t max_allocations; /* of a shard; 0 = as many as ports; may exceed the slice's ports */
    uint32_t max_lifetime_sec;
    uint32_t port_rest_sec;
    uint32_t unauthenticated_rate; /* for each source prefix and second; 0 = no limit */
    enum log_level log_level;
    enum log_format log_format;
    /* The operator's ranges, relayed addresses, port range and RELAY_LISTENING_PORT are
     * filled in. The addresses of the host are not: own_addrs is for who serves. */
    struct turn_peer_policy peer_policy;
    struct transport_addr http_addr; /* with a port; family NONE: no HTTP */

    struct option_reading reading; /* where each value came from: relay_options_origin */

    /* Filled by relay_options_load. */
    struct auth_secret auth_secret;   /* len 0 while none has been drawn */
    char relay_id[RELAY_ID_TEXT_LEN]; /* by which a control plane knows it; "" without one or a
                                         secret */
    struct turn_users *users;         /* NULL without a users file */
};

/*
 * relay_options_parse reads |argv| and the environment into |ret| and checks
 * them. One line on |errors| with OPTIONS_BAD. |ret| is defined with
 * OPTIONS_READ only; free it with relay_options_free.
 */
enum option_outcome relay_options_parse(int argc, char **argv, struct relay_options *ret,
                                        FILE *errors);

/*
 * relay_options_load reads the users file and the auth secret that the options name, and makes
 * of that the relay's id.
 * With |may_draw| the state directory is created when missing, and a secret that is not
 * there is drawn and kept; without, nothing is created and the secret stays empty, and the
 * portal's files are looked at, which otherwise are relay-portal's business alone.
 * ERR_OK, or another error with one line on |errors|: the caller exits with 2.
 */
enum err relay_options_load(struct relay_options *options, bool may_draw, FILE *errors) MUST_CHECK;

/* relay_options_are_of_a_shard: of `relay shard`, or checked for it. Such a process does not need
 * to know the portal's token, and rather should not. */
bool relay_options_are_of_a_shard(const struct relay_options *options);

/* relay_options_free wipes the secret and frees the users. Zeroed options are fine. */
void relay_options_free(struct relay_options *options);

/* relay_options_origin tells where the option |name| (without dashes) got its value. */
const struct option_origin *relay_options_origin(const struct relay_options *options,
                                                 const char *name);

/*
 * relay_options_error prints one line about option |name| and its value:
 * option_table_error for this program.
 */
void relay_options_error(const struct relay_options *options, const char *name, FILE *errors,
                         const char *format, ...) __attribute__((format(printf, 4, 5)));

/* relay_options_unset takes the variables of option |name| out of the environment, so that
 * programs that are started from here do not have them, and wipes them where they stand, so that
 * /proc does not show them. A value that was read from one is gone. */
void relay_options_unset(const char *name);

/* relay_options_help prints what --help prints. */
void relay_options_help(FILE *out);

#endif
