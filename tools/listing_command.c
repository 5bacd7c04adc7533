/* listing_command.c — what commands that list a part of the ownership view have in common. */
#include "listing_command.h"

#include <stdlib.h>

int listing_command_run(const struct listing_command *command, int argc, char **argv)
{
    struct listing_options options = {0};
    struct option_reading reading;
    struct registry_reader *reader;
    struct ownership_view view = {0};
    struct problem problem;
    int code;

    if (!command_line_read(command->table, argc, argv, &options, &reading, &code))
        return code;
    if (registry_reader_open(&options.registry, &reader, &problem) != ERR_OK) {
        fprintf(stderr, "%s: %s\n", command->table->program, problem.text);
        return EXIT_FAILURE;
    }
    bool ok = command->read(reader, command->table->program, &view);

    if (ok && options.json)
        command->print_json(&view, stdout);
    else if (ok)
        command->print_text(&view, stdout);
    view_free(&view);
    registry_reader_close(reader);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
