/* http_owner.c — /api/owner: asks the ownership registry whose a client's allocation or a relay
 * port is.
 */
#include "http_owner.h"

#include "http_json.h"
#include "options.h"
#include "round.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum question_state { QUESTION_NONE, QUESTION_ASKED, QUESTION_ANSWERED };

struct question {
    enum question_state state;
    struct http_owner *owner;
    struct http_owner_query query;
    size_t next;            /* of the host's addresses: which to ask for after this one */
    unsigned servers;       /* asked for */
    bool is_pending;        /* an operation of the registry, one at a time */
    bool is_away;           /* some of them were not answered */
    struct mono_time until; /* ANSWERED: it is remembered */
    /* The answer as it is being written. */
    struct http_text text;
    struct http_json json;
    bool is_open;  /* an allocation, with its channels */
    bool is_local; /* its times are of this host's clock */
    unsigned channels;
    struct http_body *body; /* ANSWERED, unless |is_away| */
};

struct http_owner {
    struct http_owner_config config;
    struct ownership *ownership; /* NULL until there is one */
    struct question questions[HTTP_OWNER_QUESTIONS];
};

struct http_owner *http_owner_new(const struct http_owner_config *config)
{
    struct http_owner *owner = calloc(1, sizeof(*owner));

    if (owner != NULL)
        owner->config = *config;
    return owner;
}

static void forget(struct question *question)
{
    struct http_text text = question->text;

    http_body_release(http_text_body(&text));
    http_body_release(question->body);
    *question = (struct question){.state = QUESTION_NONE, .owner = question->owner};
}

void http_owner_free(struct http_owner *owner)
{
    if (owner == NULL)
        return;
    for (unsigned i = 0; i < HTTP_OWNER_QUESTIONS; i++)
        forget(&owner->questions[i]);
    free(owner);
}

void http_owner_use(struct http_owner *owner, struct ownership *ownership)
{
    owner->ownership = ownership;
}

/*
 * What the registry tells.
 */

static void write_seconds(struct question *question, const char *key, int64_t usec)
{
    if (question->is_local)
        http_json_number(&question->json, key, usec / USEC_PER_SEC);
    else
        http_json_null(&question->json, key);
}

static const char *families_text(uint8_t families)
{
    static const char *const texts[] = {"none", "ipv4", "ipv6", "ipv4+ipv6"};

    return texts[families & (FAMILY_SET_V4 | FAMILY_SET_V6)];
}

static void begin_allocation(struct question *question, const struct owner *owner,
                             const struct turn_record *record)
{
    const struct turn_allocation_record *allocation = &record->allocation;
    struct http_json *json = &question->json;
    const int64_t now = clocks_read().mono.usec;
    char text[TRANSPORT_ADDR_TEXT_MAX];

    question->is_open = true;
    question->channels = 0;
    question->is_local = strcmp(owner->host, question->owner->config.instance) == 0;
    http_json_begin(json, NULL, '{');
    http_json_text(json, "client", transport_addr_format(&record->five_tuple.client, text));
    http_json_text(json, "server", transport_addr_format(&record->five_tuple.server, text));
    http_json_number(json, "relay_port", allocation->port);
    http_json_text(json, "families", families_text(allocation->families));
    write_seconds(question, "age_sec", now - allocation->created.usec);
    write_seconds(question, "left_sec", allocation->expires.usec - now);
    http_json_text(json, "host", owner->host);
    http_json_number(json, "shard", owner->shard);
    http_json_begin(json, "channels", '[');
}

static void write_channel(struct question *question, const struct turn_channel_record *channel)
{
    const int64_t now = clocks_read().mono.usec;
    char number[16];

    if (question->channels++ >= HTTP_OWNER_CHANNELS_MAX)
        return;
    (void)snprintf(number, sizeof(number), "0x%04" PRIX16, channel->number);
    http_json_begin(&question->json, NULL, '{');
    http_json_text(&question->json, "number", number);
    write_seconds(question, "left_sec", channel->bound_until.usec - now);
    http_json_end(&question->json, '}');
}

static void end_allocation(struct question *question, bool is_live)
{
    struct http_json *json = &question->json;
    const unsigned told =
        question->channels < HTTP_OWNER_CHANNELS_MAX ? question->channels : HTTP_OWNER_CHANNELS_MAX;

    http_json_end(json, ']');
    http_json_number(json, "more_channels", question->channels - told);
    http_json_bool(json, "lease_held", is_live);
    http_json_end(json, '}');
    question->is_open = false;
}

/* An allocation comes before what is beneath it, then |done| of its operation. */
static void on_record(void *context, const struct owner *owner, const struct turn_record *record)
{
    struct question *question = context;

    if (record == NULL)
        return;
    if (record->kind == TURN_RECORD_ALLOCATION && !question->is_open)
        begin_allocation(question, owner, record);
    else if (record->kind == TURN_RECORD_CHANNEL && question->is_open)
        write_channel(question, &record->channel);
}

