/* cmd_top.c — relayctl top: what each shard does at this time, again and again. */
#include "relayctl.h"

#include "command_line.h"
#include "relay_place.h"
#include "screen.h"
#include "system_clock.h"
#include "terminal.h"
#include "top_print.h"
#include "top_rates.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PROGRAM "relayctl top"

enum { USEC_PER_MSEC = 1000, KEY_QUIT = 'q' };

struct top_options {
    struct relay_place_options place;
    uint32_t interval_msec;
    uint32_t count; /* 0: not given */
    unsigned sort;  /* enum top_order */
    bool json;
};

/* By the order of enum top_order: --sort, and the key of the same. */
static const char *const order_names[] = {"shard",       "cpu",       "packets", "bits",
                                          "allocations", "misrouted", "drops",   NULL};
static const char order_keys[] = "scpbamd";

static const struct option_spec specs[] = {
    {
        .name = "interval",
        .kind = OPTION_NUMBER,
        .argument = "MSEC",
        .default_text = "1000",
        .help = "Milliseconds from one reading to the next",
        .min = 100,
        .max = 3600000,
        OPTION_FIELD(struct top_options, interval_msec),
    },
    {
        .name = "count",
        .letter = 'c',
        .kind = OPTION_NUMBER,
        .argument = "N",
        .default_shown = "until q; one where it is no terminal and no JSON",
        .help = "So many readings",
        .min = 1,
        .max = UINT32_MAX,
        OPTION_FIELD(struct top_options, count),
    },
    {
        .name = "sort",
        .kind = OPTION_CHOICE,
        .argument = "BY",
        .default_text = "shard",
        .help = "Order of the rows: shard, cpu, packets, bits, allocations, misrouted or drops",
        .choices = order_names,
        OPTION_FIELD(struct top_options, sort),
    },
    {
        .name = "json",
        .kind = OPTION_FLAG,
        .help = "Print a JSON object on a line for each reading",
        OPTION_FIELD(struct top_options, json),
    },
    RELAY_PLACE_DIR_OPTION(struct top_options, place),
    COMMAND_LINE_COMMON_OPTIONS,
};

static const struct option_table table = {
    .program = PROGRAM,
    .intro =
        "Usage: " PROGRAM " [OPTION]…\n\n"
        "Shows what each shard does, drawn anew in place: state, processor time, datagrams and\n"
        "payload bits a second each way (up is client to peer), allocations, datagrams that\n"
        "reached the wrong shard and were handed on, and drops by reason. Keys: s, c, p, b, a, "
        "m\nand d sort, q quits. Reads counters only, so it needs neither the registry nor "
        "shards\nthat move.\n",
    .specs = specs,
    .count = sizeof specs / sizeof specs[0],
};

struct top {
    const struct relay_place *place;
    const struct top_options *options;
    enum top_order order;
    bool is_screen;
    uint32_t shown;
    struct top_reading before, after;
};

/* The first |rows| - 1 lines of |text|, then one that names the keys. False: the terminal is gone.
 */
static bool draw_page(const char *text, struct terminal_size size)
{
    static const char keys[] = "\x1b[7m s shard  c CPU  p packets  b bits  a allocations  "
                               "m misrouted  d drops  q quit \x1b[0m";
    static const char few_keys[] = "\x1b[7m q quit \x1b[0m";
    const char *end = text;

    for (unsigned line = 1; line < size.rows && *end != '\0'; line++)
        end += strcspn(end, "\n") + 1;
    char *page = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&page, &len);

    if (out == NULL)
        return false;
    fprintf(out, "%.*s%s", (int)(end - text), text, size.columns > sizeof(keys) ? keys : few_keys);
    bool is_drawn = fclose(out) == 0 && screen_draw(page, len);

    free(page);
    return is_drawn;
}

static bool draw(const struct top *top, const struct top_view *view)
{
    struct terminal_size size = terminal_size_of(stdout);
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);

    if (out == NULL)
        return false;
    top_print_text(top->place, view, size, out);
    bool is_drawn = fclose(out) == 0 && draw_page(text, size);

    free(text);
    return is_drawn;
}

