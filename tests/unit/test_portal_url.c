/* test_portal_url.c — tests of portal_url.h: what --portal-url may be, and the request target. */
#include "portal/portal_url.h"

#include "unit.h"

static struct portal_url parsed(const char *text)
{
    struct portal_url url;
    struct problem problem;

    assert_int_equal(portal_url_parse(text, &url, &problem), ERR_OK);
    return url;
}

static void the_scheme_says_whether_tls_and_the_port_is_443(void **state)
{
    static const struct {
        const char *text;
        bool is_tls;
        uint16_t port;
    } cases[] = {
        {"wss://api.example.org", true, 443},
        {"https://api.example.org/", true, 443},
        {"ws://api.example.org", false, 443},
        {"http://api.example.org", false, 443},
        {"WSS://api.example.org:8443", true, 8443},
        {"ws://api.example.org:80/", false, 80},
        {"ws://api.example.org:65535?x=1", false, 65535},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct portal_url url = parsed(cases[i].text);

        assert_int_equal(url.is_tls, cases[i].is_tls);
        assert_int_equal(url.port, cases[i].port);
        assert_string_equal(url.host, "api.example.org");
        assert_string_equal(url.path, "");
        assert_false(url.is_literal);
    }
}

static void hosts_may_be_addresses(void **state)
{
    struct portal_url url = parsed("ws://192.0.2.1:8081/base/");

    (void)state;
    assert_true(url.is_literal);
    assert_string_equal(url.host, "192.0.2.1");
    assert_string_equal(url.path, "/base");
    url = parsed("wss://[2001:db8::1]/a/b?token=x#y");
    assert_true(url.is_literal);
    assert_string_equal(url.host, "2001:db8::1");
    assert_string_equal(url.path, "/a/b");
    assert_int_equal(url.port, 443);
}

static void what_is_no_url_of_a_control_plane_is_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "api.example.org",
        "ftp://a",
        "wss:/a",
        "wss://",
        "wss:///path",
        "wss://:443",
        "wss://a:",
        "wss://a:0",
        "wss://a:65536",
        "wss://a:4x",
        "wss://[::1",
        "wss://[::1]x",
        "wss://[a]",
        "wss://::1",
        "wss://u@a",
        "wss://u:p@a",
        "wss://a b",
        "wss://a\r\nX: y",
        "wss://a/b c",
        "wss://a/\x01",
        "wss://a/\xc3\xa9",
        "wss://[192.0.2.1]",
        /* 111 characters */
        "wss://"
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        "aaaaaaaaaaaaaaaaaaaaaaaaa",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct portal_url url;
        struct problem problem = {.text = ""};

        if (portal_url_parse(bad[i], &url, &problem) == ERR_OK)
            fail_msg("taken: %s", bad[i]);
        assert_true(problem.text[0] != '\0');
    }
}

static void the_target_has_name_addresses_and_port_in_this_order(void **state)
{
    struct portal_url url = parsed("wss://api.example.org/base/");
    struct portal_identity identity = {.name = "b\xc3\xa9 1&x=2", .port = 3478};
    char target[PORTAL_TARGET_MAX];

    (void)state;
    assert_int_equal(ip_addr_parse("203.0.113.7", &identity.public_v4), ERR_OK);
    assert_int_equal(ip_addr_parse("2001:db8::7", &identity.public_v6), ERR_OK);
    assert_int_equal(portal_url_target(&url, &identity, target), ERR_OK);
    assert_string_equal(target, "/base/relay/websocket?name=b%C3%A9%201%26x%3D2&ipv4=203.0.113.7"
                                "&ipv6=2001%3Adb8%3A%3A7&port=3478");
    url = parsed("wss://api.example.org");
    identity.name = NULL;
    identity.public_v4 = (struct transport_addr){0};
    assert_int_equal(portal_url_target(&url, &identity, target), ERR_OK);
    assert_string_equal(target, "/relay/websocket?ipv6=2001%3Adb8%3A%3A7&port=3478");
}

static void the_longest_name_fits_a_longer_one_is_told(void **state)
{
    static char path[PORTAL_PATH_MAX + 32] = "wss://a/", name[1200];
    struct portal_identity identity = {.name = name, .port = 3478};
    char target[PORTAL_TARGET_MAX];
    struct portal_url url;

    (void)state;
    memset(path + strlen(path), 'p', PORTAL_PATH_MAX - 1);
    memset(name, '%', PORTAL_NAME_MAX);
    url = parsed(path);
    assert_int_equal(portal_url_target(&url, &identity, target), ERR_OK);
    memset(name, '%', sizeof(name) - 1);
    assert_int_equal(portal_url_target(&url, &identity, target), ERR_RANGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_scheme_says_whether_tls_and_the_port_is_443),
        cmocka_unit_test(hosts_may_be_addresses),
        cmocka_unit_test(what_is_no_url_of_a_control_plane_is_refused),
        cmocka_unit_test(the_target_has_name_addresses_and_port_in_this_order),
        cmocka_unit_test(the_longest_name_fits_a_longer_one_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
