/* test_crypto.c — tests of crypto.h against published vectors. */
#include "crypto.h"

#include "text_parse.h"
#include "unit.h"

#include <stdlib.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static int set_up(void **state)
{
    struct crypto *crypto = NULL;
    if (crypto_new(&crypto) != ERR_OK)
        return -1;
    *state = crypto;
    return 0;
}

static int tear_down(void **state)
{
    crypto_free(*state);
    return 0;
}

typedef enum err hash_function(struct crypto *crypto, const struct bytes *parts, size_t count,
                               uint8_t *ret);
typedef enum err hmac_function(struct crypto *crypto, struct bytes key, const struct bytes *parts,
                               size_t count, uint8_t *ret);

static enum err md5(struct crypto *crypto, const struct bytes *parts, size_t count, uint8_t *ret)
{
    return crypto_md5(crypto, parts, count, ret);
}

static enum err sha256(struct crypto *crypto, const struct bytes *parts, size_t count, uint8_t *ret)
{
    return crypto_sha256(crypto, parts, count, ret);
}

static enum err hmac_sha1(struct crypto *crypto, struct bytes key, const struct bytes *parts,
                          size_t count, uint8_t *ret)
{
    return crypto_hmac_sha1(crypto, key, parts, count, ret);
}

static enum err hmac_sha256(struct crypto *crypto, struct bytes key, const struct bytes *parts,
                            size_t count, uint8_t *ret)
{
    return crypto_hmac_sha256(crypto, key, parts, count, ret);
}

static void assert_hex(const uint8_t *actual, const char *expected)
{
    uint8_t bytes[SHA256_LEN];
    size_t len = strlen(expected) / 2;
    assert_int_equal(text_parse_hex(expected, strlen(expected), bytes, len), ERR_OK);
    assert_memory_equal(actual, bytes, len);
}

/* The whole message at once, and in three parts of which one is empty, cut at every place. */
static void check_hash(struct crypto *crypto, hash_function *hash, struct bytes message,
                       const char *expected)
{
    uint8_t out[SHA256_LEN];
    assert_int_equal(hash(crypto, &message, 1, out), ERR_OK);
    assert_hex(out, expected);
    for (size_t cut = 0; cut <= message.len && cut < 100; cut++) {
        const struct bytes parts[] = {
            {.data = message.data, .len = cut},
            {0},
            {.data = message.data + cut, .len = message.len - cut},
        };
        assert_int_equal(hash(crypto, parts, COUNT(parts), out), ERR_OK);
        assert_hex(out, expected);
    }
}

/* RFC 1321 appendix A.5. */
static void md5_of_rfc1321(void **state)
{
    static const struct {
        const char *message;
        const char *digest;
    } vectors[] = {
        {"", "d41d8cd98f00b204e9800998ecf8427e"},
        {"a", "0cc175b9c0f1b6a831c399e269772661"},
        {"abc", "900150983cd24fb0d6963f7d28e17f72"},
        {"message digest", "f96b697d7cb7938d525a2f31aaf161d0"},
        {"abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b"},
        {"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
         "d174ab98d277d9f5a5611c2c9f419d9f"},
        {"1234567890123456789012345678901234567890123456789012345678901234567890123456789"
         "0",
         "57edf4a22be3c955ac49da2e2107b67a"},
    };
    for (size_t i = 0; i < COUNT(vectors); i++)
        check_hash(*state, md5, bytes_of_text(vectors[i].message), vectors[i].digest);
}

