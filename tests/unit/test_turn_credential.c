/* test_turn_credential.c — passwords and keys of the three schemes, the users file. */
#include "unit.h"

#include "turn_credential.h"

#include <stdio.h>
#include <string.h>

#define SECRET "4c98bf59c99b3e467ecd7cf9d6b3e5279645fca59be67bc5bb4af3cf653761ab"

static struct crypto *crypto;

static int set_up(void **state)
{
    (void)state;
    return crypto_new(&crypto) == ERR_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    crypto_free(crypto);
    return 0;
}

/* relay-behaviour 3.2: passwords and keys of both rows. */
static void stamp_vectors(void **state)
{
    (void)state;
    static const struct {
        const char *secret, *username, *password;
        uint8_t key[MD5_LEN];
    } rows[] = {
        {SECRET,
         "1892160000:n23JJ2wKKtt30oXi",
         "00hqldgk5xLeKKOB+xls9mHMVtgqzie9DulfgQwMv68",
         {0xe4, 0x44, 0xd9, 0x39, 0x76, 0xb9, 0x2e, 0xc3, 0x55, 0xc1, 0x43, 0x37, 0xc9, 0xa9, 0xd3,
          0xfb}},
        {"1cab293a-4032-46f4-862a-40e5d174b0d2",
         "1685984278:uvdgKvS9GXYZ_vmv",
         "6xUIoZ+QvxKhRasLifwfRkMXl+ETLJUsFkHlXjlHAkg",
         {0xa1, 0x62, 0x8e, 0xa7, 0x5a, 0x65, 0x27, 0x05, 0x05, 0xa9, 0x09, 0x53, 0x53, 0x48, 0x85,
          0xc2}},
    };
    for (size_t i = 0; i < 2; i++) {
        char password[TURN_PASSWORD_MAX];
        struct turn_key key;
        assert_int_equal(turn_password_stamp(crypto, bytes_of_text(rows[i].secret),
                                             bytes_of_text(rows[i].username), password),
                         ERR_OK);
        assert_string_equal(password, rows[i].password);
        assert_int_equal(turn_long_term_key(crypto, bytes_of_text(rows[i].username),
                                            bytes_of_text("firezone"), bytes_of_text(password),
                                            &key),
                         ERR_OK);
        assert_memory_equal(key.bytes, rows[i].key, MD5_LEN);
    }
}

/* Base64 of HMAC-SHA1; values made with openssl dgst -sha1 -hmac SECRET -binary | base64. */
static void rest_vectors(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"1892160000:someone", "43gyVEO6A+dDVaKSbzAbsPHCzvg="},
        {"1892160000", "ki58MpUk+GNnSfMXGsaafoe35Ew="},
    };
    for (size_t i = 0; i < 2; i++) {
        char password[TURN_PASSWORD_MAX];
        assert_int_equal(
            turn_password_rest(crypto, bytes_of_text(SECRET), bytes_of_text(rows[i][0]), password),
            ERR_OK);
        assert_string_equal(password, rows[i][1]);
    }
}

/* RFC 8489 §9.2.2 gives this key. */
static void long_term_key_of_the_rfc(void **state)
{
    (void)state;
    static const uint8_t expected[MD5_LEN] = {0x84, 0x93, 0xfb, 0xc5, 0x3b, 0xa5, 0x82, 0xfb,
                                              0x4c, 0x04, 0x4c, 0x45, 0x6b, 0xdc, 0x40, 0xeb};
    struct turn_key key;
    assert_int_equal(turn_long_term_key(crypto, bytes_of_text("user"), bytes_of_text("realm"),
                                        bytes_of_text("pass"), &key),
                     ERR_OK);
    assert_memory_equal(key.bytes, expected, MD5_LEN);
}

