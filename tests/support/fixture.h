/* fixture.h — the stage of the scenario tests: a server, three clients, and what is expected.
 *
 *     ask(f, &f->alice, TURN_REFRESH, ATTRS(LIFETIME(0)));
 *     EXPECT(f, "Refresh with 0 deletes", CLOSE(alice, FAMILY_SET_V4, TURN_END_DELETED),
 *            SUCCESS(alice));
 *
 * EXPECT names the rule and lists all commands in their order: neither another one
 * nor a further one may have come. The server is a checked one (checked_server.h),
 * so every step is also held against the model.
 */
#ifndef RELAY_TESTS_FIXTURE_H
#define RELAY_TESTS_FIXTURE_H

#include "checked_server.h"
#include "test_client.h"

struct fixture {
    struct server_setup setup; /* may be changed until the first input */
    struct checked_server cs;
    struct crypto *crypto;
    struct test_client alice;     /* 198.51.100.1, credential TEST_USERNAME (stamp) */
    struct test_client bob;       /* 198.51.100.2, another username */
    struct test_client carol;     /* IPv6, a third username */
    struct test_client device[4]; /* alice's other devices: her credential, other ports */
    struct transport_addr peer_v4;
    struct transport_addr peer_v6;
    struct answer answer; /* the last response that EXPECT has seen */
};

struct fixture *fixture_new(void);
/* fixture_free lets every lifetime pass, and finds nothing left. */
void fixture_free(struct fixture *f);
int fixture_setup(void **state);
int fixture_teardown(void **state);
#define SCENARIO(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

/* The inputs. ask sends a signed request with a fresh transaction id; client_asks a message
 * that was put together by hand; again repeats the last datagram. */
void ask(struct fixture *f, struct test_client *client, uint16_t method, const struct attr *attrs);
void client_asks(struct fixture *f, struct test_client *client, const struct message *message,
                 enum trust trust);
void again(struct fixture *f, struct test_client *client);
void client_sends(struct fixture *f, struct test_client *client, struct bytes datagram);
void client_sends_channel(struct fixture *f, struct test_client *client, uint16_t number,
                          const char *payload);
void peer_sends(struct fixture *f, struct test_client *client, struct transport_addr peer,
                const char *payload);
void relay_opens(struct fixture *f, struct test_client *client);
void relay_fails(struct fixture *f, struct test_client *client, enum turn_relay_failure failure,
                 uint8_t families);
void advance(struct fixture *f, uint32_t sec);
void advance_usec(struct fixture *f, int64_t usec);

/* Whole exchanges, each step of which is expected to succeed. */
void get_nonce(struct fixture *f, struct test_client *client);
void allocate(struct fixture *f, struct test_client *client, const struct attr *attrs);
void bind_channel(struct fixture *f, struct test_client *client, uint16_t number,
                  struct transport_addr peer);
void allocate_udp(struct fixture *f, struct test_client *client); /* REQUESTED-TRANSPORT alone */
void delete_allocation(struct fixture *f, struct test_client *client);

/* One expected command. */
struct expected {
    enum turn_command_kind kind;
    struct test_client *client;
    uint16_t error;   /* SEND: 0 = success */
    uint8_t families; /* OPEN, CLOSE */
    enum turn_end end;
    uint16_t number; /* RECORD, FORGET: of the channel, 0 = the allocation */
};
#define SUCCESS(who)                                                                               \
    {                                                                                              \
        .kind = TURN_COMMAND_SEND, .client = &f->who                                               \
    }
#define ERROR(who, code)                                                                           \
    {                                                                                              \
        .kind = TURN_COMMAND_SEND, .client = &f->who, .error = (code)                              \
    }
#define OPEN(who, set)                                                                             \
    {                                                                                              \
        .kind = TURN_COMMAND_OPEN_RELAY, .client = &f->who, .families = (set)                      \
    }
#define CLOSE(who, set, why)                                                                       \
    {                                                                                              \
        .kind = TURN_COMMAND_CLOSE_RELAY, .client = &f->who, .families = (set), .end = (why)       \
    }

#define CLAIM(who)                                                                                 \
    {                                                                                              \
        .kind = TURN_COMMAND_CLAIM, .client = &f->who                                              \
    }
#define RECORD(who, channel)                                                                       \
    {                                                                                              \
        .kind = TURN_COMMAND_RECORD, .client = &f->who, .number = (channel)                        \
    }
#define FORGET(who, channel)                                                                       \
    {                                                                                              \
        .kind = TURN_COMMAND_FORGET, .client = &f->who, .number = (channel)                        \
    }

#define EXPECT(f, rule, ...)                                                                       \
    fixture_expect(f, rule, (const struct expected[]){__VA_ARGS__},                                \
                   sizeof((const struct expected[]){__VA_ARGS__}) / sizeof(struct expected),       \
                   __FILE__, __LINE__)
/* No commands at all, and the verdict of the packet path. */
#define EXPECT_NOTHING(f, rule) fixture_expect(f, rule, NULL, 0, __FILE__, __LINE__)
#define EXPECT_DROP(f, rule, reason)                                                               \
    fixture_expect_drop(f, rule, TURN_COUNT_DROP_##reason, __FILE__, __LINE__)
#define EXPECT_TO_PEER(f, rule, who, peer, payload)                                                \
    fixture_expect_relay(f, rule, &(f)->who, 0, peer, payload, __FILE__, __LINE__)
#define EXPECT_TO_CLIENT(f, rule, who, number, payload)                                            \
    fixture_expect_relay(f, rule, &(f)->who, number, (struct transport_addr){0}, payload,          \
                         __FILE__, __LINE__)
/* Any condition; |rule| is what the failure says. */
#define EXPECT_TRUE(rule, condition) fixture_true(rule, condition, #condition, __FILE__, __LINE__)

void fixture_expect(struct fixture *f, const char *rule, const struct expected *expected,
                    size_t count, const char *file, int line);
void fixture_expect_drop(struct fixture *f, const char *rule, enum turn_counter reason,
                         const char *file, int line);
void fixture_expect_relay(struct fixture *f, const char *rule, const struct test_client *client,
                          uint16_t number, struct transport_addr peer, const char *payload,
                          const char *file, int line);
void fixture_true(const char *rule, bool holds, const char *condition, const char *file, int line);

/* fixture_start makes the server; done by the first input. */
void fixture_start(struct fixture *f);

#endif
