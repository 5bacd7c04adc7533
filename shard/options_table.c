/* options_table.c — the options of relay, each declared once. */
#include "options_table.h"

#include "options.h"
#include "options_values.h"
#include "portal/portal_channel.h"
#include "turn_limits.h"

#define FIELD(member) OPTION_FIELD(struct relay_options, member)

static const char *const log_levels[] = {
    [LOG_LEVEL_ERROR] = "error", [LOG_LEVEL_WARNING] = "warning", [LOG_LEVEL_INFO] = "info",
    [LOG_LEVEL_DEBUG] = "debug", [LOG_LEVEL_DEBUG + 1] = NULL,
};

static const char *const log_formats[] = {
    [LOG_FORMAT_HUMAN] = "human",
    [LOG_FORMAT_JSON] = "json",
    [LOG_FORMAT_JSON + 1] = NULL,
};

/* The default of --allow-peer and --deny-peer is the default policy. */
static const char range_rule[] =
    "an address or a range such as 10.0.0.0/8 or fd00::/8, all bits behind its length zero";

static const struct option_spec specs[] = {
    {
        .name = "public-ip4-addr",
        .kind = OPTION_CUSTOM,
        .argument = "ADDR",
        .env = {"PUBLIC_IP4_ADDR"},
        .help = "IPv4 address that peers reach this host at; clients are told it. It or "
                "--public-ip6-addr is needed",
        .rule = "an IPv4 address such as 203.0.113.7",
        .read = option_read_public_v4,
        FIELD(public_v4),
    },
    {
        .name = "public-ip6-addr",
        .kind = OPTION_CUSTOM,
        .argument = "ADDR",
        .env = {"PUBLIC_IP6_ADDR"},
        .help = "IPv6 address that peers reach this host at",
        .rule = "an IPv6 address such as 2001:db8::7",
        .read = option_read_public_v6,
        FIELD(public_v6),
    },
    {
        .name = "shards",
        .kind = OPTION_NUMBER,
        .argument = "N",
        .env = {"SHARDS"},
        .default_shown = "usable CPUs",
        .help = "Worker processes that share port 3478 and the relay ports",
        .min = 1,
        .max = RELAY_SHARDS_MAX,
        FIELD(shards),
    },
    {
        .name = "shard",
        .kind = OPTION_NUMBER,
        .argument = "K",
        .env = {"SHARD"},
        .help = "Which of them `relay shard` is: 0 to N-1",
        .rule = "a shard",
        .min = 0,
        .max = RELAY_SHARDS_MAX - 1,
        FIELD(shard),
    },
    {
        .name = "lowest-port",
        .kind = OPTION_NUMBER,
        .argument = "PORT",
        .env = {"LOWEST_PORT"},
        .default_text = "49152",
        .help = "Lowest relay port of this host",
        .rule = "a port",
        .min = 1,
        .max = UINT16_MAX,
        FIELD(lowest_port),
    },
    {
        .name = "highest-port",
        .kind = OPTION_NUMBER,
        .argument = "PORT",
        .env = {"HIGHEST_PORT"},
        .default_text = "65535",
        .help = "Highest relay port of this host",
        .rule = "a port",
        .min = 1,
        .max = UINT16_MAX,
        FIELD(highest_port),
    },
    {
        .name = "auth",
        .kind = OPTION_CUSTOM,
        .argument = "SCHEME,...",
        .env = {"AUTH"},
        .default_text = "stamp,rest",
        .help = "Credential schemes that are accepted: stamp, rest, static",
        .rule = "a credential scheme: one of stamp, rest, static",
        .read = option_read_scheme,
        .is_list = true,
        FIELD(schemes),
    },
    {
        .name = "auth-secret-file",
        .kind = OPTION_TEXT,
        .argument = "FILE",
        .env = {"AUTH_SECRET_FILE"},
        .default_shown = "drawn once and kept in the state directory",
        .help = "File that holds the secret of the schemes stamp and rest",
        FIELD(auth_secret_file),
    },
    {
        .name = "auth-secret",
        .kind = OPTION_TEXT,
        .argument = "TEXT",
        .env = {"AUTH_SECRET"},
        .help = "The secret itself; others on this host can see it, so rather use a file",
        .is_secret = true,
        FIELD(auth_secret_text),
    },
    {
        .name = "users-file",
        .kind = OPTION_TEXT,
        .argument = "FILE",
        .env = {"USERS_FILE"},
        .help = "Users of the scheme static, a line for each: username:KEY, with KEY the MD5 of "
                "username:realm:password in hex",
        FIELD(users_file),
    },
    {
        .name = "realm",
        .kind = OPTION_CUSTOM,
        .argument = "TEXT",
        .env = {"REALM"},
        .default_text = "firezone",
        .help = "Realm of all credentials",
        .rule = "a realm: 1 to 32 printable ASCII characters without quotes and backslash, so that "
                "an unauthenticated answer stays within three times the smallest request",
        .read = option_read_realm,
        FIELD(realm),
    },
    {
        .name = "coordination",
        .kind = OPTION_CUSTOM,
        .argument = "URL",
        .env = {"COORDINATION"},
        .default_text = "local",
        .help = "Where it is recorded which shard owns what: local (in the state directory), "
                "redis://[user:password@]host[:port][/db], redis+unix:///path[?db=N], or "
                "redis+sentinel://[user:password@]host[:port][,host...]/NAME[/db]. With a password "
                "rather in the environment",
        .read = option_read_coordination,
        .is_secret = true,
        FIELD(coordination),
    },
    {
        .name = "instance",
        .kind = OPTION_CUSTOM,
        .argument = "NAME",
        .env = {"INSTANCE"},
        .default_shown = "host name",
        .help = "Name of this host among those that share a Redis; no other may have it",
        .rule = "an instance name: 1 to 64 of A-Z, a-z, 0-9, dot, underscore and hyphen",
        .read = option_read_instance,
        FIELD(instance),
    },
    {
        .name = "state-dir",
        .kind = OPTION_TEXT,
        .argument = "DIR",
        .env = {"STATE_DIR"},
        .default_shown = "/run/relay; see below when not root",
        .help = "Directory for what the shards share: the kept secret, the counters, with "
                "--coordination local who owns what",
        FIELD(state_dir_given),
    },
    {
        .name = "http-addr",
        .kind = OPTION_CUSTOM,
        .argument = "ADDR:PORT",
        .env = {"HTTP_ADDR", "HEALTH_CHECK_ADDR"},
        .default_text = "127.0.0.1:8080",
        .help = "Where health, metrics and the status page of this host are served over HTTP, by "
                "every shard; none for not at all",
        .rule = "an address with a port such as 127.0.0.1:8080 or [::1]:8080, or none",
        .read = option_read_http_addr,
        FIELD(http_addr),
    },
    {
        .name = "portal-url",
        .kind = OPTION_CUSTOM,
        .argument = "URL",
        .env = {"PORTAL_URL", "FIREZONE_API_URL"},
        .help =
            "Control plane that hands out credentials for this relay: wss://, https://, ws:// or "
            "http://. Until it has admitted the relay, only Binding is answered",
        .read = option_read_portal_url,
        FIELD(portal_url),
    },
    {
        .name = "portal-token-file",
        .kind = OPTION_TEXT,
        .argument = "FILE",
        .env = {"PORTAL_TOKEN_FILE"},
        .help = "File that holds the token by which the control plane knows its relays",
        FIELD(portal_token_file),
    },
    {
        .name = "portal-token",
        .kind = OPTION_TEXT,
        .argument = "TEXT",
        .env = {"PORTAL_TOKEN", "FIREZONE_TOKEN"},
        .help = "The token itself, in the environment only: others on this host can see a command "
                "line",
        .is_secret = true,
        FIELD(portal_token),
    },
    {
        .name = "portal-name",
        .kind = OPTION_CUSTOM,
        .argument = "NAME",
        .env = {"PORTAL_NAME", "FIREZONE_NAME"},
        .help = "Name of this relay that the control plane is told",
        .rule = "a name of at most 255 bytes",
        .read = option_read_portal_name,
        FIELD(portal_name),
    },
    {
        .name = "portal-ca-file",
        .kind = OPTION_TEXT,
        .argument = "FILE",
        .env = {"PORTAL_CA_FILE"},
        .default_shown = "the system's",
        .help = "Certificates that the control plane's is judged by",
        FIELD(portal_ca_file),
    },
    {
        .name = "portal-give-up",
        .kind = OPTION_DURATION,
        .argument = "TIME",
        .env = {"PORTAL_GIVE_UP"},
        .default_text = "0",
        .help = "End the connection for good when it was not admitted for so long; 0 is never",
        .max = PORTAL_GIVE_UP_MAX_SEC,
        FIELD(portal_give_up_sec),
    },
    {
        .name = "allow-peer",
        .kind = OPTION_CUSTOM,
        .argument = "RANGE,...",
        .env = {"ALLOW_PEER"},
        .help = "Let clients reach peers in these ranges, which are denied otherwise (private, "
                "loopback and other special ones)",
        .rule = range_rule,
        .read = option_read_allowed,
        .is_list = true,
        FIELD(peer_policy),
    },
    {
        .name = "deny-peer",
        .kind = OPTION_CUSTOM,
        .argument = "RANGE,...",
        .env = {"DENY_PEER"},
        .help = "Keep clients from peers in these ranges. The longer range wins, deny on a tie",
        .rule = range_rule,
        .read = option_read_denied,
        .is_list = true,
        FIELD(peer_policy),
    },
    {
        .name = "user-quota",
        .kind = OPTION_NUMBER,
        .argument = "N",
        .env = {"USER_QUOTA"},
        .default_text = "0",
        .help = "Most allocations of one username in the deployment; 0 is no limit. While the "
                "ownership registry is away each shard counts for itself",
        .max = UINT16_MAX,
        FIELD(user_quota),
    },
    {
        .name = "channels-per-allocation",
        .kind = OPTION_NUMBER,
        .argument = "N",
        .env = {"CHANNELS_PER_ALLOCATION"},
        .default_text = "512",
        .help = "Most channels of one allocation",
        .min = 1,
        .max = 4096,
        FIELD(channels_per_allocation),
    },
    {
        .name = "rfc5766-channels",
        .kind = OPTION_FLAG,
        .env = {"RFC5766_CHANNELS"},
        .default_shown = "off",
        .help = "Also bind channel numbers 0x5000 to 0x7FFF, for clients older than RFC 8656 "
                "(such as turnutils_uclient of coturn 4.6)",
        FIELD(rfc5766_channels),
    },
    {
        .name = "max-allocations",
        .kind = OPTION_NUMBER,
        .argument = "N",
        .env = {"MAX_ALLOCATIONS"},
        .default_text = "0",
        .help = "Most allocations of each shard; 0 is as many as ports and descriptors allow",
        .max = UINT16_MAX,
        FIELD(max_allocations),
    },
    {
        .name = "max-lifetime",
        .kind = OPTION_DURATION,
        .argument = "TIME",
        .env = {"MAX_LIFETIME"},
        .default_text = "1h",
        .help = "Longest lifetime that an allocation is granted at a time",
        .min = TURN_DEFAULT_LIFETIME_SEC,
        .max = RELAY_MAX_LIFETIME_SEC,
        FIELD(max_lifetime_sec),
    },
    {
        .name = "port-rest",
        .kind = OPTION_DURATION,
        .argument = "TIME",
        .env = {"PORT_REST"},
        .default_text = "1m",
        .help = "How long a freed relay port rests before it is given out again",
        .max = RELAY_PORT_REST_MAX_SEC,
        FIELD(port_rest_sec),
    },
    {
        .name = "unauthenticated-rate",
        .kind = OPTION_NUMBER,
        .argument = "N",
        .env = {"UNAUTHENTICATED_RATE"},
        .default_text = "2000",
        .help = "Answers to unauthenticated requests for each source prefix, shard and second; "
                "0 is no limit",
        .max = UINT32_MAX,
        FIELD(unauthenticated_rate),
    },
    {
        .name = "log-level",
        .kind = OPTION_CHOICE,
        .argument = "LEVEL",
        .env = {"LOG_LEVEL"},
        .default_text = "info",
        .help = "error, warning, info or debug",
        .choices = log_levels,
        FIELD(log_level),
    },
    {
        .name = "log-format",
        .kind = OPTION_CHOICE,
        .argument = "FORMAT",
        .env = {"LOG_FORMAT"},
        .default_text = "human",
        .help = "human, or json with an object on each line",
        .choices = log_formats,
        FIELD(log_format),
    },
    {.name = "help", .letter = 'h', .kind = OPTION_HELP, .help = "Print this"},
    {.name = "version", .kind = OPTION_VERSION, .help = "Print the version"},
};

const struct option_table relay_options_table = {
    .program = "relay",
    .intro = "Usage: relay [run] [OPTION]...\n"
             "       relay shard --shard K [OPTION]...\n"
             "       relay portal --portal-url URL [OPTION]...\n"
             "       relay check-config [OPTION]...\n"
             "\n"
             "A STUN/TURN relay: N shards serve UDP port 3478 on every interface.\n"
             "\n"
             "Commands:\n"
             "  run                       all shards of this host, restarted when they die\n"
             "  shard                     one shard, with listening sockets passed in (LISTEN_FDS) "
             "or its own\n"
             "  portal                    the connection to the control plane; `run` starts one\n"
             "  check-config              print the configuration in effect, or what is wrong "
             "with it\n",
    .specs = specs,
    .count = sizeof(specs) / sizeof(specs[0]),
    .outro = "  RUNTIME_DIRECTORY         set by systemd: the default of --state-dir\n"
             "  XDG_RUNTIME_DIR           when not root: --state-dir is relay in it, without it\n"
             "                            /tmp/relay-UID\n"
             "\n"
             "An option may be written --name VALUE or --name=VALUE.\n",
};