static void usernames_that_fit(void **state)
{
    (void)state;
    static const struct {
        const char *username;
        bool stamp, rest;
    } rows[] = {
        {"1:x", true, true},
        {"1:", true, true},
        {"0:x", true, true},
        {"1", false, true},
        {"1:x:y", false, true},
        {"18446744073709551615:x", true, true},
        {"18446744073709551616:x", false, false},
        {"", false, false},
        {":", false, false},
        {":x", false, false},
        {"x:1", false, false},
        {"+1:x", false, false},
        {"-1:x", false, false},
        {" 1:x", false, false},
        {"1 :x", false, false},
        {"01:x", false, false},
        {"00:x", false, false},
        {"0x1:x", false, false},
        {"1.5:x", false, false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        char password[TURN_PASSWORD_MAX];
        struct bytes username = bytes_of_text(rows[i].username);
        enum err stamp = turn_password_stamp(crypto, bytes_of_text(SECRET), username, password);
        enum err rest = turn_password_rest(crypto, bytes_of_text(SECRET), username, password);
        if (stamp != (rows[i].stamp ? ERR_OK : ERR_MALFORMED) ||
            rest != (rows[i].rest ? ERR_OK : ERR_MALFORMED))
            fail_msg("'%s': stamp %s, rest %s", rows[i].username, err_name(stamp), err_name(rest));
    }
}

static size_t candidates(unsigned schemes, const struct turn_users *users, uint64_t wall,
                         const char *username, struct turn_candidate *ret)
{
    const struct turn_credentials credentials = {.schemes = schemes,
                                                 .secret = bytes_of_text(SECRET),
                                                 .realm = bytes_of_text("firezone"),
                                                 .users = users};
    return turn_credentials_candidates(&credentials, crypto, (struct wall_time){.sec = wall},
                                       bytes_of_text(username), ret);
}

static void candidates_by_scheme(void **state)
{
    (void)state;
    enum { ALL = TURN_SCHEME_STAMP | TURN_SCHEME_REST | TURN_SCHEME_STATIC };
    static const char line[] = "100:x:00112233445566778899aabbccddeeff";
    struct turn_candidate c[TURN_CANDIDATES_MAX];
    struct turn_users *users = turn_users_new();
    assert_int_equal(turn_users_add_line(users, line, strlen(line)), ERR_OK);

    assert_int_equal(candidates(ALL, users, 1, "100:x", c), 3);
    assert_int_equal(c[0].scheme, TURN_SCHEME_STATIC);
    assert_int_equal(c[1].scheme, TURN_SCHEME_STAMP);
    assert_int_equal(c[2].scheme, TURN_SCHEME_REST);
    assert_int_equal(c[0].key.bytes[15], 0xFF);
    assert_memory_not_equal(c[1].key.bytes, c[2].key.bytes, MD5_LEN);

    assert_int_equal(candidates(ALL, users, 101, "100:x", c), 3);
    assert_false(c[0].expired); /* static users have no expiry */
    assert_true(c[1].expired && c[2].expired);
    assert_int_equal(candidates(TURN_SCHEME_STAMP, users, 100, "100:x", c), 1);
    assert_int_equal(c[0].scheme, TURN_SCHEME_STAMP);
    assert_false(c[0].expired); /* valid while expiry >= now */
    assert_int_equal(candidates(TURN_SCHEME_REST, users, 1, "100:x", c), 1);
    assert_int_equal(c[0].scheme, TURN_SCHEME_REST);
    assert_int_equal(candidates(ALL, NULL, 1, "100:x", c), 2);
    assert_int_equal(candidates(ALL, users, 1, "nobody", c), 0);
    assert_int_equal(candidates(ALL, users, 1, "", c), 0);
    turn_users_free(users);
}

/* Unsigned 64-bit numbers on both sides. */
static void far_future_and_far_past(void **state)
{
    (void)state;
    struct turn_candidate c[TURN_CANDIDATES_MAX];
    assert_int_equal(
        candidates(TURN_SCHEME_STAMP, NULL, UINT64_C(1) << 63, "9223372036854775807:x", c), 1);
    assert_true(c[0].expired);
    assert_int_equal(
        candidates(TURN_SCHEME_STAMP, NULL, UINT64_C(1) << 63, "9223372036854775808:x", c), 1);
    assert_false(c[0].expired);
    assert_int_equal(candidates(TURN_SCHEME_STAMP, NULL, UINT64_MAX, "18446744073709551615:x", c),
                     1);
    assert_false(c[0].expired);
}

static void users_file_lines(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        enum err err;
    } rows[] = {
        {"alice:00112233445566778899aabbccddeeff", ERR_OK},
        {"bob:00112233445566778899AABBCCDDEEFF\r", ERR_OK},
        {"a:b:c:00112233445566778899aabbccddeeff", ERR_OK},
        {"", ERR_OK},
        {"# a comment", ERR_OK},
        {"alice:ffffffffffffffffffffffffffffffff", ERR_EXISTS},
        {"alice", ERR_MALFORMED},
        {"alice:", ERR_MALFORMED},
        {":00112233445566778899aabbccddeeff", ERR_MALFORMED},
        {"carol:00112233445566778899aabbccddeef", ERR_MALFORMED},
        {"carol:00112233445566778899aabbccddeeff0", ERR_MALFORMED},
        {"carol:00112233445566778899aabbccddeefg", ERR_MALFORMED},
        {"carol:a password", ERR_MALFORMED},
    };
    struct turn_users *users = turn_users_new();
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        enum err err = turn_users_add_line(users, rows[i].line, strlen(rows[i].line));
        if (err != rows[i].err)
            fail_msg("'%s': %s", rows[i].line, err_name(err));
    }
    assert_int_equal(turn_users_count(users), 3);
    struct turn_candidate c[TURN_CANDIDATES_MAX];
    assert_int_equal(candidates(TURN_SCHEME_STATIC, users, 1, "a:b:c", c), 1);
    assert_int_equal(c[0].key.bytes[1], 0x11);
    assert_int_equal(candidates(TURN_SCHEME_STATIC, users, 1, "a:b", c), 0);
    turn_users_free(users);
    turn_users_free(NULL);
}

static void many_users(void **state)
{
    (void)state;
    struct turn_users *users = turn_users_new();
    char line[96];
    for (unsigned i = 0; i < 2000; i++) {
        int len = snprintf(line, sizeof(line), "user%u:%032x", i, i);
        assert_int_equal(turn_users_add_line(users, line, (size_t)len), ERR_OK);
    }
    assert_int_equal(turn_users_count(users), 2000);
    for (unsigned i = 0; i < 2000; i++) {
        struct turn_candidate c[TURN_CANDIDATES_MAX];
        snprintf(line, sizeof(line), "user%u", i);
        assert_int_equal(candidates(TURN_SCHEME_STATIC, users, 1, line, c), 1);
        assert_int_equal(c[0].key.bytes[15], i % 256);
    }
    turn_users_free(users);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stamp_vectors),
        cmocka_unit_test(rest_vectors),
        cmocka_unit_test(long_term_key_of_the_rfc),
        cmocka_unit_test(usernames_that_fit),
        cmocka_unit_test(candidates_by_scheme),
        cmocka_unit_test(far_future_and_far_past),
        cmocka_unit_test(users_file_lines),
        cmocka_unit_test(many_users),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
