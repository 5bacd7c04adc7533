/* test_http_request.c — tests of http_request.h: what is a request, and what is refused with what.
 */
#include "http_request.h"

#include <stdio.h>
#include <string.h>

#include "unit.h"

static char text[HTTP_REQUEST_MAX];

/* Writes |words| over the beginning of |text|. Returns their length. */
static size_t put(const char *words)
{
    size_t len = 0;

    for (; words[len] != '\0'; len++)
        text[len] = words[len];
    return len;
}

static unsigned parse(const char *request, struct http_request *ret)
{
    return http_request_parse(text, put(request), ret);
}

static void requests_are_read(void **state)
{
    static const struct {
        const char *request;
        enum http_method method;
        const char *path;
        const char *query;
    } requests[] = {
        {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", HTTP_GET, "/", ""},
        {"GET /metrics?x=1&y HTTP/1.0\r\n\r\n", HTTP_GET, "/metrics", "x=1&y"},
        {"HEAD /a/b HTTP/1.1\nhost:a\nX: y\n\n", HTTP_HEAD, "/a/b", ""},
        {"GET http://example.net:8080/healthz? HTTP/1.1\r\nHost: a\r\n\r\n", HTTP_GET, "/healthz",
         ""},
        {"GET / HTTP/1.9\r\nHost: a\r\nContent-Length: 0\r\n\r\n", HTTP_GET, "/", ""},
        {"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /next HTTP/1.1\r\n", HTTP_GET, "/", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        struct http_request request;

        assert_int_equal(parse(requests[i].request, &request), HTTP_STATUS_OK);
        assert_int_equal(request.method, requests[i].method);
        assert_string_equal(request.path, requests[i].path);
        assert_string_equal(request.query, requests[i].query);
    }
}

static void a_host_is_an_address_or_a_name(void **state)
{
    static const struct {
        const char *host;
        bool is_address;
    } hosts[] = {
        {"127.0.0.1:8080", true},
        {"127.0.0.1", true},
        {"[::1]:8080", true},
        {"[::1]", true},
        {"LocalHost:1", true},
        {"", true},
        {"example.net", false},
        {"localhost.evil", false},
        {"127.0.0.1.evil", false},
        {"[evil]", false},
        {"[::1].evil:80", false},
        {"[::1", false},
        {"127.0.0.1:evil", false},
        {"localhost:80@evil", false},
        {":8080", false},
        {"a-name-that-is-longer-than-any-address-and-goes-on-and-on-and-on.example.net", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
        struct http_request request;
        char whole[256];

        (void)snprintf(whole, sizeof(whole), "GET / HTTP/1.1\r\nX: y\r\nHost:  %s \r\nZ: y\r\n\r\n",
                       hosts[i].host);
        assert_int_equal(parse(whole, &request), HTTP_STATUS_OK);
        assert_string_equal(request.host, hosts[i].host);
        assert_int_equal(http_request_is_for_address(&request), hosts[i].is_address);
    }
}

static void other_methods_are_told_apart(void **state)
{
    struct http_request request;

    (void)state;
    assert_int_equal(parse("POST /x HTTP/1.1\r\nHost: a\r\n\r\n", &request), HTTP_STATUS_OK);
    assert_int_equal(request.method, HTTP_OTHER);
    assert_int_equal(parse("get /x HTTP/1.1\r\nHost: a\r\n\r\n", &request), HTTP_STATUS_OK);
    assert_int_equal(request.method, HTTP_OTHER);
    assert_int_equal(parse("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", &request), HTTP_STATUS_OK);
    assert_int_equal(request.method, HTTP_OTHER);
}

static void every_beginning_of_a_request_is_incomplete_and_left_alone(void **state)
{
    static const char whole[] = "GET /x?y HTTP/1.1\r\nHost: a\r\nAccept: b\r\n\r\n";
    struct http_request request;

    (void)state;
    for (size_t len = 0; len < sizeof(whole) - 1; len++) {
        memcpy(text, whole, len);
        assert_int_equal(http_request_parse(text, len, &request), HTTP_STATUS_INCOMPLETE);
        assert_memory_equal(text, whole, len);
    }
}

static void what_is_no_request_is_refused_as_soon_as_it_shows(void **state)
{
    static const struct {
        const char *request;
        unsigned status;
    } refused[] = {
        {"\x16\x03\x01", 400},
        {"\r\nGET / HTTP/1.1\r\n", 400},
        {"GET\r\n", 400},
        {"GET /\r\n", 400},
        {"GET  / HTTP/1.1\r\n", 400},
        {"GET / x HTTP/1.1\r\n", 400},
        {"GET / HTTP/1.1 \r\n", 400},
        {"GET / HTTP/1.11\r\n", 400},
        {"GET / http/1.1\r\n", 400},
        {"GET / HTTP/2.0\r\n", 505},
        {"GET /\x7f HTTP/1.1\r\n", 400},
        {"GET x HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET http://x HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET https://x/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost : a\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: a\r\n b\r\n", 400},
        {"GET / HTTP/1.1\r\nHost\r\n", 400},
        {"GET / HTTP/1.1\r\n: a\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: a\x01\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: a\rb\r\n", 400},
        {"GET / HTTP/1.1\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n", 413},
        {"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: \r\n\r\n", 413},
        {"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", 413},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n", 413},
    };
    struct http_request request;

    (void)state;
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        unsigned status = parse(refused[i].request, &request);

        if (status != refused[i].status)
            fail_msg("%s: %u", refused[i].request, status);
        assert_true(strlen(http_status_text(status)) > 0);
    }
}

static void what_does_not_fit_is_refused(void **state)
{
    struct http_request request;

    (void)state;
    memset(text, 'x', sizeof(text));
    (void)put("GET /");
    assert_int_equal(http_request_parse(text, sizeof(text) - 1, &request), HTTP_STATUS_INCOMPLETE);
    assert_int_equal(http_request_parse(text, sizeof(text), &request), 414);
    (void)put("GET / HTTP/1.1\r\nHost: ");
    assert_int_equal(http_request_parse(text, sizeof(text), &request), 431);
    memset(text, '\0', sizeof(text));
    assert_int_equal(http_request_parse(text, 1, &request), 400);
}

static void parameters_are_decoded(void **state)
{
    const struct http_request request = {
        .path = "/", .query = "a=1&port=50+0%301&b=%zz&c=%&d=%00&long=12345678&a=2&=x&e="};
    char value[8];

    (void)state;
    assert_string_equal(http_request_parameter(&request, "a", value, sizeof(value)), "1");
    assert_string_equal(http_request_parameter(&request, "port", value, sizeof(value)), "50 001");
    assert_string_equal(http_request_parameter(&request, "e", value, sizeof(value)), "");
    assert_null(http_request_parameter(&request, "b", value, sizeof(value)));
    assert_null(http_request_parameter(&request, "c", value, sizeof(value)));
    assert_null(http_request_parameter(&request, "d", value, sizeof(value)));
    assert_null(http_request_parameter(&request, "long", value, sizeof(value)));
    assert_null(http_request_parameter(&request, "lon", value, sizeof(value)));
    assert_null(http_request_parameter(&request, "x", value, sizeof(value)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_read),
        cmocka_unit_test(a_host_is_an_address_or_a_name),
        cmocka_unit_test(other_methods_are_told_apart),
        cmocka_unit_test(every_beginning_of_a_request_is_incomplete_and_left_alone),
        cmocka_unit_test(what_is_no_request_is_refused_as_soon_as_it_shows),
        cmocka_unit_test(what_does_not_fit_is_refused),
        cmocka_unit_test(parameters_are_decoded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
