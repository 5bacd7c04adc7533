/* test_options.c — tests of options.h: what is read, and every mistake with its message. */
#include "options.h"

#include <sched.h>

#include "options_fixture.h"
#include "turn_limits.h"

static struct options_fixture fixture;
static struct relay_options *const options = &fixture.options;

static int set_up(void **state)
{
    (void)state;
    clear_relay_variables();
    captured_open(&fixture.errors);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    captured_close(&fixture.errors);
    return 0;
}

static void reads(const char *line)
{
    if (parse_line(&fixture, line) != OPTIONS_READ)
        fail_msg("\"%s\": %s", line, captured_text(&fixture.errors));
    captured_text(&fixture.errors);
    assert_int_equal(fixture.errors.len, 0);
}

/* |message| without "relay: " and the newline. */
static void refuses(const char *line, const char *message)
{
    char expected[1024];

    snprintf(expected, sizeof(expected), "relay: %s\n", message);
    if (parse_line(&fixture, line) != OPTIONS_BAD)
        fail_msg("\"%s\" is not refused", line);
    assert_string_equal(captured_text(&fixture.errors), expected);
}

static uint32_t usable_cpus(void)
{
    cpu_set_t cpus;

    assert_int_equal(sched_getaffinity(0, sizeof(cpus), &cpus), 0);
    return (uint32_t)CPU_COUNT(&cpus);
}

static void http_is_on_an_address_with_a_port_or_off(void **state)
{
    char text[TRANSPORT_ADDR_TEXT_MAX];

    (void)state;
    reads("--public-ip4-addr 203.0.113.7");
    assert_string_equal(transport_addr_format(&options->http_addr, text), "127.0.0.1:8080");
    reads("--public-ip4-addr 203.0.113.7 --http-addr [::1]:81");
    assert_string_equal(transport_addr_format(&options->http_addr, text), "[::1]:81");
    reads("--public-ip4-addr 203.0.113.7 --http-addr none");
    assert_int_equal(options->http_addr.family, IP_FAMILY_NONE);
    setenv("HEALTH_CHECK_ADDR", "0.0.0.0:82", 1);
    reads("--public-ip4-addr 203.0.113.7");
    assert_string_equal(transport_addr_format(&options->http_addr, text), "0.0.0.0:82");
    setenv("HTTP_ADDR", "192.0.2.1:83", 1);
    reads("--public-ip4-addr 203.0.113.7");
    assert_string_equal(transport_addr_format(&options->http_addr, text), "192.0.2.1:83");
    clear_relay_variables();
    static const char *const wrong[] = {"8080",           "127.0.0.1", "127.0.0.1:0",
                                        "localhost:8080", "::1:8080",  "127.0.0.1:65536"};

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        char line[96], message[192];

        (void)snprintf(line, sizeof(line), "--public-ip4-addr 203.0.113.7 --http-addr %s",
                       wrong[i]);
        (void)snprintf(message, sizeof(message),
                       "--http-addr: \"%s\" is not an address with a port such as 127.0.0.1:8080 "
                       "or [::1]:8080, or none",
                       wrong[i]);
        refuses(line, message);
    }
}

static void defaults_are_those_of_the_limits(void **state)
{
    const struct transport_addr public_v4 = transport_addr_v4((uint8_t[]){203, 0, 113, 7}, 0);

    (void)state;
    reads("--public-ip4-addr 203.0.113.7");
    assert_int_equal(options->command, RELAY_COMMAND_RUN);
    assert_true(transport_addr_equal(&options->public_v4, &public_v4));
    assert_int_equal(options->public_v6.family, IP_FAMILY_NONE);
    assert_int_equal(options->shards, usable_cpus());
    assert_int_equal(options->lowest_port, 49152);
    assert_int_equal(options->highest_port, 65535);
    assert_int_equal(options->schemes, TURN_SCHEME_STAMP | TURN_SCHEME_REST);
    assert_string_equal(options->realm, "firezone");
    assert_null(options->auth_secret_text);
    assert_null(options->auth_secret_file);
    assert_null(options->users_file);
    assert_int_equal(options->user_quota, 0);
    assert_int_equal(options->channels_per_allocation, TURN_CHANNELS_PER_ALLOCATION);
    assert_false(options->rfc5766_channels);
    assert_int_equal(options->max_allocations, 0);
    assert_int_equal(options->max_lifetime_sec, TURN_MAX_LIFETIME_SEC);
    assert_int_equal(options->port_rest_sec, TURN_PORT_REST_SEC);
    assert_int_equal(options->unauthenticated_rate, TURN_UNAUTHENTICATED_RATE);
    assert_int_equal(options->log_level, LOG_LEVEL_INFO);
    assert_int_equal(options->log_format, LOG_FORMAT_HUMAN);
    assert_int_equal(options->peer_policy.range_count, 0);
    assert_int_equal(options->auth_secret.len, 0);
}

