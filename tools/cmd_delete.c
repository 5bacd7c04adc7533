/* cmd_delete.c — relayctl delete: ends the allocations of a client, on whichever shard they are. */
#include "relayctl.h"

#include "client_argument.h"
#include "command_line.h"
#include "control_client.h"
#include "json_writer.h"
#include "listing_command.h"
#include "ownership_read.h"
#include "relay_place.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define PROGRAM "relayctl delete"

struct delete_options {
    struct relay_place_options place;
    bool json;
};

static const struct option_spec specs[] = {
    {
        .name = "json",
        .kind = OPTION_FLAG,
        .help = "Print JSON",
        OPTION_FIELD(struct delete_options, json),
    },
    RELAY_PLACE_OPTIONS(struct delete_options, place),
    COMMAND_LINE_COMMON_OPTIONS,
};

static const struct option_table table = {
    .program = PROGRAM,
    .intro = "Usage: " PROGRAM " ADDR:PORT [OPTION]…\n\n"
             "Ends every allocation that this client has on this host, and says which. The client\n"
             "is not told: it learns of it when it next asks for something.\n",
    .specs = specs,
    .count = sizeof specs / sizeof specs[0],
};

/* The question, and what has come of it so far. */
struct deletion {
    const struct relay_place *place;
    struct control_request request;
    struct json_writer *json; /* NULL: as text */
    uint32_t shard;           /* that is being asked */
    uint64_t deleted;
    bool has_failed; /* there may be more of the client's */
};

static bool read_client(const struct option_reading *reading, struct transport_addr *ret)
{
    if (reading->positional_count != 1) {
        fputs(PROGRAM ": give one client, ADDR:PORT; see " PROGRAM " --help\n", stderr);
        return false;
    }
    return client_argument_read(PROGRAM, reading->positionals[0], ret);
}

static void on_deleted(void *context, const struct control_answer *answer)
{
    struct deletion *deletion = context;
    char client[TRANSPORT_ADDR_TEXT_MAX], server[TRANSPORT_ADDR_TEXT_MAX];

    if (answer->kind != CONTROL_ANSWER_DELETED)
        return;
    deletion->deleted++;
    (void)transport_addr_format(&answer->deleted.five_tuple.client, client);
    (void)transport_addr_format(&answer->deleted.five_tuple.server, server);
    if (deletion->json == NULL) {
        printf("deleted: shard %" PRIu32 ", client %s at %s, relay port %u\n", deletion->shard,
               client, server, answer->deleted.relay_port);
        return;
    }
    json_begin_object(deletion->json, NULL);
    json_u64(deletion->json, "shard", deletion->shard);
    json_text(deletion->json, "client", client);
    json_text(deletion->json, "server", server);
    json_u64(deletion->json, "relay_port", answer->deleted.relay_port);
    json_end_object(deletion->json);
}

static void ask(struct deletion *deletion, uint32_t shard)
{
    struct problem problem;
    uint64_t count;

    deletion->shard = shard;
    if (control_client_ask(&deletion->place->dir, shard, &deletion->request, on_deleted, deletion,
                           &count, &problem) == ERR_OK)
        return;
    fprintf(stderr, PROGRAM ": %s\n", problem.text);
    deletion->has_failed = true;
}

/* Asks those that own something of the client. */
static void ask_owners(struct deletion *deletion, const struct ownership_view *view)
{
    for (size_t i = 0; i < view->allocation_count; i++) {
        uint32_t shard = view->allocations[i].owner.shard;

        /* By shard, so that one is not asked twice. */
        if (i == 0 || shard != view->allocations[i - 1].owner.shard)
            ask(deletion, shard);
    }
}

/* Nobody is known to: the registry is away, or has not been told. */
static void ask_everybody(struct deletion *deletion)
{
    struct shard_pages pages = {0};
    struct problem problem;

    if (shard_pages_read(deletion->place, &pages, &problem) != ERR_OK) {
        fprintf(stderr, PROGRAM ": %s\n", problem.text);
        deletion->has_failed = true;
    }
    for (size_t i = 0; i < pages.count; i++)
        if (pages.pages[i].err == ERR_OK && pages.pages[i].snapshot.is_live)
            ask(deletion, pages.pages[i].shard);
    shard_pages_free(&pages);
}

static void delete_all(struct deletion *deletion)
{
    struct ownership_view view = {0};
    struct problem problem;
    bool is_incomplete = false;

    if (ownership_read(deletion->place, PART_ALLOCATIONS, 0, &view, &problem) == ERR_OK) {
        view_keep_client(&view, &deletion->request.client);
        ask_owners(deletion, &view);
        is_incomplete = view.is_incomplete;
        if (is_incomplete)
            listing_print_notes(&view, PROGRAM);
        view_free(&view);
    }
    if (deletion->deleted == 0 && !deletion->has_failed)
        ask_everybody(deletion);
    deletion->has_failed |= is_incomplete;
}

static int run(int argc, char **argv)
{
    struct delete_options options = {0};
    struct option_reading reading;
    struct relay_place place;
    struct problem problem;
    struct deletion deletion = {.place = &place, .request.verb = CONTROL_DELETE};
    struct json_writer json = json_writer_to(stdout);
    int code;

    if (!command_line_read_arguments(&table, argc, argv, &options, &reading, &code))
        return code;
    if (!read_client(&reading, &deletion.request.client))
        return EXIT_USAGE;
    if (relay_place_open(&options.place, &place, &problem) != ERR_OK) {
        fprintf(stderr, PROGRAM ": %s\n", problem.text);
        return EXIT_FAILURE;
    }
    if (!place.is_here) {
        fprintf(stderr,
                PROGRAM ": %s is not the relay of %s: its shards cannot be asked from here\n",
                place.deployment.instance, place.dir.path);
        relay_place_close(&place);
        return EXIT_FAILURE;
    }
    if (options.json) {
        deletion.json = &json;
        json_begin_array(&json, NULL);
    }
    delete_all(&deletion);
    if (options.json)
        json_end_array(&json);
    (void)fflush(stdout);
    if (deletion.deleted == 0)
        fprintf(stderr, PROGRAM ": nobody has an allocation of %s%s\n", reading.positionals[0],
                deletion.has_failed ? ", of the shards that answer" : "");
    relay_place_close(&place);
    return deletion.deleted > 0 && !deletion.has_failed ? EXIT_SUCCESS : EXIT_FAILURE;
}

const struct relayctl_command relayctl_delete = {
    .name = "delete",
    .summary = "end the allocations of a client",
    .run = run,
};
