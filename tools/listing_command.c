/* listing_command.c — what commands that list a part of the ownership view have in common. */
#include "listing_command.h"

#include "client_argument.h"
#include "terminal.h"

#include <stdlib.h>

const char *listing_read_client(const struct option_spec *spec, const char *value, void *field)
{
    struct transport_addr client;

    if (!client_argument_read_any(value, &client))
        return spec->rule;
    struct transport_addr *ret = field;
    *ret = client;
    return NULL;
}

void listing_print_notes(const struct ownership_view *view, const char *program)
{
    for (size_t i = 0; i < view->note_count; i++)
        fprintf(stderr, "%s: %s\n", program, view->notes[i].text);
}

static void print(const struct listing_command *command, const struct listing_options *options,
                  const struct ownership_view *view)
{
    if (options->json) {
        command->print_json(view, stdout);
        return;
    }
    command->print_text(view, terminal_size_of(stdout).columns, stdout);
    (void)fflush(stdout); /* what is to be known of the table comes after it */
    listing_print_notes(view, command->table->program);
}

int listing_command_run(const struct listing_command *command, int argc, char **argv)
{
    struct listing_options options = {0};
    struct option_reading reading;
    struct relay_place place;
    struct ownership_view view = {0};
    struct problem problem;
    int code;

    if (!command_line_read(command->table, argc, argv, &options, &reading, &code))
        return code;
    enum err err = relay_place_open(&options.place, &place, &problem);

    if (err == ERR_OK) {
        err = ownership_read(&place, command->part, 0, &view, &problem);
        relay_place_close(&place);
    }
    if (err != ERR_OK) {
        fprintf(stderr, "%s: %s\n", command->table->program, problem.text);
        return EXIT_FAILURE;
    }
    if (options.client.family != IP_FAMILY_NONE)
        view_keep_client(&view, &options.client);
    print(command, &options, &view);
    code = view.is_incomplete ? EXIT_FAILURE : EXIT_SUCCESS;
    view_free(&view);
    return code;
}
