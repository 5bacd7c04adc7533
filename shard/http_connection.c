/* http_connection.c — one HTTP connection: its request comes in, its answer goes out. */
#include "http_connection.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

void http_connection_open(struct http_exchange *exchange, int fd, struct mono_time now)
{
    exchange->fd = fd;
    exchange->generation++;
    exchange->phase = HTTP_READING;
    exchange->accepted = now;
    exchange->deadline = mono_time_add_sec(now, HTTP_REQUEST_SEC);
    exchange->request =
        (struct http_request){.method = HTTP_GET, .path = "", .query = "", .host = ""};
    exchange->text_len = 0;
    exchange->sent = 0;
    exchange->held = NULL;
}

void http_connection_close(struct http_exchange *exchange)
{
    (void)close(exchange->fd);
    http_body_release(exchange->held);
    exchange->held = NULL;
    exchange->fd = -1;
    exchange->phase = HTTP_CLOSED;
}

/* The answer to a call that did not go through: the socket is not ready, or the client gone. */
static void after_failure(struct http_exchange *exchange)
{
    if (errno != EAGAIN && errno != EINTR)
        http_connection_close(exchange);
}

void http_connection_read(struct http_exchange *exchange)
{
    ssize_t len = recv(exchange->fd, exchange->text + exchange->text_len,
                       HTTP_REQUEST_MAX - exchange->text_len, 0);

    if (len < 0) {
        after_failure(exchange);
        return;
    }
    if (len == 0) {
        http_connection_close(exchange);
        return;
    }
    exchange->text_len += (size_t)len;
    unsigned status = http_request_parse(exchange->text, exchange->text_len, &exchange->request);

    if (status == HTTP_STATUS_INCOMPLETE)
        return;
    exchange->phase = HTTP_WAITING;
    exchange->deadline = mono_time_add_sec(exchange->accepted, HTTP_EXCHANGE_SEC);
    if (status != HTTP_STATUS_OK)
        http_respond_text(exchange, status, http_status_text(status));
    else if (exchange->request.method == HTTP_OTHER)
        http_respond_text(exchange, HTTP_STATUS_METHOD_NOT_ALLOWED,
                          "There is nothing to be changed here: GET and HEAD only\n");
}

void http_connection_write(struct http_exchange *exchange, struct mono_time now)
{
    size_t head_sent = exchange->sent < exchange->head_len ? exchange->sent : exchange->head_len;
    size_t body_sent = exchange->sent - head_sent;
    size_t left = exchange->body_len - body_sent;
    /* iovec serves both directions and so lacks const; sending does not write. */
    union {
        const char *in;
        void *out;
    } body = {.in = exchange->body + body_sent};
    struct iovec pieces[] = {
        {.iov_base = exchange->head + head_sent, .iov_len = exchange->head_len - head_sent},
        {.iov_base = body.out, .iov_len = left < HTTP_WRITE_MAX ? left : HTTP_WRITE_MAX},
    };
    struct msghdr message = {.msg_iov = pieces, .msg_iovlen = 2};
    ssize_t len = sendmsg(exchange->fd, &message, MSG_NOSIGNAL);

    if (len < 0) {
        after_failure(exchange);
        return;
    }
    exchange->sent += (size_t)len;
    if (exchange->sent < exchange->head_len + exchange->body_len)
        return;
    /* Closed at once, bytes that the client has sent beyond its request would reset the connection
     * and might cost it the answer. They are not read either: there may be no end of them. */
    (void)shutdown(exchange->fd, SHUT_WR);
    http_body_release(exchange->held);
    exchange->held = NULL;
    exchange->phase = HTTP_LINGERING;
    exchange->deadline = mono_time_add_usec(now, (int64_t)HTTP_LINGER_MSEC * 1000);
}

const struct http_request *http_exchange_request(const struct http_exchange *exchange)
{
    return &exchange->request;
}

/* Writes the head of the answer. |caching| is a Cache-Control. */
static void put_head(struct http_exchange *exchange, unsigned status, const char *type, size_t len,
                     const char *caching)
{
    const time_t now = time(NULL);
    struct tm calendar;
    char date[64] = "";

    if (gmtime_r(&now, &calendar) != NULL)
        (void)strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", &calendar);
    int written = snprintf(exchange->head, sizeof(exchange->head),
                           "HTTP/1.1 %u %s\r\n"
                           "Date: %s\r\n"
                           "Content-Type: %s\r\n"
                           "Content-Length: %zu\r\n"
                           "Cache-Control: %s\r\n"
                           "Content-Security-Policy: default-src 'self'; base-uri 'none'; "
                           "form-action 'self'; frame-ancestors 'none'\r\n"
                           "Cross-Origin-Resource-Policy: same-origin\r\n"
                           "Referrer-Policy: no-referrer\r\n"
                           "X-Content-Type-Options: nosniff\r\n"
                           "%s"
                           "Connection: close\r\n"
                           "\r\n",
                           status, http_status_text(status), date, type, len, caching,
                           status == HTTP_STATUS_METHOD_NOT_ALLOWED ? "Allow: GET, HEAD\r\n" : "");

    assert(written > 0 && (size_t)written < sizeof(exchange->head));
    exchange->head_len = (size_t)written;
}

static void respond(struct http_exchange *exchange, unsigned status, const char *type,
                    const char *body, size_t len, const char *caching)
{
    assert(exchange->phase == HTTP_WAITING);
    put_head(exchange, status, type, len, caching);
    exchange->status = status;
    exchange->body = body;
    exchange->body_len = exchange->request.method == HTTP_HEAD ? 0 : len;
    exchange->phase = HTTP_WRITING;
}

void http_respond(struct http_exchange *exchange, unsigned status, const char *type,
                  struct http_body *body)
{
    respond(exchange, status, type, http_body_data(body), http_body_len(body), "no-store");
    exchange->held = http_body_hold(body);
}

void http_respond_static(struct http_exchange *exchange, unsigned status, const char *type,
                         const void *data, size_t len)
{
    respond(exchange, status, type, data, len, "no-cache");
}

void http_respond_text(struct http_exchange *exchange, unsigned status, const char *text)
{
    char *copy = strdup(text);
    struct http_body *body = http_body_take(copy, copy != NULL ? strlen(copy) : 0);

    if (body != NULL)
        http_respond(exchange, status, HTTP_TEXT_TYPE, body);
    else
        respond(exchange, status, HTTP_TEXT_TYPE, "", 0, "no-store");
    http_body_release(body);
}