/* What happened between the last two readings. False when it cannot be written. */
static bool show(const struct top *top)
{
    struct top_view view;
    bool is_shown;

    if (top_compare(&top->before, &top->after, top->order, &view) != ERR_OK)
        return false;
    if (top->is_screen) {
        is_shown = draw(top, &view);
    } else {
        if (top->options->json)
            top_print_json(top->place, &view, stdout);
        else
            top_print_text(top->place, &view, (struct terminal_size){.columns = 0}, stdout);
        is_shown = fflush(stdout) == 0;
    }
    top_view_free(&view);
    return is_shown;
}

/* Takes a key. False when it ends the program. */
static bool press(struct top *top, char key)
{
    const char *at = key != '\0' ? strchr(order_keys, key) : NULL;

    if (at != NULL)
        top->order = (enum top_order)(at - order_keys);
    return key != KEY_QUIT;
}

/* Waits until |until|, answering keys. False when it is over. */
static bool wait_until(struct top *top, struct mono_time until)
{
    char key = '\0';

    for (;;) {
        int64_t left = until.usec - system_mono_time().usec;

        if (left <= 0)
            return true;
        if (!top->is_screen) {
            (void)usleep((useconds_t)(left < USEC_PER_SEC ? left : USEC_PER_SEC));
            continue;
        }
        enum screen_event event =
            screen_wait((uint64_t)(left + USEC_PER_MSEC - 1) / USEC_PER_MSEC, &key);

        if (event == SCREEN_GONE || (event == SCREEN_KEY && !press(top, key)))
            return false;
        if (event != SCREEN_TIMEOUT && !show(top))
            return false;
    }
}

static bool read_next(struct top *top, struct problem *problem)
{
    top_reading_free(&top->before);
    top->before = top->after;
    top->after = (struct top_reading){.cpu_nsec = NULL};
    return top_read(top->place, &top->after, problem) == ERR_OK;
}

/* The whole life. False with |problem|, which is empty when it was for want of an output. */
static bool live(struct top *top, uint32_t count, struct problem *problem)
{
    struct mono_time next = system_mono_time();

    if (!read_next(top, problem))
        return false;
    if (top->is_screen && !show(top))
        return false;
    while (count == 0 || top->shown < count) {
        next = mono_time_add_usec(next, (int64_t)top->options->interval_msec * USEC_PER_MSEC);
        /* After a stop the readings that were missed are not made up for. */
        if (mono_time_due(next, system_mono_time()))
            next = system_mono_time();
        if (!wait_until(top, next))
            return true;
        if (!read_next(top, problem) || !show(top))
            return false;
        top->shown++;
    }
    return true;
}

static int run_top(const struct relay_place *place, const struct top_options *options)
{
    struct top top = {.place = place,
                      .options = options,
                      .order = (enum top_order)options->sort,
                      .is_screen = !options->json && terminal_size_of(stdout).columns != 0};
    uint32_t count = options->count != 0 || options->json || top.is_screen ? options->count : 1;
    struct problem problem = {.text = ""};

    if (top.is_screen)
        screen_open();
    bool ok = live(&top, count, &problem);

    screen_close();
    top_reading_free(&top.before);
    top_reading_free(&top.after);
    if (!ok && problem.text[0] != '\0')
        fprintf(stderr, PROGRAM ": %s\n", problem.text);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int run(int argc, char **argv)
{
    struct top_options options = {0};
    struct option_reading reading;
    struct relay_place place;
    struct problem problem;
    int code;

    if (!command_line_read(&table, argc, argv, &options, &reading, &code))
        return code;
    if (relay_place_open(&options.place, &place, &problem) != ERR_OK) {
        fprintf(stderr, PROGRAM ": %s\n", problem.text);
        return EXIT_FAILURE;
    }
    code = run_top(&place, &options);
    relay_place_close(&place);
    return code;
}

const struct relayctl_command relayctl_top = {
    .name = "top",
    .summary = "what each shard does at this time, drawn anew in place",
    .run = run,
};
