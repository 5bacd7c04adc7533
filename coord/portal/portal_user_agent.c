/* portal_user_agent.c — what the relay calls itself towards the control plane. */
#include "portal/portal_user_agent.h"

#include "version.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

enum { WORD_MAX = 48, LINE_MAX_LEN = 256 };

/* Keeps what a word of a User-Agent may have. */
static void take_word(const char *text, char ret[static WORD_MAX])
{
    size_t len = 0;

    for (; *text != '\0' && *text != '\n' && len < WORD_MAX - 1; text++) {
        if (*text > ' ' && *text <= '~' && strchr("\"'();/\\", *text) == NULL)
            ret[len++] = *text;
    }
    ret[len] = '\0';
    if (len == 0)
        (void)snprintf(ret, WORD_MAX, "unknown");
}

static void read_os_release(char name[static WORD_MAX], char version[static WORD_MAX])
{
    char line[LINE_MAX_LEN];
    FILE *file = fopen("/etc/os-release", "re");

    take_word("", name);
    take_word("", version);
    if (file == NULL)
        return;
    while (fgets(line, sizeof(line), file) != NULL) {
        if (strncmp(line, "ID=", 3) == 0)
            take_word(line + 3, name);
        else if (strncmp(line, "VERSION_ID=", 11) == 0)
            take_word(line + 11, version);
    }
    fclose(file);
    if (name[0] >= 'a' && name[0] <= 'z')
        name[0] = (char)(name[0] - 'a' + 'A');
}

void portal_user_agent(char ret[static PORTAL_USER_AGENT_MAX])
{
    char name[WORD_MAX], version[WORD_MAX], arch[WORD_MAX], kernel[WORD_MAX];
    struct utsname system = {0};

    (void)uname(&system);
    read_os_release(name, version);
    take_word(system.machine, arch);
    take_word(system.release, kernel);
    (void)snprintf(ret, PORTAL_USER_AGENT_MAX, "%s/%s relay/%s (%s; %s)", name, version,
                   relay_version(), arch, kernel);
}
