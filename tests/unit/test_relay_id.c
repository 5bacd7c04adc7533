/* test_relay_id.c — the id of a relay, as a control plane derives it from the secret. */
#include "relay_id.h"
#include "unit.h"

#include <stdio.h>
#include <string.h>

static void known_vector(void **state)
{
    char id[RELAY_ID_TEXT_LEN];

    (void)state;
    assert_int_equal(
        relay_id_of_secret(
            bytes_of_text("4c98bf59c99b3e467ecd7cf9d6b3e5279645fca59be67bc5bb4af3cf653761ab"), id),
        ERR_OK);
    assert_string_equal(id, "aa93cc3a-23e1-4e3b-93b9-0b7bb3c0a369");
}

static void version_and_variant_are_put_in(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 64; i++) {
        char secret[8];
        char id[RELAY_ID_TEXT_LEN];
        char again[RELAY_ID_TEXT_LEN];

        (void)snprintf(secret, sizeof(secret), "%u", i);
        assert_int_equal(relay_id_of_secret(bytes_of_text(secret), id), ERR_OK);
        assert_int_equal(strlen(id), RELAY_ID_TEXT_LEN - 1);
        assert_int_equal(id[14], '4');
        assert_non_null(strchr("89ab", id[19]));
        assert_int_equal(relay_id_of_secret(bytes_of_text(secret), again), ERR_OK);
        assert_string_equal(id, again);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_vector),
        cmocka_unit_test(version_and_variant_are_put_in),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
