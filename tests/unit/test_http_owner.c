/* test_http_owner.c — tests of http_owner.h, with a registry and an HTTP server that do nothing by
 * themselves.
 */
#include "http_owner.h"

#include "http_body.h"
#include "http_json.h"
#include "ownership_backend.h"
#include "round.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

enum { ASKED_MAX = 128, TEXT_MAX = 16384 };

/* In the place of the server's. */
struct http_exchange {
    struct http_request request;
    char query[256];
    unsigned status; /* 0: no answer yet */
    char text[TEXT_MAX];
};

const struct http_request *http_exchange_request(const struct http_exchange *exchange)
{
    return &exchange->request;
}

static void note(struct http_exchange *exchange, unsigned status, const char *data, size_t len)
{
    assert_int_equal(exchange->status, 0);
    assert_true(len < TEXT_MAX);
    exchange->status = status;
    memcpy(exchange->text, data, len);
    exchange->text[len] = '\0';
}

void http_respond(struct http_exchange *exchange, unsigned status, const char *type,
                  struct http_body *body)
{
    assert_string_equal(type, HTTP_JSON_TYPE);
    note(exchange, status, http_body_data(body), http_body_len(body));
}

void http_respond_text(struct http_exchange *exchange, unsigned status, const char *text)
{
    note(exchange, status, text, strlen(text));
}

/* An operation of the registry that waits for the test to answer it. */
struct asked {
    struct five_tuple five_tuple;
    uint16_t port;
    ownership_each_record *each;
    ownership_done *done;
    void *context;
};

static struct {
    struct ownership registry;
    struct asked asked[ASKED_MAX];
    unsigned count;
    unsigned limit; /* operations that are taken */
    struct turn_peer_policy policy;
    struct http_owner *owner;
    struct http_exchange exchange;
    unsigned retries;
} fixture;

static enum err find_records(struct ownership *ownership, struct turn_now now,
                             const struct five_tuple *five_tuple, ownership_each_record *each,
                             ownership_done *done, void *context)
{
    (void)now;
    assert_ptr_equal(ownership, &fixture.registry);
    if (fixture.count >= fixture.limit)
        return ERR_LIMIT;
    fixture.asked[fixture.count++] =
        (struct asked){.five_tuple = *five_tuple, .each = each, .done = done, .context = context};
    return ERR_OK;
}

static enum err find_port(struct ownership *ownership, struct turn_now now, const char *host,
                          uint16_t port, ownership_each_record *each, ownership_done *done,
                          void *context)
{
    (void)ownership;
    (void)now;
    assert_string_equal(host, "here");
    if (fixture.count >= fixture.limit)
        return ERR_LIMIT;
    fixture.asked[fixture.count++] =
        (struct asked){.port = port, .each = each, .done = done, .context = context};
    return ERR_OK;
}

static const struct ownership_backend backend = {.find_records = find_records,
                                                 .find_port = find_port};

static void on_retry(void *context)
{
    (void)context;
    fixture.retries++;
}

static struct transport_addr addr_of(const char *text)
{
    struct transport_addr addr;

    assert_int_equal(transport_addr_parse(text, 3478, &addr), ERR_OK);
    return addr;
}

static void add_own(const char *text)
{
    assert_int_equal(ip_addr_parse(text, &fixture.policy.own_addrs[fixture.policy.own_addr_count]),
                     ERR_OK);
    fixture.policy.own_addr_count++;
}

static int set_up(void **state)
{
    const struct http_owner_config config = {
        .instance = "here", .policy = &fixture.policy, .retry = on_retry};

    (void)state;
    memset(&fixture, 0, sizeof(fixture));
    fixture.registry.backend = &backend;
    fixture.limit = ASKED_MAX;
    add_own("203.0.113.7");
    add_own("2001:db8::7");
    add_own("127.0.0.1");
    fixture.owner = http_owner_new(&config);
    assert_non_null(fixture.owner);
    http_owner_use(fixture.owner, &fixture.registry);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    http_owner_free(fixture.owner);
    return 0;
}

