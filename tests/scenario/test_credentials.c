/* test_credentials.c — whose requests are accepted: the three schemes, expiry, ownership. */
#include "scenario.h"

#include <stdio.h>

/* Sets the client's credential. */
static void use(struct fixture *f, struct test_client *client, const char *username,
                const char *password)
{
    snprintf(client->username, sizeof(client->username), "%s", username);
    assert_int_equal(turn_long_term_key(f->crypto, bytes_of_text(username),
                                        bytes_of_text(client->realm), bytes_of_text(password),
                                        &client->key),
                     ERR_OK);
}

static void use_stamp(struct fixture *f, struct test_client *client, const char *username)
{
    char password[TURN_PASSWORD_MAX];
    assert_int_equal(
        turn_password_stamp(f->crypto, f->setup.config.secret, bytes_of_text(username), password),
        ERR_OK);
    use(f, client, username, password);
}

static void use_rest(struct fixture *f, struct test_client *client, const char *username)
{
    char password[TURN_PASSWORD_MAX];
    assert_int_equal(
        turn_password_rest(f->crypto, f->setup.config.secret, bytes_of_text(username), password),
        ERR_OK);
    use(f, client, username, password);
}

static void accepted(struct fixture *f, const char *rule)
{
    ask(f, &f->alice, TURN_CREATE_PERMISSION, NO_ATTRS);
    EXPECT(f, rule, SUCCESS(alice));
}

static void refused(struct fixture *f, const char *rule)
{
    struct message m = client_message(&f->alice, TURN_CREATE_PERMISSION, NO_ATTRS);
    client_asks(f, &f->alice, &m, FORGED);
    EXPECT(f, rule, ERROR(alice, 401));
}

static void stamp_vectors(void **state)
{
    struct fixture *f = *state;
    use(f, &f->alice, TEST_USERNAME, TEST_PASSWORD);
    get_nonce(f, &f->alice);
    accepted(f, "row Credential schemes: stamp, the first vector");
}

static void second_stamp_vector(void **state)
{
    struct fixture *f = *state;
    f->setup.config.secret = bytes_of_text("1cab293a-4032-46f4-862a-40e5d174b0d2");
    use(f, &f->alice, "1685984278:uvdgKvS9GXYZ_vmv", "6xUIoZ+QvxKhRasLifwfRkMXl+ETLJUsFkHlXjlHAkg");
    get_nonce(f, &f->alice);
    refused(f, "row Credential schemes: stamp, the second vector, which has expired");
    fixture_start(f);
    f->cs.now.wall.sec = 1685984278;
    accepted(f, "row Credential schemes: valid while expiry >= now");
    f->cs.now.wall.sec++;
    refused(f, "row Credential schemes: and not a second longer");
}

static void rest_usernames(void **state)
{
    struct fixture *f = *state;
    /* HMAC-SHA1 of the username under the first vector's secret, made with
     * openssl dgst -sha1 -hmac. */
    use(f, &f->alice, "1892160000:someone", "43gyVEO6A+dDVaKSbzAbsPHCzvg=");
    get_nonce(f, &f->alice);
    ask(f, &f->alice, TURN_CREATE_PERMISSION, NO_ATTRS);
    EXPECT(f, "row Credential schemes: rest, expiry:name", SUCCESS(alice));
    use_rest(f, &f->alice, "1892160000");
    accepted(f, "row Credential schemes: rest, expiry alone");
    use_rest(f, &f->alice, "1892160000:a:b:c");
    accepted(f, "row Credential schemes: rest, colons in the name");
    use_rest(f, &f->alice, "1600000000:someone");
    refused(f, "row Credential schemes: rest, expired");
}

static void static_users(void **state)
{
    struct fixture *f = *state;
    struct turn_users *users = turn_users_new();
    /* The key of RFC 8489 §9.2.2: MD5 of user:realm:pass. */
    static const char line[] = "user:8493fbc53ba582fb4c044c456bdc40eb";
    assert_int_equal(turn_users_add_line(users, line, strlen(line)), ERR_OK);
    f->setup.config.schemes = TURN_SCHEME_STATIC;
    f->setup.config.users = users;
    f->setup.config.realm = "realm";
    snprintf(f->alice.realm, sizeof(f->alice.realm), "realm");
    use(f, &f->alice, "user", "pass");
    get_nonce(f, &f->alice);
    accepted(f, "row Credential schemes: static, long-term keys");
    use(f, &f->alice, "user", "wrong");
    struct message m = client_message(&f->alice, TURN_ALLOCATE, ATTRS(UDP));
    client_asks(f, &f->alice, &m, FORGED);
    EXPECT_TRUE("row Credential schemes: static, a wrong password",
                f->cs.seen_count == 1 && f->cs.seen[0].answer.error_code == 401);
    /* Other schemes are off. */
    use_stamp(f, &f->alice, TEST_USERNAME);
    f->alice.underivable = true;
    refused(f, "row Credential schemes: only what --auth names");
    fixture_free(f);
    *state = fixture_new();
    turn_users_free(users);
}

static void schemes_are_told_apart_by_what_verifies(void **state)
{
    struct fixture *f = *state;
    use_stamp(f, &f->alice, "1892160000:both");
    get_nonce(f, &f->alice);
    accepted(f, "row Credential schemes: expiry:x as stamp");
    use_rest(f, &f->alice, "1892160000:both");
    accepted(f, "row Credential schemes: the same username as rest, answered with its key");
}