static void every_option_is_read(void **state)
{
    const struct transport_addr v6 = transport_addr_v6(
        (uint8_t[]){0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7}, 0);

    (void)state;
    reads("shard --public-ip6-addr 2001:db8::7 --shards 4 --shard 3 --lowest-port 50000 "
          "--highest-port 50003 --auth static,rest --auth-secret-file /s --users-file /u");
    assert_int_equal(options->command, RELAY_COMMAND_SHARD);
    assert_true(transport_addr_equal(&options->public_v6, &v6));
    assert_int_equal(options->public_v4.family, IP_FAMILY_NONE);
    assert_int_equal(options->shards, 4);
    assert_int_equal(options->shard, 3);
    assert_int_equal(options->lowest_port, 50000);
    assert_int_equal(options->highest_port, 50003);
    assert_int_equal(options->schemes, TURN_SCHEME_STATIC | TURN_SCHEME_REST);
    assert_string_equal(options->auth_secret_file, "/s");
    assert_string_equal(options->users_file, "/u");
    reads("check-config --public-ip4-addr 127.0.0.1 --auth-secret hush --realm example_org "
          "--state-dir /x/y/ --user-quota 10 --channels-per-allocation 4096");
    assert_int_equal(options->command, RELAY_COMMAND_CHECK_CONFIG);
    assert_string_equal(options->auth_secret_text, "hush");
    assert_string_equal(options->realm, "example org");
    assert_string_equal(options->state_dir, "/x/y");
    assert_int_equal(options->user_quota, 10);
    assert_int_equal(options->channels_per_allocation, 4096);
    reads("run --public-ip4-addr 127.0.0.1 --max-allocations 400 --max-lifetime 2h --port-rest 0 "
          "--unauthenticated-rate 0 --log-level debug --log-format json --rfc5766-channels");
    assert_true(options->rfc5766_channels);
    assert_int_equal(options->command, RELAY_COMMAND_RUN);
    assert_int_equal(options->max_allocations, 400);
    assert_int_equal(options->max_lifetime_sec, 7200);
    assert_int_equal(options->port_rest_sec, 0);
    assert_int_equal(options->unauthenticated_rate, 0);
    assert_int_equal(options->log_level, LOG_LEVEL_DEBUG);
    assert_int_equal(options->log_format, LOG_FORMAT_JSON);
}

static void the_environment_gives_what_options_do_not(void **state)
{
    (void)state;
    setenv("PUBLIC_IP4_ADDR", "203.0.113.7", 1);
    setenv("PUBLIC_IP6_ADDR", "", 1);
    setenv("REALM", "example", 1);
    setenv("SHARDS", "3", 1);
    reads("--shards 2");
    assert_int_equal(options->public_v4.family, IP_FAMILY_V4);
    assert_int_equal(options->public_v6.family, IP_FAMILY_NONE);
    assert_string_equal(options->realm, "example");
    assert_int_equal(options->shards, 2);
    assert_int_equal(relay_options_origin(options, "realm")->source, OPTION_ENVIRONMENT);
    assert_int_equal(relay_options_origin(options, "shards")->source, OPTION_COMMAND_LINE);
}

