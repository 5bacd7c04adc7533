/* fuzz_http.c — any bytes into the reader of HTTP requests, at once and as they come. */
#include "fuzz.h"

#include "http_request.h"

#include <string.h>

/* |text| ends within the |len| bytes at |buffer|, which a zero was written to. */
static void check_text(const char *text, const char *buffer, size_t len)
{
    FUZZ_CHECK(text >= buffer && text < buffer + len);
    FUZZ_CHECK(memchr(text, '\0', len - (size_t)(text - buffer)) != NULL);
}

static void check_request(const struct http_request *request, const char *buffer, size_t len)
{
    char value[16];

    if (request->path != NULL) {
        check_text(request->path, buffer, len);
        FUZZ_CHECK(request->path[0] == '/');
        FUZZ_CHECK(strpbrk(request->path, " ?\r\n") == NULL);
    }
    if (request->query[0] != '\0')
        check_text(request->query, buffer, len);
    if (request->host[0] != '\0')
        check_text(request->host, buffer, len);
    (void)http_request_is_for_address(request);
    if (http_request_parameter(request, "a", value, sizeof(value)) != NULL)
        FUZZ_CHECK(strlen(value) < sizeof(value));
}

/* A copy of its own, exactly as large, so that a sanitizer sees each step beyond it. */
static unsigned parse(const uint8_t *data, size_t len, char **ret_buffer,
                      struct http_request *ret_request)
{
    char *buffer = malloc(len > 0 ? len : 1);

    FUZZ_CHECK(buffer != NULL);
    if (len > 0)
        memcpy(buffer, data, len);
    *ret_buffer = buffer;
    return http_request_parse(buffer, len, ret_request);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t len = size < HTTP_REQUEST_MAX ? size : HTTP_REQUEST_MAX;
    struct http_request request;
    char *buffer;
    unsigned whole = parse(data, len, &buffer, &request);

    FUZZ_CHECK(whole == HTTP_STATUS_INCOMPLETE || http_status_text(whole)[0] != '\0');
    FUZZ_CHECK(whole != HTTP_STATUS_INCOMPLETE || len < HTTP_REQUEST_MAX);
    if (whole == HTTP_STATUS_OK)
        check_request(&request, buffer, len);
    free(buffer);
    /* In pieces it comes to the same. Once there is a verdict, more bytes do not change it. */
    for (size_t part = 0; part < len; part += 1 + len / 16) {
        unsigned status = parse(data, part, &buffer, &request);

        free(buffer);
        FUZZ_CHECK(status == HTTP_STATUS_INCOMPLETE || status == whole);
    }
    return 0;
}