static void finish(struct question *question)
{
    http_json_end(&question->json, ']');
    http_json_end(&question->json, '}');
    question->body = http_text_body(&question->text);
    question->state = QUESTION_ANSWERED;
    question->until = mono_time_add_usec(clocks_read().mono, (int64_t)HTTP_OWNER_FRESH_MSEC * 1000);
}

/*
 * Asking.
 */

static void on_done(void *context, const struct ownership_answer *answer);

static void ask_server(struct question *question, const struct transport_addr *server)
{
    struct five_tuple five_tuple = {.client = question->query.client, .server = *server};

    five_tuple.server.port = RELAY_LISTENING_PORT;
    question->servers++;
    question->is_pending =
        ownership_find_records(question->owner->ownership, clocks_read(), &five_tuple, on_record,
                               on_done, question) == ERR_OK;
    question->is_away |= !question->is_pending;
}

/* Asks for the client at the next address. The public addresses are among those of the host,
 * first (own_addresses_add). */
static void ask_client(struct question *question)
{
    const struct turn_peer_policy *policy = question->owner->config.policy;

    while (!question->is_pending && question->next < policy->own_addr_count &&
           question->servers < HTTP_OWNER_SERVERS_MAX) {
        const struct transport_addr *server = &policy->own_addrs[question->next++];

        if (server->family == question->query.client.family)
            ask_server(question, server);
    }
}

/* One address after the other: a registry may give the records of several operations before it
 * is done with any of them. */
static void on_done(void *context, const struct ownership_answer *answer)
{
    struct question *question = context;

    if (question->is_open)
        end_allocation(question, answer->owner_is_live);
    question->is_away |= answer->outcome == OWNERSHIP_AWAY;
    question->is_pending = false;
    if (question->query.relay_port == 0 && !question->is_away)
        ask_client(question);
    if (question->is_pending)
        return;
    finish(question);
    question->owner->config.retry(question->owner->config.context);
}

static void ask_port(struct question *question)
{
    const struct http_owner *owner = question->owner;

    question->is_pending =
        ownership_find_port(owner->ownership, clocks_read(), owner->config.instance,
                            question->query.relay_port, on_record, on_done, question) == ERR_OK;
    question->is_away |= !question->is_pending;
}

static void ask(struct http_owner *owner, struct question *question,
                const struct http_owner_query *query)
{
    forget(question);
    question->owner = owner;
    question->query = *query;
    question->state = QUESTION_ASKED;
    question->json = (struct http_json){.text = &question->text};
    http_json_begin(&question->json, NULL, '{');
    http_json_begin(&question->json, "allocations", '[');
    if (query->relay_port != 0)
        ask_port(question);
    else
        ask_client(question);
}

static bool is_of(const struct question *question, const struct http_owner_query *query)
{
    return question->state != QUESTION_NONE && question->query.relay_port == query->relay_port &&
           transport_addr_equal(&question->query.client, &query->client);
}

/* The question for |query| that is under way or fresh, else a free place, else NULL. */
static struct question *place_for(struct http_owner *owner, const struct http_owner_query *query)
{
    const struct mono_time now = clocks_read().mono;
    struct question *place = NULL;

    for (unsigned i = 0; i < HTTP_OWNER_QUESTIONS; i++) {
        struct question *question = &owner->questions[i];

        if (question->state == QUESTION_ANSWERED && mono_time_due(question->until, now))
            forget(question);
        if (is_of(question, query))
            return question;
        if (question->state == QUESTION_NONE)
            place = question;
    }
    return place;
}

/*
 * Answering.
 */

static void answer(const struct question *question, struct http_exchange *exchange)
{
    if (question->is_away)
        http_respond_text(exchange, HTTP_STATUS_UNAVAILABLE,
                          "The ownership registry does not answer\n");
    else if (question->body == NULL)
        http_respond_text(exchange, HTTP_STATUS_SERVER_ERROR, "There is no memory\n");
    else
        http_respond(exchange, HTTP_STATUS_OK, HTTP_JSON_TYPE, question->body);
}

void http_owner_handle(void *context, struct http_exchange *exchange)
{
    struct http_owner *owner = context;
    struct http_owner_query query;

    if (http_owner_query_read(http_exchange_request(exchange), &query) != ERR_OK) {
        http_respond_text(exchange, HTTP_STATUS_BAD_REQUEST,
                          "Ask with client=ADDRESS:PORT, such as 192.0.2.1:4000 or "
                          "[2001:db8::1]:4000, or with relay_port=PORT\n");
        return;
    }
    if (owner->ownership == NULL) {
        http_respond_text(exchange, HTTP_STATUS_UNAVAILABLE, "This shard is starting\n");
        return;
    }
    struct question *question = place_for(owner, &query);

    if (question == NULL) {
        http_respond_text(exchange, HTTP_STATUS_UNAVAILABLE,
                          "Too many questions at once: ask again in a second\n");
        return;
    }
    if (question->state == QUESTION_NONE) {
        ask(owner, question, &query);
        if (question->is_pending)
            return;
        /* Nothing could be asked, or there is no address that a client of this family reaches. */
        finish(question);
    }
    if (question->state == QUESTION_ANSWERED)
        answer(question, exchange);
}
