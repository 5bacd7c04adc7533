/* test_stun_error.c — tests of stun_error.h. */
#include "stun_error.h"

#include "unit.h"

/* The texts of RFC 8489 §14.8 and RFC 8656 §19, once more by hand. */
static void phrases(void **state)
{
    (void)state;
    assert_string_equal(stun_error_phrase(400), "Bad Request");
    assert_string_equal(stun_error_phrase(401), "Unauthenticated");
    assert_string_equal(stun_error_phrase(403), "Forbidden");
    assert_string_equal(stun_error_phrase(420), "Unknown Attribute");
    assert_string_equal(stun_error_phrase(437), "Allocation Mismatch");
    assert_string_equal(stun_error_phrase(438), "Stale Nonce");
    assert_string_equal(stun_error_phrase(440), "Address Family not Supported");
    assert_string_equal(stun_error_phrase(441), "Wrong Credentials");
    assert_string_equal(stun_error_phrase(442), "Unsupported Transport Protocol");
    assert_string_equal(stun_error_phrase(443), "Peer Address Family Mismatch");
    assert_string_equal(stun_error_phrase(486), "Allocation Quota Reached");
    assert_string_equal(stun_error_phrase(500), "Server Error");
    assert_string_equal(stun_error_phrase(508), "Insufficient Capacity");
}

static void other_codes_have_no_phrase(void **state)
{
    (void)state;
    assert_string_equal(stun_error_phrase(0), "");
    assert_string_equal(stun_error_phrase(402), "");
    assert_string_equal(stun_error_phrase(UINT16_MAX), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(phrases),
        cmocka_unit_test(other_codes_have_no_phrase),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
