/* listing_command.c — what commands that list a part of the ownership view have in common. */
#include "listing_command.h"

#include <stdlib.h>

int listing_command_run(const struct listing_command *command, int argc, char **argv)
{
    struct listing_options options = {0};
    struct option_reading reading;
    struct relay_place place;
    struct registry_reader *reader = NULL;
    struct ownership_view view = {0};
    struct problem problem;
    int code;

    if (!command_line_read(command->table, argc, argv, &options, &reading, &code))
        return code;
    if (relay_place_open(&options.place, &place, &problem) != ERR_OK) {
        fprintf(stderr, "%s: %s\n", command->table->program, problem.text);
        return EXIT_FAILURE;
    }
    bool ok = registry_reader_open(&place, &reader, &problem) == ERR_OK;

    if (ok)
        ok = command->read(&place, reader, command->table->program, &view);
    else
        fprintf(stderr, "%s: %s\n", command->table->program, problem.text);
    if (ok && options.json)
        command->print_json(&view, stdout);
    else if (ok)
        command->print_text(&view, stdout);
    view_free(&view);
    registry_reader_close(reader);
    relay_place_close(&place);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
