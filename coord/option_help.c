/* option_help.c — prints --help from a table of options. */
#include "option_table.h"

#include <string.h>

enum {
    HELP_INDENT = 28, /* where the text of an option begins */
    HELP_WIDTH = 90,  /* where it is broken */
    HELP_TEXT_MAX = 512,
};

/* Prints |label|, then |text| in a column of its own, broken between words. */
static void print_row(FILE *out, const char *label, const char *text)
{
    int column = fprintf(out, "  %s", label);

    if (column > HELP_INDENT - 2) {
        fputc('\n', out);
        column = 0;
    }
    fprintf(out, "%*s", HELP_INDENT - column, "");
    column = HELP_INDENT;
    for (const char *word = text; *word != '\0';) {
        size_t len = strcspn(word, " ");

        if (column > HELP_INDENT && column + 1 + (int)len > HELP_WIDTH) {
            fprintf(out, "\n%*s", HELP_INDENT, "");
            column = HELP_INDENT;
        } else if (word != text) {
            fputc(' ', out);
            column++;
        }
        fprintf(out, "%.*s", (int)len, word);
        column += (int)len;
        word += len + (word[len] == ' ');
    }
    fputc('\n', out);
}

static void print_option(FILE *out, const struct option_spec *spec)
{
    char label[HELP_TEXT_MAX], text[HELP_TEXT_MAX];
    const char *shown = spec->default_shown != NULL ? spec->default_shown : spec->default_text;
    const char *space = spec->argument != NULL ? " " : "";
    const char *argument = spec->argument != NULL ? spec->argument : "";

    if (spec->letter != '\0')
        snprintf(label, sizeof(label), "-%c, --%s%s%s", spec->letter, spec->name, space, argument);
    else
        snprintf(label, sizeof(label), "--%s%s%s", spec->name, space, argument);
    if (shown != NULL)
        snprintf(text, sizeof(text), "%s [default: %s]", spec->help, shown);
    else
        snprintf(text, sizeof(text), "%s", spec->help);
    print_row(out, label, text);
}

void option_table_help(const struct option_table *table, FILE *out)
{
    fprintf(out, "%s\nOptions:\n", table->intro);
    for (size_t i = 0; i < table->count; i++)
        print_option(out, &table->specs[i]);
    fputs("\nEnvironment variables, read when the option is not given; empty counts as unset:\n",
          out);
    for (size_t i = 0; i < table->count; i++) {
        for (size_t j = 0; j < OPTION_ENV_MAX && table->specs[i].env[j] != NULL; j++) {
            char text[HELP_TEXT_MAX];
            snprintf(text, sizeof(text), "--%s", table->specs[i].name);
            print_row(out, table->specs[i].env[j], text);
        }
    }
    if (table->outro != NULL)
        fputs(table->outro, out);
}
