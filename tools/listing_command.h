/* listing_command.h — what commands that list a part of the ownership view have in common. */
#ifndef RELAY_LISTING_COMMAND_H
#define RELAY_LISTING_COMMAND_H

#include "command_line.h"
#include "ownership_read.h"
#include "ownership_view.h"
#include "relay_place.h"
#include "transport_addr.h"

#include <stdio.h>

struct listing_options {
    struct relay_place_options place;
    struct transport_addr client; /* family NONE: everybody's */
    bool json;
};

/* The options of such a command, for the table of its own. */
#define LISTING_OPTIONS                                                                            \
    {                                                                                              \
        .name = "json",                                                                            \
        .kind = OPTION_FLAG,                                                                       \
        .help = "Print JSON",                                                                      \
        OPTION_FIELD(struct listing_options, json),                                                \
    },                                                                                             \
        RELAY_PLACE_OPTIONS(struct listing_options, place), COMMAND_LINE_COMMON_OPTIONS

/* To stand before them where clients are listed. */
#define LISTING_CLIENT_OPTION                                                                      \
    {                                                                                              \
        .name = "client", .kind = OPTION_CUSTOM, .argument = "ADDR[:PORT]",                        \
        .help = "Only those of this client", .read = listing_read_client,                          \
        .rule = "an IP address with or without a port, such as 192.0.2.1 or "                      \
                "[2001:db8::1]:4000",                                                              \
        OPTION_FIELD(struct listing_options, client),                                              \
    }
const char *listing_read_client(const struct option_spec *spec, const char *value, void *field);

struct listing_command {
    const struct option_table *table; /* of LISTING_OPTIONS */
    enum ownership_part part;
    /* Rows no longer than |width|; 0: as they are. */
    void (*print_text)(const struct ownership_view *view, unsigned width, FILE *out);
    void (*print_json)(const struct ownership_view *view, FILE *out);
};

/* listing_command_run reads the command line and who owns what, and prints. Returns the exit code,
 * 1 also when something is missing. */
int listing_command_run(const struct listing_command *command, int argc, char **argv);

/* listing_print_notes prints the notes of |view| as lines of |program| on standard error. */
void listing_print_notes(const struct ownership_view *view, const char *program);

#endif
