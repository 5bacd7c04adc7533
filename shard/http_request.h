/* http_request.h — the head of an HTTP/1 request, as far as somebody who only reads needs it. Pure.
 *
 * Whatever is said goes by RFC 9112, in its strict form: a request that two programs could
 * understand differently is refused. A request with a body is refused as well.
 */
#ifndef RELAY_HTTP_REQUEST_H
#define RELAY_HTTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

enum {
    /* Bytes of request line and fields. A browser sends to localhost the cookies of everything
     * that was ever served there. */
    HTTP_REQUEST_MAX = 8192,
};

enum http_method { HTTP_GET, HTTP_HEAD, HTTP_OTHER };

/* The texts are in the buffer that was read, and end with a zero. */
struct http_request {
    enum http_method method;
    const char *path;  /* begins with a slash; as sent, nothing is decoded */
    const char *query; /* behind the question mark; "" when there is none */
    const char *host;  /* of the field Host; "" when there is none */
};

enum {
    HTTP_STATUS_INCOMPLETE = 0,
    HTTP_STATUS_OK = 200,
    HTTP_STATUS_BAD_REQUEST = 400,
    HTTP_STATUS_NOT_FOUND = 404,
    HTTP_STATUS_METHOD_NOT_ALLOWED = 405,
    HTTP_STATUS_CONTENT_TOO_LARGE = 413,
    HTTP_STATUS_URI_TOO_LONG = 414,
    HTTP_STATUS_MISDIRECTED = 421,
    HTTP_STATUS_FIELDS_TOO_LARGE = 431,
    HTTP_STATUS_SERVER_ERROR = 500,
    HTTP_STATUS_UNAVAILABLE = 503,
    HTTP_STATUS_VERSION = 505,
};

/*
 * http_request_parse reads the |len| <= HTTP_REQUEST_MAX bytes that have come so far.
 *
 *   HTTP_STATUS_OK          the head is complete and |ret| filled. |text| was written to
 *   HTTP_STATUS_INCOMPLETE  nothing wrong so far: call again with more. |text| is as it was
 *   another status          refused; what it is to be answered with
 */
unsigned http_request_parse(char *text, size_t len, struct http_request *ret);

/* http_status_text: "Not Found" for 404 and so on, for all above; else "". Static. */
const char *http_status_text(unsigned status);

/*
 * http_request_is_for_address: Host is an IP address or localhost, with or without a port, or is
 * not there. Anything else is a name, which whoever owns it can point to this host at any time: so
 * that a page from there that a browser has open asks here, and reads the answer as its own.
 */
bool http_request_is_for_address(const struct http_request *request);

/*
 * http_request_parameter finds |name| in the query of |request| and decodes its value into
 * |ret|, of |size| bytes with its zero. Returns |ret|, or NULL when there is no such parameter, or
 * it does not fit, or is not well-formed (%XX), or has a %00 in it. Of several the first counts.
 */
char *http_request_parameter(const struct http_request *request, const char *name, char *ret,
                             size_t size);

#endif