static void the_policy_knows_ranges_and_relayed_addresses(void **state)
{
    const struct turn_peer_policy *policy = &options->peer_policy;
    struct transport_addr peer;

    (void)state;
    setenv("DENY_PEER", "198.51.100.0/24,2001:db8::/32", 1);
    reads("--public-ip4-addr 203.0.113.7 --public-ip6-addr 2001:db8::7 --lowest-port 50000 "
          "--allow-peer 10.0.0.0/8 --allow-peer 127.0.0.1,fd00::/8");
    assert_int_equal(policy->range_count, 5);
    assert_true(transport_addr_equal(&policy->relayed_v4, &options->public_v4));
    assert_true(transport_addr_equal(&policy->relayed_v6, &options->public_v6));
    assert_int_equal(policy->lowest_port, 50000);
    assert_int_equal(policy->highest_port, 65535);
    assert_int_equal(policy->service_port_count, 1);
    assert_int_equal(policy->service_ports[0], RELAY_LISTENING_PORT);
    peer = transport_addr_v4((uint8_t[]){10, 1, 2, 3}, 5000);
    assert_true(turn_peer_policy_allows(policy, &peer));
    peer = transport_addr_v4((uint8_t[]){192, 168, 2, 3}, 5000);
    assert_false(turn_peer_policy_allows(policy, &peer));
    peer = transport_addr_v4((uint8_t[]){198, 51, 100, 3}, 5000);
    assert_false(turn_peer_policy_allows(policy, &peer));
    peer = transport_addr_v4((uint8_t[]){203, 0, 113, 7}, 50000);
    assert_true(turn_peer_policy_allows(policy, &peer));
}

#define PUBLIC "--public-ip4-addr 203.0.113.7 "

