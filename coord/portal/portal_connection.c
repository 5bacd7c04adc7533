/* portal_connection.c — one WebSocket connection to the control plane at a time. */
#include "portal/portal_connection.h"

#include "crypto.h"
#include "portal/portal_dial.h"
#include "portal/portal_inbox.h"
#include "portal/portal_outbox.h"
#include "portal/portal_request.h"
#include "portal/portal_resolver.h"
#include "portal/portal_tls.h"

#include <errno.h>
#include <libwebsockets.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    RECEIVE_CHUNK = 4096,    /* bytes that libwebsockets hands over at a time */
    SERVICE_BUFFER = 12288,  /* the whole request must fit, the token included */
    HEADERS_MAX = 8192,      /* of a response; what has more fails the attempt */
    DESCRIPTORS_MAX = 16,    /* of libwebsockets: one connection, and its own */
    LIBRARY_LIMIT_SEC = 120, /* its own time limits, so that they are never the first */
    REASON_MAX = 256,
    STAGE_TEXT_MAX = PORTAL_HOST_MAX + 32,
    RETRY_AFTER_MAX = 64,
};

enum stage {
    STAGE_IDLE,
    STAGE_ASKED,     /* portal_connection_open was called */
    STAGE_RESOLVING, /* the resolver has been asked */
    STAGE_DIALLING,  /* with one of the addresses, until the upgrade is done */
    STAGE_OPEN,
};

struct portal_connection {
    struct portal_connection_config config;
    struct lws_context *library;
    struct lws_protocols protocols[2];
    lws_sorted_usec_list_t alarm; /* ends the wait */
    struct portal_tls tls;
    struct portal_resolver *resolver; /* NULL for a literal address */
    char host_field[PORTAL_HOST_MAX + 3];

    enum stage stage;
    struct lws *wsi; /* of the attempt or connection; what others say is not heard */
    struct portal_dial dial;
    bool has_failed; /* the address that is dialled */
    bool has_tcp;    /* it answered */
    struct portal_request request;
    char reason[REASON_MAX]; /* why the last address failed */
    char stage_text[STAGE_TEXT_MAX];

    struct portal_outbox outbox;
    struct portal_inbox inbox;
};

static struct mono_time now_mono(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (struct mono_time){.usec = now.tv_sec * USEC_PER_SEC + now.tv_nsec / 1000};
}

__attribute__((format(printf, 2, 3))) static void say(struct portal_connection *c,
                                                      const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vsnprintf(c->reason, sizeof(c->reason), format, args);
    va_end(args);
    /* Some of it came from outside. */
    for (char *p = c->reason; *p != '\0'; p++) {
        if (*p < ' ' || *p > '~')
            *p = '?';
    }
}

const char *portal_connection_stage(struct portal_connection *c)
{
    const char *stage = !c->has_tcp               ? "TCP"
                        : c->request.sent != NULL ? "HTTP upgrade"
                        : c->config.url->is_tls   ? "TLS"
                                                  : "HTTP upgrade";

    c->stage_text[0] = '\0';
    if (c->stage == STAGE_DIALLING)
        (void)snprintf(c->stage_text, sizeof(c->stage_text), "%s: %s port %u", stage,
                       portal_dial_address(&c->dial), c->config.url->port);
    else if (c->stage == STAGE_ASKED || c->stage == STAGE_RESOLVING)
        (void)snprintf(c->stage_text, sizeof(c->stage_text), "DNS: %s", c->config.url->host);
    return c->stage_text;
}

/* From now on nothing that the library says of the connection is heard. */
static void forget(struct portal_connection *c)
{
    if (c->stage == STAGE_DIALLING && c->has_tcp)
        portal_dial_failed(&c->dial);
    c->wsi = NULL;
    c->stage = STAGE_IDLE;
    c->has_failed = false;
    c->dial.due_at = MONO_TIME_NEVER;
    portal_request_wipe(&c->request);
    portal_outbox_clear(&c->outbox);
}

/* Drops what the library has: it may be in the middle of it, so that it is closed a little later.
 */
