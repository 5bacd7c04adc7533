/* fixture.c — the stage of the scenario tests: a server, three clients, and what is expected. */
#include "fixture.h"

#include "wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static void fail_in_cmocka(const char *message)
{
    fail_msg("invariant broken: %s", message);
}

static void init_client(struct fixture *f, struct test_client *client, const char *at,
                        const char *server, const char *username)
{
    char password[TURN_PASSWORD_MAX];
    if (turn_password_stamp(f->crypto, bytes_of_text(TEST_SECRET), bytes_of_text(username),
                            password) != ERR_OK)
        abort();
    client_init(client, f->crypto, test_addr(at), test_addr(server), username, password,
                TEST_REALM);
}

struct fixture *fixture_new(void)
{
    struct fixture *f = calloc(1, sizeof(*f));
    if (!f || crypto_new(&f->crypto) != ERR_OK)
        abort();
    server_setup_init(&f->setup);
    init_client(f, &f->alice, "198.51.100.1:40001", "203.0.113.9:3478", TEST_USERNAME);
    init_client(f, &f->bob, "198.51.100.2:40002", "203.0.113.9:3478", "1892160000:bob");
    init_client(f, &f->carol, "[2001:db8:1::3]:40003", "[2001:db8::9]:3478", "1892160000:carol");
    for (size_t i = 0; i < sizeof(f->device) / sizeof(*f->device); i++) {
        f->device[i] = f->alice;
        f->device[i].tuple.client.port = (uint16_t)(40101 + i);
    }
    f->peer_v4 = test_addr("8.8.4.4:5000");
    f->peer_v6 = test_addr("[2600:1::4]:6000");
    return f;
}

int fixture_setup(void **state)
{
    *state = fixture_new();
    return 0;
}

void fixture_start(struct fixture *f)
{
    if (f->cs.server)
        return;
    checked_server_init(&f->cs, &f->setup);
    f->cs.failed = fail_in_cmocka;
}

void fixture_free(struct fixture *f)
{
    if (f->cs.server)
        checked_let_all_end(&f->cs);
    checked_server_deinit(&f->cs);
    crypto_free(f->crypto);
    free(f);
}

int fixture_teardown(void **state)
{
    fixture_free(*state);
    return 0;
}

void client_sends(struct fixture *f, struct test_client *client, struct bytes datagram)
{
    fixture_start(f);
    client->want = (struct want){.request_len = datagram.len};
    client->request_len = datagram.len;
    /* A copy of exactly this size, so that a sanitizer sees every step beyond it. */
    uint8_t *copy = malloc(datagram.len + 1);
    if (!copy)
        abort();
    memcpy(copy, datagram.data, datagram.len);
    checked_client_datagram(&f->cs, &client->tuple,
                            (struct bytes){.data = copy, .len = datagram.len}, FORGED);
    free(copy);
}

void client_asks(struct fixture *f, struct test_client *client, const struct message *message,
                 enum trust trust)
{
    fixture_start(f);
    client_build(client, f->crypto, message);
    checked_client_datagram(&f->cs, &client->tuple,
                            (struct bytes){.data = client->request, .len = client->request_len},
                            trust);
}

void ask(struct fixture *f, struct test_client *client, uint16_t method, const struct attr *attrs)
{
    struct message message = client_message(client, method, attrs);
    client_asks(f, client, &message, AUTHENTIC);
}

void again(struct fixture *f, struct test_client *client)
{
    checked_client_datagram(&f->cs, &client->tuple,
                            (struct bytes){.data = client->request, .len = client->request_len},
                            AUTHENTIC);
}