/* Asks and returns the status, 0 when the answer is to come. */
static unsigned get(const char *query)
{
    struct http_exchange *exchange = &fixture.exchange;

    (void)snprintf(exchange->query, sizeof(exchange->query), "%s", query);
    exchange->request =
        (struct http_request){.method = HTTP_GET, .path = "/api/owner", .query = exchange->query};
    exchange->status = 0;
    http_owner_handle(fixture.owner, exchange);
    return exchange->status;
}

static struct turn_record allocation_of(const struct asked *asked)
{
    struct turn_record record = {.kind = TURN_RECORD_ALLOCATION, .five_tuple = asked->five_tuple};

    if (asked->port != 0)
        record.five_tuple = (struct five_tuple){.client = addr_of("192.0.2.1:4000"),
                                                .server = addr_of("203.0.113.7:3478")};
    record.allocation.port = 50123;
    record.allocation.families = FAMILY_SET_V4;
    record.allocation.created.usec = clocks_read().mono.usec - (int64_t)100 * USEC_PER_SEC;
    /* Half a second more: not to be on an edge. */
    record.allocation.expires.usec = clocks_read().mono.usec + (int64_t)500 * USEC_PER_SEC + 500000;
    memcpy(record.allocation.username, "alice", 5);
    record.allocation.username_len = 5;
    return record;
}

static void answer_none(unsigned i, enum ownership_outcome outcome)
{
    const struct ownership_answer answer = {.outcome = outcome};

    fixture.asked[i].done(fixture.asked[i].context, &answer);
}

static void answer_found(unsigned i, const char *host, unsigned channels)
{
    const struct asked *asked = &fixture.asked[i];
    struct ownership_answer answer = {.outcome = OWNERSHIP_DONE, .owner_is_live = true};
    struct turn_record record = allocation_of(asked);
    struct turn_record channel = {.kind = TURN_RECORD_CHANNEL, .five_tuple = record.five_tuple};

    answer.owner.shard = 2;
    (void)snprintf(answer.owner.host, sizeof(answer.owner.host), "%s", host);
    asked->each(asked->context, &answer.owner, &record);
    channel.channel.peer = addr_of("198.51.100.99:9");
    channel.channel.bound_until = record.allocation.expires;
    for (unsigned c = 0; c < channels; c++) {
        channel.channel.number = (uint16_t)(0x4000 + c);
        asked->each(asked->context, &answer.owner, &channel);
    }
    asked->each(asked->context, &answer.owner, NULL); /* one that cannot be read */
    asked->done(asked->context, &answer);
}

static void a_client_is_asked_for_at_each_address_of_its_family(void **state)
{
    (void)state;
    assert_int_equal(get("client=192.0.2.1:4000"), 0);
    assert_int_equal(fixture.count, 1);
    answer_none(0, OWNERSHIP_NONE);
    assert_int_equal(fixture.count, 2);
    for (unsigned i = 0; i < 2; i++) {
        struct transport_addr client = addr_of("192.0.2.1:4000");
        struct transport_addr server = addr_of(i == 0 ? "203.0.113.7:3478" : "127.0.0.1:3478");

        assert_true(transport_addr_equal(&fixture.asked[i].five_tuple.client, &client));
        assert_true(transport_addr_equal(&fixture.asked[i].five_tuple.server, &server));
    }
    assert_int_equal(get("client=192.0.2.1:4000"), 0);
    assert_int_equal(fixture.retries, 0);
    answer_found(1, "here", 1);
    assert_int_equal(fixture.retries, 1);
    assert_int_equal(get("client=192.0.2.1:4000"), 200);
    assert_string_equal(
        fixture.exchange.text,
        "{\"allocations\":[{\"client\":\"192.0.2.1:4000\",\"server\":\"127.0.0.1:3478\","
        "\"relay_port\":50123,\"families\":\"ipv4\",\"age_sec\":100,\"left_sec\":500,"
        "\"host\":\"here\",\"shard\":2,\"channels\":[{\"number\":\"0x4000\",\"left_sec\":500}],"
        "\"more_channels\":0,\"lease_held\":true}]}");
    assert_int_equal(fixture.count, 2);
    assert_int_equal(get("client=[2001:db8::1]:4000"), 0);
    assert_int_equal(fixture.count, 3);
    answer_none(2, OWNERSHIP_NONE);
    assert_int_equal(get("client=[2001:db8::1]:4000"), 200);
    assert_string_equal(fixture.exchange.text, "{\"allocations\":[]}");
}