static void drop(struct portal_connection *c)
{
    if (c->wsi != NULL)
        lws_set_timeout(c->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
    c->wsi = NULL;
}

static void tell_failed(struct portal_connection *c)
{
    forget(c);
    c->config.failed(c->config.context, c->reason);
}

static void tell_closed(struct portal_connection *c)
{
    forget(c);
    c->config.closed(c->config.context, c->reason);
}

/* --- The attempt --- */

/* Dials the address whose turn it is. */
static void dial(struct portal_connection *c)
{
    static const lws_retry_bo_t no_pings = {.secs_since_valid_ping = 0};
    const struct portal_url *url = c->config.url;
    const struct lws_client_connect_info info = {
        .context = c->library,
        .address = portal_dial_address(&c->dial),
        .port = url->port,
        .path = c->config.target,
        .host = c->host_field,
        .local_protocol_name = c->protocols[0].name,
        .alpn = "http/1.1",
        .ssl_connection = LCCSCF_HTTP_NO_FOLLOW_REDIRECT | (url->is_tls ? LCCSCF_USE_SSL : 0),
        .retry_and_idle_policy = &no_pings,
        .pwsi = &c->wsi,
    };

    c->has_failed = c->has_tcp = false;
    c->tls.problem[0] = '\0';
    errno = 0;
    if (lws_client_connect_via_info(&info) != NULL)
        return;
    /* The library does not say why; the last system call does, mostly. */
    say(c, "%s: %s", portal_connection_stage(c),
        errno != 0 ? strerror(errno) : "refused or not reachable");
    c->wsi = NULL;
    c->has_failed = true;
}

static void begin_dialling(struct portal_connection *c, const struct portal_addresses *addresses)
{
    c->stage = STAGE_DIALLING;
    portal_dial_begin(&c->dial, addresses, now_mono());
    dial(c);
}

static void begin(struct portal_connection *c)
{
    struct portal_addresses literal = {.count = 1};
    struct problem problem;

    if (c->config.token(c->config.context, &c->request.token, &problem) != ERR_OK) {
        say(c, "%s", problem.text);
        tell_failed(c);
    } else if (c->resolver == NULL) {
        (void)snprintf(literal.text[0], sizeof(literal.text[0]), "%.*s",
                       (int)sizeof(literal.text[0]) - 1, c->config.url->host);
        begin_dialling(c, &literal);
    } else if (portal_resolver_ask(c->resolver) == ERR_OK) {
        c->stage = STAGE_RESOLVING;
    } else {
        say(c, "DNS: no thread to ask in");
        tell_failed(c);
    }
}

static void take_addresses(struct portal_connection *c)
{
    struct portal_addresses addresses;
    struct problem problem;
    enum err err = portal_resolver_take(c->resolver, &addresses, &problem);

    if (err == ERR_OK) {
        begin_dialling(c, &addresses);
    } else if (err != ERR_UNAVAILABLE) {
        say(c, "%s", problem.text);
        tell_failed(c);
    }
}

/* Does what the attempt is due to do; the library only tells what became of one address. */
static void go_on(struct portal_connection *c)
{
    if (c->stage == STAGE_ASKED)
        begin(c);
    if (c->stage == STAGE_RESOLVING)
        take_addresses(c);
    if (c->stage == STAGE_DIALLING && !c->has_tcp && mono_time_due(c->dial.due_at, now_mono())) {
        drop(c);
        say(c, "%s: no answer within %d ms", portal_connection_stage(c), PORTAL_DIAL_MSEC);
        c->has_failed = true;
    }
    while (c->stage == STAGE_DIALLING && c->has_failed) {
        if (portal_dial_next(&c->dial, now_mono()))
            dial(c);
        else
            tell_failed(c);
    }
}

/* --- What the library asks and tells --- */

/* The response has come, whatever it is. */
static int take_response(struct portal_connection *c, struct lws *wsi)
{
    char field[RETRY_AFTER_MAX];
    int len = lws_hdr_copy(wsi, field, sizeof(field), WSI_TOKEN_HTTP_RETRY_AFTER);
    unsigned status = lws_http_client_http_response(wsi);

    if (status == 101) {
        portal_request_wipe(&c->request);
        return 0;
    }
    if (status < 100 || status > 599) {
        say(c, "%s: no HTTP status", portal_connection_stage(c));
        tell_failed(c);
        return -1;
    }
    forget(c);
    c->config.refused(
        c->config.context, status,
        (struct bytes){.data = (const uint8_t *)field, .len = len > 0 ? (size_t)len : 0});
    return -1;
}

/* The attempt came to nothing, and it was no answer of the control plane. */
static void take_failure(struct portal_connection *c, const char *library, size_t len)
{
    c->wsi = NULL;
    if (!c->has_tcp) {
        say(c, "%s: refused or not reachable", portal_connection_stage(c));
        c->has_failed = true; /* for go_on: the library is not to be called back from here */
        return;
    }
    if (c->tls.problem[0] != '\0')
        say(c, "TLS: the certificate of %s: %s", c->config.url->host, c->tls.problem);
    else
        say(c, "%s: %.*s", portal_connection_stage(c),
            (int)(len > 0 ? len : sizeof("the connection was lost") - 1),
            len > 0 ? library : "the connection was lost");
    tell_failed(c);
}

static void take_opened(struct portal_connection *c)
{
    c->stage = STAGE_OPEN;
    portal_dial_worked(&c->dial);
    c->config.opened(c->config.context);
}

static void take_fragment(struct portal_connection *c, struct lws *wsi, const void *bytes,
                          size_t len)
{
    enum err err = portal_inbox_take(&c->inbox, wsi, bytes, len);

    if (err == ERR_LIMIT) {
        say(c, "a message of the control plane is longer than %d bytes", PORTAL_MESSAGE_MAX);
        tell_closed(c); /* the library is told by what its callback returns */
    } else if (err == ERR_OK && c->inbox.is_binary) {
        c->config.binary(c->config.context);
    } else if (err == ERR_OK) {
        c->config.text(c->config.context, portal_inbox_message(&c->inbox));
    }
}

/* The control plane closes: the library answers with a close, we need not wait for that. */
static void take_close(struct portal_connection *c, const uint8_t *payload, size_t len)
{
    if (len >= 2)
        say(c, "the control plane closed the connection: %u %.*s",
            (unsigned)payload[0] << 8 | payload[1], (int)(len - 2), (const char *)payload + 2);
    else
        say(c, "the control plane closed the connection");
    tell_closed(c);
}

static int of_ours(struct portal_connection *c, struct lws *wsi, enum lws_callback_reasons reason,
                   void *in, size_t len)
{
    switch ((int)reason) {        /* of the many reasons, those of a client's connection */
    case LWS_CALLBACK_WSI_CREATE: /* TCP is up */
        c->has_tcp = true;
        return 0;
    case LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER:
        return portal_request_write(&c->request, c->config.user_agent, in, len) ? 0 : -1;
    case LWS_CALLBACK_ESTABLISHED_CLIENT_HTTP:
        return take_response(c, wsi);
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
        take_failure(c, in, in != NULL ? len : 0);
        return 0;
    case LWS_CALLBACK_CLIENT_ESTABLISHED:
        take_opened(c);
        break;
    case LWS_CALLBACK_CLIENT_RECEIVE:
        take_fragment(c, wsi, in, len);
        break;
    case LWS_CALLBACK_CLIENT_WRITEABLE:
        return portal_outbox_write(&c->outbox, wsi) ? 0 : -1; /* -1 closes, which is told */
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
        take_close(c, in, len);
        return 0;
    case LWS_CALLBACK_CLIENT_CLOSED:
        say(c, "the connection was lost");
        tell_closed(c);
        return 0;
    default:
        return 0;
    }
    return c->wsi == wsi ? 0 : -1; /* dropped meanwhile: nothing more of it is wanted */
}

static int library_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                            size_t len)
{
    struct portal_connection *c = wsi != NULL ? lws_context_user(lws_get_context(wsi)) : NULL;

    (void)user;
    /* While it is made or destroyed the library says things of nobody. */
    if (c == NULL || c->wsi == NULL || c->wsi != wsi) {
        bool is_stale = reason == LWS_CALLBACK_CLIENT_RECEIVE ||
                        reason == LWS_CALLBACK_CLIENT_ESTABLISHED ||
                        reason == LWS_CALLBACK_ESTABLISHED_CLIENT_HTTP ||
                        reason == LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER;
        return is_stale ? -1 : 0;
    }
    return of_ours(c, wsi, reason, in, len);
}