void client_sends_channel(struct fixture *f, struct test_client *client, uint16_t number,
                          const char *payload)
{
    uint8_t datagram[MESSAGE_MAX];
    size_t len = strlen(payload);
    wire_store_u16(datagram, number);
    wire_store_u16(datagram + 2, (uint16_t)len);
    memcpy(datagram + 4, payload, len);
    fixture_start(f);
    /* The views of the verdict live as long as the datagram: it is kept in the client. */
    memcpy(client->request, datagram, len + 4);
    client->request_len = len + 4;
    checked_client_datagram(&f->cs, &client->tuple,
                            (struct bytes){.data = client->request, .len = len + 4}, FORGED);
}

void peer_sends(struct fixture *f, struct test_client *client, struct transport_addr peer,
                const char *payload)
{
    size_t len = strlen(payload);
    memcpy(client->request + TURN_HEADROOM, payload, len);
    checked_peer_datagram(&f->cs, client->relay_id, &peer, client->request + TURN_HEADROOM, len);
}

void relay_opens(struct fixture *f, struct test_client *client)
{
    checked_opened(&f->cs, client->relay_id);
}

void relay_fails(struct fixture *f, struct test_client *client, enum turn_relay_failure failure,
                 uint8_t families)
{
    checked_open_failed(&f->cs, client->relay_id, failure, families);
}

void advance_usec(struct fixture *f, int64_t usec)
{
    fixture_start(f);
    checked_advance(&f->cs, usec);
}

void advance(struct fixture *f, uint32_t sec)
{
    advance_usec(f, sec * USEC_PER_SEC);
}

void get_nonce(struct fixture *f, struct test_client *client)
{
    struct message m = client_message(client, TURN_ALLOCATE, ATTRS(UDP));
    m.nonce = (struct bytes){0};
    client_asks(f, client, &m, FORGED);
    fixture_expect(f, "the first Allocate is challenged (RFC 8489 §9.2.4)",
                   &(struct expected){.kind = TURN_COMMAND_SEND, .client = client, .error = 401}, 1,
                   __FILE__, __LINE__);
}

void allocate(struct fixture *f, struct test_client *client, const struct attr *attrs)
{
    if (client->nonce_len == 0)
        get_nonce(f, client);
    ask(f, client, TURN_ALLOCATE, attrs);
    const char *rule = "Allocate opens the relay, then succeeds (RFC 8656 §7.2)";
    if (f->cs.seen_count != 1)
        fail_msg("%s: %zu commands", rule, f->cs.seen_count);
    fixture_expect(f, rule,
                   &(struct expected){.kind = TURN_COMMAND_OPEN_RELAY,
                                      .client = client,
                                      .families = f->cs.seen[0].command.families},
                   1, __FILE__, __LINE__);
    relay_opens(f, client);
    fixture_expect(f, rule, &(struct expected){.kind = TURN_COMMAND_SEND, .client = client}, 1,
                   __FILE__, __LINE__);
}

void allocate_udp(struct fixture *f, struct test_client *client)
{
    allocate(f, client, ATTRS(UDP));
}

void bind_channel(struct fixture *f, struct test_client *client, uint16_t number,
                  struct transport_addr peer)
{
    ask(f, client, TURN_CHANNEL_BIND, ATTRS(CHANNEL(number), PEER(peer)));
    fixture_expect(f, "ChannelBind succeeds (RFC 8656 §12.2)",
                   &(struct expected){.kind = TURN_COMMAND_SEND, .client = client}, 1, __FILE__,
                   __LINE__);
}

void delete_allocation(struct fixture *f, struct test_client *client)
{
    ask(f, client, TURN_REFRESH, ATTRS(LIFETIME(0)));
    const struct expected expected[] = {
        {.kind = TURN_COMMAND_CLOSE_RELAY,
         .client = client,
         .families = f->cs.seen_count ? f->cs.seen[0].command.families : 0,
         .end = TURN_END_DELETED},
        {.kind = TURN_COMMAND_SEND, .client = client},
    };
    fixture_expect(f, "Refresh with lifetime 0 deletes (RFC 8656 §8.2)", expected, 2, __FILE__,
                   __LINE__);
}