/* The examples of FIPS 180-2 appendix B, with the empty message. */
static void sha256_of_fips180(void **state)
{
    static const struct {
        const char *message;
        const char *digest;
    } vectors[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };
    for (size_t i = 0; i < COUNT(vectors); i++)
        check_hash(*state, sha256, bytes_of_text(vectors[i].message), vectors[i].digest);

    enum { MILLION = 1000000 };
    uint8_t *a = malloc(MILLION);
    assert_non_null(a);
    memset(a, 'a', MILLION);
    check_hash(*state, sha256, (struct bytes){.data = a, .len = MILLION},
               "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    free(a);
}

/* One test case of RFC 2202 §3, RFC 4231 §4 or both. */
struct hmac_vector {
    struct bytes key;
    struct bytes message;
    const char *sha1;
    const char *sha256;
};

static void check_hmac(struct crypto *crypto, hmac_function *hmac, const struct hmac_vector *vector,
                       const char *expected)
{
    uint8_t out[SHA256_LEN];
    struct bytes message = vector->message;
    for (size_t cut = 0; cut <= message.len; cut++) {
        const struct bytes parts[] = {
            {.data = message.data, .len = cut},
            {.data = message.data + cut, .len = message.len - cut},
            {0},
        };
        assert_int_equal(hmac(crypto, vector->key, parts, COUNT(parts), out), ERR_OK);
        assert_hex(out, expected);
    }
}

/* The RFCs share cases 1 to 4. Case 5, about truncated output, is left out. */
static void hmac_of_rfc2202_and_rfc4231(void **state)
{
    uint8_t repeated_0b[20], repeated_aa[131], repeated_dd[50], repeated_cd[50];
    memset(repeated_0b, 0x0b, sizeof repeated_0b);
    memset(repeated_aa, 0xaa, sizeof repeated_aa);
    memset(repeated_dd, 0xdd, sizeof repeated_dd);
    memset(repeated_cd, 0xcd, sizeof repeated_cd);
    uint8_t counted[25];
    for (size_t i = 0; i < sizeof counted; i++)
        counted[i] = (uint8_t)(i + 1);
    struct bytes larger_key_first =
        bytes_of_text("Test Using Larger Than Block-Size Key - Hash Key First");

    const struct hmac_vector vectors[] = {
        {{repeated_0b, 20},
         bytes_of_text("Hi There"),
         "b617318655057264e28bc0b6fb378c8ef146be00",
         "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        {bytes_of_text("Jefe"), bytes_of_text("what do ya want for nothing?"),
         "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79",
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {{repeated_aa, 20},
         {repeated_dd, 50},
         "125d7342b9ac11cd91a39af48aa17b4f63f175d3",
         "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
        {{counted, 25},
         {repeated_cd, 50},
         "4c9007f4026250c6bc8414f9bf50c86c2d7235da",
         "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
        {{repeated_aa, 80}, larger_key_first, "aa4ae5e15272d00e95705637ce8a3b55ed402112", NULL},
        {{repeated_aa, 80},
         bytes_of_text("Test Using Larger Than Block-Size Key and Larger Than One "
                       "Block-Size Data"),
         "e8e99d0f45237d786d6bbaa7965c7808bbff1a91",
         NULL},
        {{repeated_aa, 131},
         larger_key_first,
         NULL,
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
        {{repeated_aa, 131},
         bytes_of_text("This is a test using a larger than block-size key and a larger than "
                       "block-size data. The key needs to be hashed before being used by the "
                       "HMAC algorithm."),
         NULL,
         "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
    };
    for (size_t i = 0; i < COUNT(vectors); i++) {
        if (vectors[i].sha1)
            check_hmac(*state, hmac_sha1, &vectors[i], vectors[i].sha1);
        if (vectors[i].sha256)
            check_hmac(*state, hmac_sha256, &vectors[i], vectors[i].sha256);
    }
}

/* OpenSSL takes a missing key for the key of the call before. */
static void an_empty_key_is_an_error(void **state)
{
    struct crypto *crypto = *state;
    struct bytes message = bytes_of_text("what do ya want for nothing?");
    const struct bytes empty_keys[] = {{0}, {.data = (const uint8_t *)"", .len = 0}};
    uint8_t out[SHA256_LEN];
    for (size_t i = 0; i < COUNT(empty_keys); i++) {
        assert_int_equal(crypto_hmac_sha1(crypto, empty_keys[i], &message, 1, out), ERR_CRYPTO);
        assert_int_equal(crypto_hmac_sha256(crypto, empty_keys[i], &message, 1, out), ERR_CRYPTO);
        struct bytes key = bytes_of_text("Jefe");
        assert_int_equal(crypto_hmac_sha1(crypto, key, &message, 1, out), ERR_OK);
        assert_hex(out, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
    }
}

static void contexts_do_not_share_state(void **state)
{
    struct crypto *other = NULL;
    assert_int_equal(crypto_new(&other), ERR_OK);
    struct bytes message = bytes_of_text("Hi There");
    uint8_t a[SHA1_LEN], b[SHA1_LEN], again[SHA1_LEN];
    assert_int_equal(crypto_hmac_sha1(*state, bytes_of_text("a"), &message, 1, a), ERR_OK);
    assert_int_equal(crypto_hmac_sha1(other, bytes_of_text("b"), &message, 1, b), ERR_OK);
    assert_memory_not_equal(a, b, SHA1_LEN);
    crypto_free(other);
    assert_int_equal(crypto_hmac_sha1(*state, bytes_of_text("a"), &message, 1, again), ERR_OK);
    assert_memory_equal(a, again, SHA1_LEN);
    crypto_free(NULL);
}

static void equal_looks_at_every_byte(void **state)
{
    (void)state;
    uint8_t a[SHA256_LEN] = {1, 2, 3};
    uint8_t b[SHA256_LEN] = {1, 2, 3};
    assert_true(crypto_equal(a, b, sizeof a));
    for (size_t i = 0; i < sizeof a; i++) {
        b[i] ^= 0x80;
        assert_false(crypto_equal(a, b, sizeof a));
        assert_true(crypto_equal(a, b, i));
        b[i] ^= 0x80;
    }
    assert_true(crypto_equal(NULL, NULL, 0));
}

static void wipe_zeroes_just_the_length(void **state)
{
    (void)state;
    uint8_t secret[6] = {1, 2, 3, 4, 5, 6};
    crypto_wipe(secret + 1, 4);
    assert_memory_equal(secret, "\x01\0\0\0\0\x06", 6);
    crypto_wipe(NULL, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(md5_of_rfc1321, set_up, tear_down),
        cmocka_unit_test_setup_teardown(sha256_of_fips180, set_up, tear_down),
        cmocka_unit_test_setup_teardown(hmac_of_rfc2202_and_rfc4231, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_empty_key_is_an_error, set_up, tear_down),
        cmocka_unit_test_setup_teardown(contexts_do_not_share_state, set_up, tear_down),
        cmocka_unit_test(equal_looks_at_every_byte),
        cmocka_unit_test(wipe_zeroes_just_the_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