/* --- The interface --- */

static void wake(void *context)
{
    portal_connection_wake(context);
}

/* The library waits for the next of its own alarms after this one, so that it is to be woken. */
static void alarm_rings(lws_sorted_usec_list_t *alarm)
{
    void *connection = (char *)alarm - offsetof(struct portal_connection, alarm);

    portal_connection_wake(connection);
}

static enum err make_library(struct portal_connection *c, struct problem *problem)
{
    const bool is_tls = c->config.url->is_tls;
    const struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN,
        .protocols = c->protocols,
        .options =
            LWS_SERVER_OPTION_VALIDATE_UTF8 | (is_tls ? LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT : 0),
        .provided_client_ssl_ctx = c->tls.context,
        .http_proxy_address = "", /* NULL: that of the environment */
        .fd_limit_per_thread = DESCRIPTORS_MAX,
        .max_http_header_pool = 2,
        .max_http_header_data = HEADERS_MAX,
        .pt_serv_buf_size = SERVICE_BUFFER,
        .timeout_secs = LIBRARY_LIMIT_SEC,
        .connect_timeout_secs = LIBRARY_LIMIT_SEC,
        .gid = -1,
        .uid = -1,
        .user = c,
    };

    lws_set_log_level(0, NULL); /* what it says of an attempt comes through callbacks */
    c->protocols[0] = (struct lws_protocols){
        .name = "portal", .callback = library_callback, .rx_buffer_size = RECEIVE_CHUNK};
    c->library = lws_create_context(&info);
    if (c->library != NULL)
        return ERR_OK;
    problem_set(problem, "libwebsockets cannot be set up");
    return ERR_NO_MEMORY;
}