static void bad_values_name_option_value_and_rule(void **state)
{
    static const char *const cases[][2] = {
        {"--public-ip4-addr 203.0.113",
         "--public-ip4-addr: \"203.0.113\" is not an IPv4 address such as 203.0.113.7"},
        {"--public-ip4-addr 203.0.113.7:3478",
         "--public-ip4-addr: \"203.0.113.7:3478\" is not an IPv4 address such as 203.0.113.7"},
        {"--public-ip4-addr ::1",
         "--public-ip4-addr: \"::1\" is not an IPv4 address such as 203.0.113.7"},
        {"--public-ip4-addr 0.0.0.0", "--public-ip4-addr: \"0.0.0.0\" is not an address of one "
                                      "host: it is unspecified, multicast or broadcast"},
        {"--public-ip4-addr 224.0.0.1", "--public-ip4-addr: \"224.0.0.1\" is not an address of one "
                                        "host: it is unspecified, multicast or broadcast"},
        {"--public-ip4-addr 255.255.255.255",
         "--public-ip4-addr: \"255.255.255.255\" is not an address of one host: it is "
         "unspecified, multicast or broadcast"},
        {"--public-ip6-addr 203.0.113.7",
         "--public-ip6-addr: \"203.0.113.7\" is not an IPv6 address such as 2001:db8::7"},
        {"--public-ip6-addr ::ffff:203.0.113.7",
         "--public-ip6-addr: \"::ffff:203.0.113.7\" is not an IPv6 address such as 2001:db8::7"},
        {"--public-ip6-addr ::", "--public-ip6-addr: \"::\" is not an address of one host: it is "
                                 "unspecified, multicast or broadcast"},
        {"--public-ip6-addr ff02::1", "--public-ip6-addr: \"ff02::1\" is not an address of one "
                                      "host: it is unspecified, multicast or broadcast"},
        {PUBLIC "--shards 0", "--shards: \"0\" is not a number from 1 to 1024"},
        {PUBLIC "--shards 1025", "--shards: \"1025\" is not a number from 1 to 1024"},
        {PUBLIC "shard --shard 1024", "--shard: \"1024\" is not a shard: a number from 0 to 1023"},
        {PUBLIC "--lowest-port 99999",
         "--lowest-port: \"99999\" is not a port: a number from 1 to 65535"},
        {PUBLIC "--highest-port 0",
         "--highest-port: \"0\" is not a port: a number from 1 to 65535"},
        {PUBLIC "--auth stamp,magic",
         "--auth: \"magic\" is not a credential scheme: one of stamp, rest, static"},
        {PUBLIC "--realm 123456789012345678901234567890123",
         "--realm: \"123456789012345678901234567890123\" is not a realm: 1 to 32 printable ASCII "
         "characters without quotes and backslash, so that an unauthenticated answer stays within "
         "three times the smallest request"},
        {PUBLIC "--realm a\"b",
         "--realm: \"a\"b\" is not a realm: 1 to 32 printable ASCII characters without quotes and "
         "backslash, so that an unauthenticated answer stays within three times the smallest "
         "request"},
        {PUBLIC "--realm a\\b",
         "--realm: \"a\\b\" is not a realm: 1 to 32 printable ASCII characters without quotes and "
         "backslash, so that an unauthenticated answer stays within three times the smallest "
         "request"},
        {PUBLIC "--realm \xc3\xa4",
         "--realm: \"\\xc3\\xa4\" is not a realm: 1 to 32 printable ASCII characters without "
         "quotes and backslash, so that an unauthenticated answer stays within three times the "
         "smallest request"},
        {PUBLIC "--allow-peer 10.0.0.1/8",
         "--allow-peer: \"10.0.0.1/8\" is not an address or a range such as 10.0.0.0/8 or "
         "fd00::/8, all bits behind its length zero"},
        {PUBLIC "--deny-peer 10.0.0.0/8,10.0.0.0/33",
         "--deny-peer: \"10.0.0.0/33\" is not an address or a range such as 10.0.0.0/8 or "
         "fd00::/8, all bits behind its length zero"},
        {PUBLIC "--deny-peer example.org",
         "--deny-peer: \"example.org\" is not an address or a range such as 10.0.0.0/8 or "
         "fd00::/8, all bits behind its length zero"},
        {PUBLIC "--user-quota -1", "--user-quota: \"-1\" is not a number from 0 to 65535"},
        {PUBLIC "--channels-per-allocation 0",
         "--channels-per-allocation: \"0\" is not a number from 1 to 4096"},
        {PUBLIC "--channels-per-allocation 4097",
         "--channels-per-allocation: \"4097\" is not a number from 1 to 4096"},
        {PUBLIC "--max-allocations many",
         "--max-allocations: \"many\" is not a number from 0 to 65535"},
        {PUBLIC "--max-lifetime 599", "--max-lifetime: \"599\" is not a duration from 10m to 30d, "
                                      "such as 90s, 15m, 1h or 2d"},
        {PUBLIC "--max-lifetime 31d", "--max-lifetime: \"31d\" is not a duration from 10m to 30d, "
                                      "such as 90s, 15m, 1h or 2d"},
        {PUBLIC "--port-rest 2d", "--port-rest: \"2d\" is not a duration from 0s to 1d, such as "
                                  "90s, 15m, 1h or 2d"},
        {PUBLIC "--unauthenticated-rate 4294967296",
         "--unauthenticated-rate: \"4294967296\" is not a number from 0 to 4294967295"},
        {PUBLIC "--log-level loud",
         "--log-level: \"loud\" is not one of error, warning, info, debug"},
        {PUBLIC "--log-format xml", "--log-format: \"xml\" is not one of human, json"},
        {PUBLIC "--listen-port 1", "--listen-port: no such option; see relay --help"},
        {PUBLIC "--realm=", "--realm: the value given is empty; leave the option out to unset it"},
        {PUBLIC "--realm", "--realm: needs a value"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        refuses(cases[i][0], cases[i][1]);
}

static void options_that_do_not_go_together(void **state)
{
    static const char *const cases[][2] = {
        {"", "--public-ip4-addr, --public-ip6-addr: neither is given, nor PUBLIC_IP4_ADDR or "
             "PUBLIC_IP6_ADDR, and one is needed: the address that peers reach this host at"},
        {PUBLIC "--lowest-port 60000 --highest-port 59999",
         "--lowest-port: \"60000\": the lowest relay port, 60000, is above the highest, 59999"},
        {PUBLIC "--highest-port 49151",
         "--highest-port: \"49151\": the lowest relay port, 49152, is above the highest, 49151"},
        {PUBLIC "--lowest-port 3478", "--lowest-port: \"3478\": the relay ports 3478 to 65535 "
                                      "include 3478, where the relay listens"},
        {PUBLIC "--lowest-port 3000 --highest-port 3478",
         "--lowest-port: \"3000\": the relay ports 3000 to 3478 include 3478, where the relay "
         "listens"},
        {PUBLIC "--lowest-port 50000 --highest-port 50003 --shards 5",
         "--shards: \"5\": every shard needs a relay port, and 50000 to 50003 are only 4"},
        {PUBLIC "shard --shard 0",
         "--shards: a shard by itself needs it, or SHARDS: how many there "
         "are, the same number for all of them"},
        {PUBLIC "check-config --shard 0", "--shards: a shard by itself needs it, or SHARDS: how "
                                          "many there are, the same number for all of them"},
        {PUBLIC "shard --shards 4", "--shard: `relay shard` needs it: which one, 0 to 3"},
        {PUBLIC "--shards 4 --shard 1",
         "--shard: \"1\": `relay run` is all shards; only `relay shard` takes it"},
        {PUBLIC "shard --shards 4 --shard 4",
         "--shard: \"4\": there are 4 shards, numbered 0 to 3: leave this one out, or have "
         "more of them everywhere (--shards, SHARDS)"},

        {PUBLIC "check-config --shards 4 --shard 4",
         "--shard: \"4\": there are 4 shards, numbered 0 to 3: leave this one out, or have "
         "more of them everywhere (--shards, SHARDS)"},

        {PUBLIC "--auth stamp,static", "--auth: \"stamp,static\": static needs --users-file"},
        {PUBLIC "--users-file /u",
         "--users-file: \"/u\": only the scheme static reads it, which --auth does not name"},
        {PUBLIC "--auth-secret hush --auth-secret-file /s",
         "--auth-secret-file: \"/s\": --auth-secret is given as well; give one of them"},
        {PUBLIC "walk", "\"walk\" is not a command: one of run, shard, portal, check-config"},
        {PUBLIC "--portal-url wss://portal.example",
         "--portal-url: \"wss://portal.example\": it needs --portal-token-file"},
        {PUBLIC "--portal-url wss://portal.example --portal-token t --portal-token-file /t",
         "--portal-token-file: \"/t\": --portal-token is given as well; give one of them"},
        {PUBLIC "--portal-url wss://portal.example --portal-token hush",
         "--portal-token: everybody on this host can read a command line; give the token in "
         "PORTAL_TOKEN, or rather in a file with --portal-token-file"},
        {PUBLIC "--portal-url ftp://portal.example --portal-token t",
         "--portal-url: \"ftp://portal.example\" is not usable: it must begin with wss://, ws://, "
         "https://, http://"},
        {PUBLIC "portal", "--portal-url: `relay portal` needs it"},
        {PUBLIC "shard --shards 4 --shard 1 --portal-url wss://portal.example --auth rest",
         "--auth: \"rest\": a control plane (--portal-url) hands out credentials of the scheme "
         "stamp"},
        {PUBLIC "run away", "\"away\": nothing may stand behind the command run"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        refuses(cases[i][0], cases[i][1]);
}

static void a_bad_variable_is_named_itself(void **state)
{
    (void)state;
    setenv("LOWEST_PORT", "99999", 1);
    refuses(PUBLIC, "LOWEST_PORT: \"99999\" is not a port: a number from 1 to 65535");
    setenv("LOWEST_PORT", "60000", 1);
    setenv("HIGHEST_PORT", "50000", 1);
    refuses(PUBLIC,
            "LOWEST_PORT: \"60000\": the lowest relay port, 60000, is above the highest, 50000");
    clear_relay_variables();
    setenv("SHARD", "1", 1);
    refuses(PUBLIC "--shards 4",
            "SHARD: \"1\": `relay run` is all shards; only `relay shard` takes it");
    reads(PUBLIC "shard --shards 4");
    assert_int_equal(options->shard, 1);
}

static void the_token_is_not_for_shards(void **state)
{
    (void)state;
    reads(PUBLIC "shard --shards 4 --shard 1 --portal-url wss://portal.example");
    reads(PUBLIC "check-config --shards 4 --shard 1 --portal-url wss://portal.example");
    setenv("FIREZONE_API_URL", "wss://portal.example", 1);
    setenv("PORTAL_TOKEN", "hush", 1);
    setenv("FIREZONE_TOKEN", "hush as well", 1);
    reads(PUBLIC);
    assert_string_equal(options->portal_url, "wss://portal.example");
    assert_string_equal(options->portal_token, "hush");
    relay_options_unset("portal-token");
    assert_null(getenv("PORTAL_TOKEN"));
    assert_null(getenv("FIREZONE_TOKEN"));
    assert_non_null(getenv("FIREZONE_API_URL"));
    /* An empty variable counts as unset. */
    setenv("PORTAL_URL", "", 1);
    setenv("FIREZONE_API_URL", "", 1);
    reads(PUBLIC);
    assert_null(options->portal_url);
}

static void ranges_have_a_number(void **state)
{
    char line[OPTION_LINE_MAX] = PUBLIC "--deny-peer ";

    (void)state;
    for (unsigned i = 0; i < TURN_POLICY_RANGES_MAX; i++) {
        size_t len = strlen(line);
        snprintf(line + len, sizeof(line) - len, "%s1.0.0.%u", i > 0 ? "," : "", i);
    }
    reads(line);
    assert_int_equal(options->peer_policy.range_count, TURN_POLICY_RANGES_MAX);
    strcat(line, ",1.1.1.1");
    refuses(line, "--deny-peer: \"1.1.1.1\" is not one of the first 256 ranges of --allow-peer and "
                  "--deny-peer: there are no more");
}

static void the_default_of_shards_fits_the_ports(void **state)
{
    (void)state;
    reads(PUBLIC "--lowest-port 50000 --highest-port 50000");
    assert_int_equal(options->shards, 1);
}

static void help_shows_every_option_then_every_variable(void **state)
{
    static const char *const names[] = {
        "public-ip4-addr", "public-ip6-addr", "shards",     "shard",
        "lowest-port",     "highest-port",    "auth",       "auth-secret-file",
        "auth-secret",     "users-file",      "realm",      "state-dir",
        "allow-peer",      "deny-peer",       "user-quota", "channels-per-allocation",
        "max-allocations", "max-lifetime",    "port-rest",  "unauthenticated-rate",
        "log-level",       "log-format",      "help",       "version",
    };
    struct captured help;
    const char *text, *variables;

    (void)state;
    assert_int_equal(parse_line(&fixture, "--help"), OPTIONS_HELP);
    assert_int_equal(parse_line(&fixture, "-h"), OPTIONS_HELP);
    assert_int_equal(parse_line(&fixture, "shard --version"), OPTIONS_VERSION);
    setenv("AUTH_SECRET", "hush-hush", 1);
    captured_open(&help);
    relay_options_help(help.file);
    text = captured_text(&help);
    variables = strstr(text, "Environment variables");
    assert_non_null(variables);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char row[64];
        snprintf(row, sizeof(row), "--%s", names[i]);
        assert_says(text, row);
        assert_true(strstr(text, row) < variables);
    }
    for (size_t i = 0; i < RELAY_VARIABLE_COUNT; i++) {
        char row[64];
        snprintf(row, sizeof(row), "\n  %s ", relay_variables[i]);
        assert_says(variables, row);
    }
    assert_says(text, "[default: 49152]");
    assert_says(text, "[default: usable CPUs]");
    assert_null(strstr(text, "hush-hush"));
    for (const char *line = text; *line != '\0'; line += strcspn(line, "\n") + 1)
        assert_true(strcspn(line, "\n") <= 100);
    captured_close(&help);
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(http_is_on_an_address_with_a_port_or_off),
        TEST(defaults_are_those_of_the_limits),
        TEST(every_option_is_read),
        TEST(the_environment_gives_what_options_do_not),
        TEST(the_policy_knows_ranges_and_relayed_addresses),
        TEST(bad_values_name_option_value_and_rule),
        TEST(options_that_do_not_go_together),
        TEST(a_bad_variable_is_named_itself),
        TEST(the_token_is_not_for_shards),
        TEST(ranges_have_a_number),
        TEST(the_default_of_shards_fits_the_ports),
        TEST(help_shows_every_option_then_every_variable),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
