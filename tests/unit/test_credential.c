/* test_credential.c — usernames and passwords made from a shared secret. */
#include "credential.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct crypto *crypto;

static int open_crypto(void **state)
{
    (void)state;
    return crypto_new(&crypto) == ERR_OK ? 0 : -1;
}

static int close_crypto(void **state)
{
    (void)state;
    crypto_free(crypto);
    return 0;
}

static void assert_key(const char *username, const char *password, const uint8_t expected[MD5_LEN])
{
    struct turn_key key;
    assert_int_equal(turn_long_term_key(crypto, bytes_of_text(username), bytes_of_text("firezone"),
                                        bytes_of_text(password), &key),
                     ERR_OK);
    assert_memory_equal(key.bytes, expected, MD5_LEN);
}

/* The vectors that stamp clients and issuers agree on. */
static void test_stamp_vectors(void **state)
{
    (void)state;
    struct credential made;
    assert_int_equal(
        credential_make(
            crypto, TURN_SCHEME_STAMP,
            bytes_of_text("4c98bf59c99b3e467ecd7cf9d6b3e5279645fca59be67bc5bb4af3cf653761ab"),
            1892160000, "n23JJ2wKKtt30oXi", &made),
        ERR_OK);
    assert_string_equal(made.username, "1892160000:n23JJ2wKKtt30oXi");
    assert_string_equal(made.password, "00hqldgk5xLeKKOB+xls9mHMVtgqzie9DulfgQwMv68");
    assert_key(made.username, made.password,
               (const uint8_t[]){0xe4, 0x44, 0xd9, 0x39, 0x76, 0xb9, 0x2e, 0xc3, 0x55, 0xc1, 0x43,
                                 0x37, 0xc9, 0xa9, 0xd3, 0xfb});

    assert_int_equal(credential_make(crypto, TURN_SCHEME_STAMP,
                                     bytes_of_text("1cab293a-4032-46f4-862a-40e5d174b0d2"),
                                     1685984278, "uvdgKvS9GXYZ_vmv", &made),
                     ERR_OK);
    assert_string_equal(made.username, "1685984278:uvdgKvS9GXYZ_vmv");
    assert_string_equal(made.password, "6xUIoZ+QvxKhRasLifwfRkMXl+ETLJUsFkHlXjlHAkg");
    assert_key(made.username, made.password,
               (const uint8_t[]){0xa1, 0x62, 0x8e, 0xa7, 0x5a, 0x65, 0x27, 0x05, 0x05, 0xa9, 0x09,
                                 0x53, 0x53, 0x48, 0x85, 0xc2});
}

/* Base64 of HMAC-SHA1 with key "north" over the username, computed with the openssl program. */
static void test_rest_vectors(void **state)
{
    (void)state;
    struct credential made;
    assert_int_equal(credential_make(crypto, TURN_SCHEME_REST, bytes_of_text("north"), 1433895918,
                                     "ninefingers", &made),
                     ERR_OK);
    assert_string_equal(made.username, "1433895918:ninefingers");
    assert_string_equal(made.password, "jy8hTxmOO7UtEKXqSkSlvakPVYA=");
    assert_int_equal(
        credential_make(crypto, TURN_SCHEME_REST, bytes_of_text("north"), 1433895918, "", &made),
        ERR_OK);
    assert_string_equal(made.username, "1433895918");
    assert_string_equal(made.password, "3dkl8uIBelQlraT8v9eCSJTyt+U=");
}

static void test_names_that_break_their_rule(void **state)
{
    (void)state;
    struct credential made;
    struct bytes secret = bytes_of_text("north");
    assert_int_equal(credential_make(crypto, TURN_SCHEME_STAMP, secret, 1, "", &made),
                     ERR_MALFORMED);
    assert_int_equal(credential_make(crypto, TURN_SCHEME_STAMP, secret, 1, "a:b", &made),
                     ERR_MALFORMED);
    char longest[CREDENTIAL_NAME_MAX + 2];
    memset(longest, 'n', sizeof longest);
    longest[CREDENTIAL_NAME_MAX + 1] = '\0';
    assert_int_equal(credential_make(crypto, TURN_SCHEME_REST, secret, 1, longest, &made),
                     ERR_MALFORMED);
    longest[CREDENTIAL_NAME_MAX] = '\0';
    assert_int_equal(credential_make(crypto, TURN_SCHEME_REST, secret, UINT64_MAX, longest, &made),
                     ERR_OK);
    assert_int_equal(strlen(made.username), 20 + 1 + CREDENTIAL_NAME_MAX);
}

static void count_up(void *context, uint8_t *out, size_t len)
{
    uint8_t *next = context;
    while (len-- > 0)
        *out++ = (*next)++;
}

static void test_salt_is_hex_of_the_random_bytes(void **state)
{
    (void)state;
    uint8_t next = 0xF8;
    char salt[CREDENTIAL_SALT_LEN + 1];
    credential_draw_salt(count_up, &next, salt);
    assert_string_equal(salt, "f8f9fafbfcfdfeff00010203");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stamp_vectors),
        cmocka_unit_test(test_rest_vectors),
        cmocka_unit_test(test_names_that_break_their_rule),
        cmocka_unit_test(test_salt_is_hex_of_the_random_bytes),
    };
    return cmocka_run_group_tests(tests, open_crypto, close_crypto);
}