enum err portal_connection_new(const struct portal_connection_config *config,
                               struct portal_connection **ret, struct problem *problem)
{
    const struct portal_url *url = config->url;
    struct portal_connection *c = calloc(1, sizeof(*c));
    const bool has_brackets = strchr(url->host, ':') != NULL;
    enum err err = ERR_NO_MEMORY;

    if (c == NULL)
        goto no_memory;
    c->config = *config;
    forget(c);
    (void)snprintf(c->host_field, sizeof(c->host_field), has_brackets ? "[%s]" : "%s", url->host);
    if (!url->is_literal) {
        c->resolver = portal_resolver_new(url->host, wake, c);
        if (c->resolver == NULL)
            goto no_memory;
    }
    if (url->is_tls) {
        err = portal_tls_init(&c->tls, url->host, url->is_literal, config->ca_file, problem);
        if (err != ERR_OK)
            goto fail;
    }
    err = make_library(c, problem);
    if (err != ERR_OK)
        goto fail;
    *ret = c;
    return ERR_OK;

no_memory:
    problem_set(problem, "%s", err_name(ERR_NO_MEMORY));
fail:
    portal_connection_free(c);
    return err;
}

void portal_connection_free(struct portal_connection *c)
{
    if (c == NULL)
        return;
    forget(c);
    portal_resolver_free(c->resolver);
    if (c->library != NULL) {
        lws_sul_cancel(&c->alarm);
        lws_context_destroy(c->library);
    }
    portal_tls_free(&c->tls);
    crypto_wipe(c, sizeof(*c));
    free(c);
}

void portal_connection_open(struct portal_connection *c)
{
    c->reason[0] = '\0';
    c->stage = STAGE_ASKED;
}

void portal_connection_send(struct portal_connection *c, struct bytes text)
{
    /* Where nothing leaves any more, the library closes it, which is told. */
    if (c->stage == STAGE_OPEN && !portal_outbox_put(&c->outbox, c->wsi, text))
        lws_set_timeout(c->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
}

void portal_connection_close(struct portal_connection *c)
{
    drop(c);
    forget(c);
}

void portal_connection_serve(struct portal_connection *c, struct mono_time deadline)
{
    bool had_attempt = c->stage != STAGE_IDLE;

    go_on(c);
    if (had_attempt && c->stage == STAGE_IDLE)
        return; /* that it failed was told: the caller's deadline is another one now */
    if (mono_time_before(c->dial.due_at, deadline))
        deadline = c->dial.due_at;
    if (mono_time_is_never(deadline))
        lws_sul_cancel(&c->alarm);
    else
        lws_sul_schedule(c->library, 0, &c->alarm, alarm_rings,
                         mono_time_until(deadline, now_mono()));
    lws_service(c->library, 0);
    go_on(c);
}

void portal_connection_wake(struct portal_connection *c)
{
    lws_cancel_service(c->library);
}
