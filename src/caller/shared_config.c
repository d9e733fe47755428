/* SPDX-License-Identifier: Apache-2.0 */
/* shared_config.c - sections, keys, and keys indented under keys. */
#include "shared_config.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

/* One line that says something; KEY is NULL for the head of a section. */
struct entry {
    char *kind;
    char *name;
    char *key;
    char *nested; /* NULL: KEY itself */
    char *value;
};

struct shared_config {
    struct entry *entries;
    size_t count;
    char *faults[2]; /* by file; NULL: none */
};

/* Where the lines at hand belong. */
struct place {
    enum shared_file file;
    size_t line; /* from 1 */
    bool in_section;
    char *kind; /* NULL: in no section that counts */
    char *name;
    char *key; /* the one that indented lines belong to; NULL: none */
};

struct shared_config *shared_config_new(void)
{
    return xcalloc(1, sizeof(struct shared_config));
}

void shared_config_free(struct shared_config *config)
{
    if (!config)
        return;
    for (size_t i = 0; i < config->count; i++) {
        struct entry *entry = &config->entries[i];
        free(entry->kind);
        free(entry->name);
        free(entry->key);
        free(entry->nested);
        text_wipe_free(entry->value);
    }
    free(config->entries);
    free(config->faults[SHARED_FILE_CONFIG]);
    free(config->faults[SHARED_FILE_CREDENTIALS]);
    free(config);
}

static void add_entry(struct shared_config *config, const struct place *place, const char *key,
                      const char *nested, const char *value)
{
    config->entries = xrealloc(config->entries, (config->count + 1) * sizeof *config->entries);
    config->entries[config->count++] = (struct entry){.kind = xstrdup(place->kind),
                                                      .name = xstrdup(place->name),
                                                      .key = key ? xstrdup(key) : NULL,
                                                      .nested = nested ? xstrdup(nested) : NULL,
                                                      .value = xstrdup(value)};
}

static void __attribute__((format(printf, 3, 4)))
note_fault(struct shared_config *config, const struct place *place, const char *format, ...)
{
    va_list arguments;
    if (config->faults[place->file])
        return;
    va_start(arguments, format);
    char *words = text_vformat(format, arguments);
    va_end(arguments);
    config->faults[place->file] = text_format("line %zu %s", place->line, words);
    free(words);
}

static void leave_section(struct place *place)
{
    free(place->kind);
    free(place->name);
    free(place->key);
    place->kind = place->name = place->key = NULL;
}

/* TEXT without the blanks at both ends, in place. */
static char *trim(char *text)
{
    text += strspn(text, " \t\r\v\f");
    size_t length = strlen(text);
    while (length > 0 && strchr(" \t\r\v\f", text[length - 1]))
        length--;
    text[length] = '\0';
    return text;
}

/* A name may stand in quotes. */
static char *unquote(char *name)
{
    size_t length = strlen(name);
    if (length < 2 || (*name != '"' && *name != '\'') || name[length - 1] != *name)
        return name;
    name[length - 1] = '\0';
    return name + 1;
}

/* "[profile dev]", "[default]", "[services local]" of the configuration; "[dev]" of credentials. */
static void enter_section(struct shared_config *config, struct place *place, char *line)
{
    leave_section(place);
    place->in_section = true;
    char *close = strrchr(line, ']');
    if (!close) {
        note_fault(config, place, "begins a section with [ and has no ]");
        return;
    }
    *close = '\0';
    char *title = trim(line + 1);
    size_t word = strcspn(title, " \t");
    if (place->file == SHARED_FILE_CREDENTIALS || strcmp(title, "default") == 0) {
        place->kind = xstrdup("profile");
        place->name = xstrdup(unquote(title));
    } else if (title[word]) {
        place->kind = xstrndup(title, word);
        place->name = xstrdup(unquote(trim(title + word)));
    } else {
        /* Some have no name: [plugins]. */
        if (strcmp(title, "plugins") != 0 && strcmp(title, "preview") != 0)
            note_fault(config, place,
                       "has [%.60s], which in this file is no profile: it has to be "
                       "[profile %.60s]",
                       title, title);
        return;
    }
    add_entry(config, place, NULL, NULL, "");
}

static void lower(char *text)
{
    for (; *text; text++)
        if (*text >= 'A' && *text <= 'Z')
            *text = (char)(*text | 0x20);
}

static void read_setting(struct shared_config *config, struct place *place, char *line,
                         bool indented)
{
    char *sign = strpbrk(line, "=:");
    if (!place->in_section)
        note_fault(config, place, "stands before any [section]");
    else if (!sign && !indented)
        note_fault(config, place, "is neither [SECTION] nor KEY = VALUE");
    if (!place->kind || !sign)
        return;
    *sign = '\0';
    char *key = trim(line);
    char *value = trim(sign + 1);
    lower(key);
    if (indented && place->key) {
        add_entry(config, place, place->key, key, value);
        return;
    }
    free(place->key);
    /* Only what is empty itself has keys under it. */
    place->key = *value ? NULL : xstrdup(key);
    add_entry(config, place, key, NULL, value);
}

static void read_line(struct shared_config *config, struct place *place, char *line)
{
    bool indented = *line == ' ' || *line == '\t';
    char *words = trim(line);
    if (!*words || *words == '#' || *words == ';')
        return;
    if (*words == '[' && !indented)
        enter_section(config, place, words);
    else
        read_setting(config, place, words, indented);
}

/* What TEXT was cut off at, which makes nonsense of all before it. */
static void note_nul(struct shared_config *config, struct place *place, const char *text)
{
    place->line = 1;
    for (; *text; text++)
        place->line += *text == '\n';
    note_fault(config, place, "holds a NUL byte: the file is no text in UTF-8");
    place->line = 0;
}

void shared_config_add(struct shared_config *config, enum shared_file file, const char *text,
                       size_t length)
{
    struct place place = {.file = file};
    char *copy = xstrndup(text, length);
    char *rest = copy;
    if (text_starts(rest, "\xEF\xBB\xBF"))
        rest += 3;
    if (strlen(copy) != length)
        note_nul(config, &place, copy);
    for (char *line; (line = strsep(&rest, "\n"));) {
        place.line++;
        read_line(config, &place, line);
    }
    leave_section(&place);
    text_wipe(copy, strnlen(text, length));
    free(copy);
}

const char *shared_config_fault(const struct shared_config *config, enum shared_file file)
{
    return config->faults[file];
}

static bool is_in(const struct entry *entry, const char *kind, const char *name)
{
    return strcmp(entry->kind, kind) == 0 && strcmp(entry->name, name) == 0;
}

bool shared_config_has(const struct shared_config *config, const char *kind, const char *name)
{
    for (size_t i = 0; i < config->count; i++)
        if (is_in(&config->entries[i], kind, name))
            return true;
    return false;
}

const char *shared_config_value(const struct shared_config *config, const char *kind,
                                const char *name, const char *key, const char *nested)
{
    for (size_t i = config->count; i > 0; i--) {
        const struct entry *entry = &config->entries[i - 1];
        if (is_in(entry, kind, name) && text_equal(entry->key, key) &&
            text_equal(entry->nested, nested))
            return *entry->value ? entry->value : NULL;
    }
    return NULL;
}