/* As relayctl shows it; in a URL % is %25. */
static void a_client_of_a_link_is_asked_for_with_its_scope(void **state)
{
    (void)state;
    assert_int_equal(get("client=[fe80::1%252]:4000"), 0);
    assert_int_equal(fixture.count, 1);
    assert_int_equal(fixture.asked[0].five_tuple.client.scope_id, 2);
    assert_int_equal(get("client=[fe80::1%25x]:4000"), 400);
    assert_int_equal(get("client=fe80::1%252"), 400);
}

static void each_allocation_of_a_client_is_told_with_its_own_lease(void **state)
{
    (void)state;
    assert_int_equal(get("client=192.0.2.1:4000"), 0);
    /* While one is asked about nothing else is, so that no answer is taken for another one's. */
    assert_int_equal(fixture.count, 1);
    answer_found(0, "here", 1);
    answer_found(1, "elsewhere", 1);
    assert_int_equal(get("client=192.0.2.1:4000"), 200);
    const char *second = strstr(fixture.exchange.text, "\"server\":\"127.0.0.1:3478\"");

    assert_non_null(strstr(fixture.exchange.text, "\"server\":\"203.0.113.7:3478\""));
    assert_non_null(second);
    assert_non_null(strstr(second, "\"lease_held\":true"));
}

static void a_relay_port_is_asked_for_at_this_host(void **state)
{
    (void)state;
    assert_int_equal(get("relay_port=50123"), 0);
    assert_int_equal(fixture.count, 1);
    assert_int_equal(fixture.asked[0].port, 50123);
    answer_found(0, "here", HTTP_OWNER_CHANNELS_MAX + 7);
    assert_int_equal(get("relay_port=50123"), 200);
    assert_non_null(strstr(fixture.exchange.text, "\"client\":\"192.0.2.1:4000\""));
    assert_non_null(strstr(fixture.exchange.text, "\"0x403F\""));
    assert_null(strstr(fixture.exchange.text, "\"0x4040\""));
    assert_non_null(strstr(fixture.exchange.text, "\"more_channels\":7"));
}

static void neither_users_nor_peers_are_told(void **state)
{
    (void)state;
    assert_int_equal(get("relay_port=50123"), 0);
    answer_found(0, "here", 2);
    assert_int_equal(get("relay_port=50123"), 200);
    assert_null(strstr(fixture.exchange.text, "alice"));
    assert_null(strstr(fixture.exchange.text, "198.51.100.99"));
}

static void times_of_another_host_are_not_known(void **state)
{
    (void)state;
    assert_int_equal(get("client=192.0.2.1:4000"), 0);
    answer_found(0, "elsewhere", 1);
    answer_none(1, OWNERSHIP_NONE);
    assert_int_equal(get("client=192.0.2.1:4000"), 200);
    assert_non_null(strstr(fixture.exchange.text, "\"left_sec\":null,\"host\":\"elsewhere\""));
    assert_non_null(strstr(fixture.exchange.text, "{\"number\":\"0x4000\",\"left_sec\":null}"));
}

static void a_registry_that_is_away_is_told(void **state)
{
    (void)state;
    assert_int_equal(get("client=192.0.2.1:4000"), 0);
    answer_found(0, "here", 1);
    answer_none(1, OWNERSHIP_AWAY);
    assert_int_equal(fixture.retries, 1);
    assert_int_equal(get("client=192.0.2.1:4000"), 503);
    assert_non_null(strstr(fixture.exchange.text, "registry does not answer"));
    fixture.limit = fixture.count;
    assert_int_equal(get("relay_port=50123"), 503);
    http_owner_use(fixture.owner, NULL);
    assert_int_equal(get("relay_port=50124"), 503);
    assert_non_null(strstr(fixture.exchange.text, "starting"));
}