/* 3.5: unsigned 64-bit comparison, also past the range of signed time types. */
static void expiries_of_64_bits(void **state)
{
    struct fixture *f = *state;
    static const char *const usernames[] = {"9223372036854775807:x", "9223372036854775808:x",
                                            "9223372036854775809:x", "18446744073709551615:x"};
    get_nonce(f, &f->alice);
    for (size_t i = 0; i < sizeof(usernames) / sizeof(*usernames); i++) {
        use_stamp(f, &f->alice, usernames[i]);
        accepted(f, "row Credential schemes: expiry of 2^63 and more");
    }
    use_stamp(f, &f->alice, "0:x");
    refused(f, "row Credential schemes: expiry 0");
}

static void malformed_usernames(void **state)
{
    struct fixture *f = *state;
    static const char *const usernames[] = {"x",
                                            ":",
                                            ":x",
                                            "x:1892160000",
                                            "+1892160000:x",
                                            "-1:x",
                                            "01892160000:x",
                                            "1892160000 :x",
                                            "18446744073709551616:x",
                                            "0x70c8a000:x",
                                            "1892160000,x"};
    get_nonce(f, &f->alice);
    f->alice.underivable = true;
    for (size_t i = 0; i < sizeof(usernames) / sizeof(*usernames); i++) {
        snprintf(f->alice.username, sizeof(f->alice.username), "%s", usernames[i]);
        refused(f, "row Credential schemes: a username of no scheme: 401, without integrity");
    }
}

static void oversized_username(void **state)
{
    struct fixture *f = *state;
    get_nonce(f, &f->alice);
    char username[STUN_USERNAME_MAX + 2];
    int n = snprintf(username, sizeof(username), "1892160000:");
    memset(username + n, 'x', sizeof(username) - (size_t)n - 1);
    username[STUN_USERNAME_MAX] = 0;
    use_stamp(f, &f->alice, username);
    accepted(f, "USERNAME of 508 bytes, the longest (RFC 8489 §14.3)");
    username[STUN_USERNAME_MAX] = 'x';
    username[STUN_USERNAME_MAX + 1] = 0;
    struct message m = client_message(&f->alice, TURN_ALLOCATE, ATTRS(UDP));
    m.username = bytes_of_text(username);
    f->alice.underivable = true;
    client_asks(f, &f->alice, &m, FORGED);
    EXPECT_TRUE("USERNAME of 509 bytes is no username",
                f->cs.seen_count == 1 && (f->cs.seen[0].answer.error_code == 400 ||
                                          f->cs.seen[0].answer.error_code == 401));
}

static void wrong_username_for_an_allocation(void **state)
{
    struct fixture *f = *state;
    allocate_udp(f, &f->alice);
    bind_channel(f, &f->alice, 0x4000, f->peer_v4);
    use_stamp(f, &f->alice, "1892160000:intruder");

    ask(f, &f->alice, TURN_REFRESH, ATTRS(LIFETIME(0)));
    EXPECT(f, "row Wrong username for an allocation: Refresh", ERROR(alice, 441));
    ask(f, &f->alice, TURN_CHANNEL_BIND, ATTRS(CHANNEL(0x4001), PEER(f->peer_v6)));
    EXPECT(f, "row Wrong username for an allocation: ChannelBind", ERROR(alice, 441));
    ask(f, &f->alice, TURN_CHANNEL_BIND, ATTRS(CHANNEL(0x4000), PEER(f->peer_v4)));
    EXPECT(f, "row Wrong username for an allocation: ChannelBind of its own pair",
           ERROR(alice, 441));
    ask(f, &f->alice, TURN_ALLOCATE, ATTRS(UDP));
    EXPECT(f, "another Allocate on the five-tuple: 437 (RFC 8656 §7.2)", ERROR(alice, 437));

    use(f, &f->alice, TEST_USERNAME, TEST_PASSWORD);
    ask(f, &f->alice, TURN_REFRESH, NO_ATTRS);
    EXPECT(f, "its owner goes on", SUCCESS(alice));
}

static void credentials_that_expire_while_relaying(void **state)
{
    struct fixture *f = *state;
    use_stamp(f, &f->alice, "1700000060:soon");
    allocate_udp(f, &f->alice);
    bind_channel(f, &f->alice, 0x4000, f->peer_v4);
    advance(f, 61);
    client_sends_channel(f, &f->alice, 0x4000, "still");
    EXPECT_TO_PEER(f, "an allocation is not cut when its credential expires", alice, f->peer_v4,
                   "still");
    refused(f, "but nothing more is granted");
    ask(f, &f->alice, TURN_REFRESH, ATTRS(LIFETIME(600)));
    EXPECT(f, "not even a Refresh", ERROR(alice, 401));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENARIO(stamp_vectors),
        SCENARIO(second_stamp_vector),
        SCENARIO(rest_usernames),
        SCENARIO(static_users),
        SCENARIO(schemes_are_told_apart_by_what_verifies),
        SCENARIO(expiries_of_64_bits),
        SCENARIO(malformed_usernames),
        SCENARIO(oversized_username),
        SCENARIO(wrong_username_for_an_allocation),
        SCENARIO(credentials_that_expire_while_relaying),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