static void so_many_questions_and_no_more(void **state)
{
    char query[64];

    (void)state;
    for (unsigned i = 0; i < HTTP_OWNER_QUESTIONS; i++) {
        (void)snprintf(query, sizeof(query), "relay_port=%u", 50000 + i);
        assert_int_equal(get(query), 0);
        assert_int_equal(get(query), 0);
    }
    assert_int_equal(fixture.count, HTTP_OWNER_QUESTIONS);
    assert_int_equal(get("relay_port=60000"), 503);
    assert_non_null(strstr(fixture.exchange.text, "Too many questions"));
    answer_none(3, OWNERSHIP_NONE);
    assert_int_equal(get("relay_port=50003"), 200);
    /* Its answer is fresh still, so there is no place. */
    assert_int_equal(get("relay_port=60000"), 503);
    for (unsigned i = 0; i < HTTP_OWNER_QUESTIONS; i++)
        if (i != 3)
            answer_none(i, OWNERSHIP_AWAY);
}

static void addresses_without_end_are_not_all_asked_for(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 100; i++) {
        char text[32];

        (void)snprintf(text, sizeof(text), "10.0.0.%u", i + 1);
        add_own(text);
    }
    assert_int_equal(get("client=192.0.2.1:4000"), 0);
    for (unsigned i = 0; i < HTTP_OWNER_SERVERS_MAX; i++)
        answer_none(i, OWNERSHIP_NONE);
    assert_int_equal(fixture.count, HTTP_OWNER_SERVERS_MAX);
    assert_int_equal(fixture.retries, 1);
    fixture.policy.own_addr_count = 0;
    assert_int_equal(get("client=192.0.2.2:4000"), 200);
    assert_string_equal(fixture.exchange.text, "{\"allocations\":[]}");
}

static void what_is_no_question_is_refused(void **state)
{
    static const char *const queries[] = {
        "",
        "client",
        "client=",
        "client=192.0.2.1",
        "client=192.0.2.1:0",
        "client=192.0.2.1:65536",
        "client=192.0.2.01:5",
        "client=192.0.2.1:5%00",
        "client=192.0.2.1:5%20",
        "client=2001:db8::1:5",
        "client=[2001:db8::1]",
        "client=example.com:5",
        "client=192.0.2.1:5&relay_port=5",
        "client=192.0.2.1:5&",
        "clients=192.0.2.1:5",
        "relay_port=",
        "relay_port=0",
        "relay_port=65536",
        "relay_port=050123",
        "relay_port=+5",
        "relay_port=5x",
        "relay_port=%",
        "relay_port=99999999999999999999999999999999999999999999999999999999999999999999999999999",
    };

    (void)state;
    for (unsigned i = 0; i < sizeof(queries) / sizeof(queries[0]); i++)
        assert_int_equal(get(queries[i]), 400);
    assert_int_equal(fixture.count, 0);
    assert_int_equal(get("client=%5B2001%3Adb8%3A%3A1%5D%3A5"), 0);
    answer_none(0, OWNERSHIP_NONE);
}

int main(void)
{
#define OWNER_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        OWNER_TEST(a_client_is_asked_for_at_each_address_of_its_family),
        OWNER_TEST(a_client_of_a_link_is_asked_for_with_its_scope),
        OWNER_TEST(each_allocation_of_a_client_is_told_with_its_own_lease),
        OWNER_TEST(a_relay_port_is_asked_for_at_this_host),
        OWNER_TEST(neither_users_nor_peers_are_told),
        OWNER_TEST(times_of_another_host_are_not_known),
        OWNER_TEST(a_registry_that_is_away_is_told),
        OWNER_TEST(so_many_questions_and_no_more),
        OWNER_TEST(addresses_without_end_are_not_all_asked_for),
        OWNER_TEST(what_is_no_question_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
