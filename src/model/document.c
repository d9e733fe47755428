/* SPDX-License-Identifier: Apache-2.0 */
/* document.c - JSON by jansson; what is not JSON by libyaml. */
#include "document.h"

#include <string.h>
#include <yaml.h>

#include "text.h"

enum { DEPTH_MAXIMUM = 64 };

/* A YAML document being read. */
struct reader {
    yaml_parser_t parser;
    yaml_event_t event;
    const char *name;
    struct error *err;
};

static json_t *fail(struct reader *reader, const yaml_mark_t *mark, const char *what)
{
    error_set(reader->err, REASON_INVALID_INPUT, "%s is not valid YAML: line %zu, column %zu: %s",
              reader->name, mark->line + 1, mark->column + 1, what);
    return NULL;
}

/* The next event; false with the error set. */
static bool advance(struct reader *reader)
{
    if (yaml_parser_parse(&reader->parser, &reader->event))
        return true;
    yaml_parser_t *parser = &reader->parser;
    yaml_mark_t mark = parser->problem_mark;
    if (!mark.line && !mark.column)
        mark = parser->mark;
    fail(reader, &mark, parser->problem ? parser->problem : "not readable as YAML");
    reader->event = (yaml_event_t){0};
    return false;
}

static json_t *read_value(struct reader *reader, int depth);

/* Whether TAG means what is written anyway: none, "!", or a word of JSON's own kinds. Others ask
 * for something that nobody here does (!!binary, !Ref). */
static bool is_plain_tag(const yaml_char_t *tag)
{
    static const char *const kinds[] = {"str", "int", "float", "bool", "null", "seq", "map"};
    static const char core[] = "tag:yaml.org,2002:";
    if (!tag || strcmp((const char *)tag, "!") == 0)
        return true;
    if (strncmp((const char *)tag, core, sizeof core - 1) != 0)
        return false;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp((const char *)tag + sizeof core - 1, kinds[i]) == 0)
            return true;
    return false;
}

/* The tag of the event at hand, or NULL. */
static const yaml_char_t *tag_of(const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        return event->data.scalar.tag;
    case YAML_SEQUENCE_START_EVENT:
        return event->data.sequence_start.tag;
    case YAML_MAPPING_START_EVENT:
        return event->data.mapping_start.tag;
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_START_EVENT:
    case YAML_DOCUMENT_END_EVENT:
    case YAML_ALIAS_EVENT:
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
    default:
        return NULL;
    }
}

static json_t *read_scalar(struct reader *reader)
{
    const char *text = (const char *)reader->event.data.scalar.value;
    size_t length = reader->event.data.scalar.length;
    bool plain = reader->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    if (plain && (!*text || !strcmp(text, "~") || text_equal_nocase(text, "null")))
        return json_null();
    json_t *value = json_stringn(text, length);
    return value ? value : fail(reader, &reader->event.start_mark, "a value that is not UTF-8");
}

static json_t *read_sequence(struct reader *reader, int depth)
{
    json_t *array = json_array();
    for (;;) {
        yaml_event_delete(&reader->event);
        if (!advance(reader))
            break;
        if (reader->event.type == YAML_SEQUENCE_END_EVENT)
            return array;
        json_t *value = read_value(reader, depth + 1);
        if (!value)
            break;
        json_array_append_new(array, value);
    }
    json_decref(array);
    return NULL;
}

/* One "key: value" of OBJECT, the key being the event at hand. */
static bool read_pair(struct reader *reader, json_t *object, int depth)
{
    if (reader->event.type != YAML_SCALAR_EVENT)
        return fail(reader, &reader->event.start_mark, "a key that is not a word");
    yaml_mark_t mark = reader->event.start_mark;
    char *key =
        xstrndup((const char *)reader->event.data.scalar.value, reader->event.data.scalar.length);
    bool whole = strlen(key) == reader->event.data.scalar.length;
    bool read = false;
    yaml_event_delete(&reader->event);
    if (!whole) {
        fail(reader, &mark, "a NUL in a key");
    } else if (json_object_get(object, key)) {
        char *what = text_format("the key \"%s\" stands twice", key);
        fail(reader, &mark, what);
        free(what);
    } else if (advance(reader)) {
        json_t *value = read_value(reader, depth + 1);
        read = value && json_object_set_new(object, key, value) == 0;
        if (value && !read)
            fail(reader, &mark, "a key that is not UTF-8");
    }
    free(key);
    return read;
}

static json_t *read_mapping(struct reader *reader, int depth)
{
    json_t *object = json_object();
    for (;;) {
        yaml_event_delete(&reader->event);
        if (!advance(reader))
            break;
        if (reader->event.type == YAML_MAPPING_END_EVENT)
            return object;
        if (!read_pair(reader, object, depth))
            break;
    }
    json_decref(object);
    return NULL;
}

static json_t *read_value(struct reader *reader, int depth)
{
    if (depth > DEPTH_MAXIMUM)
        return fail(reader, &reader->event.start_mark, "nested too deeply");
    if (reader->event.type == YAML_ALIAS_EVENT)
        return fail(reader, &reader->event.start_mark, "aliases (*name) are not allowed");
    if (!is_plain_tag(tag_of(&reader->event)))
        return fail(reader, &reader->event.start_mark, "tags (!name) are not allowed");
    if (reader->event.type == YAML_SCALAR_EVENT)
        return read_scalar(reader);
    if (reader->event.type == YAML_SEQUENCE_START_EVENT)
        return read_sequence(reader, depth);
    if (reader->event.type == YAML_MAPPING_START_EVENT)
        return read_mapping(reader, depth);
    return fail(reader, &reader->event.start_mark, "not a value");
}

/* The next event is of TYPE. */
static bool expect(struct reader *reader, yaml_event_type_t type, const char *otherwise)
{
    yaml_event_delete(&reader->event);
    if (!advance(reader))
        return false;
    return reader->event.type == type || fail(reader, &reader->event.start_mark, otherwise);
}

static json_t *parse_yaml(const char *text, size_t length, const char *name, struct error *err)
{
    struct reader reader = {.name = name, .err = err};
    json_t *value = NULL;
    yaml_parser_initialize(&reader.parser);
    yaml_parser_set_input_string(&reader.parser, (const unsigned char *)text, length);
    yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
    if (expect(&reader, YAML_STREAM_START_EVENT, "not readable as YAML") &&
        expect(&reader, YAML_DOCUMENT_START_EVENT, "the file is empty")) {
        yaml_event_delete(&reader.event);
        if (advance(&reader))
            value = read_value(&reader, 0);
    }
    if (value && !(expect(&reader, YAML_DOCUMENT_END_EVENT, "more than one value") &&
                   expect(&reader, YAML_STREAM_END_EVENT, "more than one document"))) {
        json_decref(value);
        value = NULL;
    }
    yaml_event_delete(&reader.event);
    yaml_parser_delete(&reader.parser);
    return value;
}

static bool tell_encoding(const char *name, const char *what, struct error *err)
{
    return error_set(err, REASON_INVALID_INPUT, "%s is %s, not UTF-8: save it as UTF-8", name,
                     what);
}

/* Whether TEXT is UTF-8 without NUL; else what it is instead, and where. */
static bool check_encoding(const char *text, size_t length, const char *name, struct error *err)
{
    size_t line = 1;
    size_t column = 1;
    if (length >= 4 &&
        (memcmp(text, "\xFF\xFE\0\0", 4) == 0 || memcmp(text, "\0\0\xFE\xFF", 4) == 0))
        return tell_encoding(name, "UTF-32", err);
    if (length >= 2 && (memcmp(text, "\xFF\xFE", 2) == 0 || memcmp(text, "\xFE\xFF", 2) == 0))
        return tell_encoding(name, "UTF-16", err);
    if (length >= 2 && (!text[0] || !text[1]) && (text[0] || text[1]))
        return tell_encoding(name, "UTF-16", err);
    for (size_t at = 0, size = 0; at < length; at += size, column++) {
        long point = text_code_point(text + at, length - at, &size);
        if (point < 0)
            return error_set(err, REASON_INVALID_INPUT,
                             "%s is not UTF-8: line %zu, column %zu holds the byte 0x%02x", name,
                             line, column, (unsigned char)text[at]);
        if (point == 0)
            return error_set(err, REASON_INVALID_INPUT, "%s holds a NUL byte: line %zu, column %zu",
                             name, line, column);
        if (point == '\n') {
            line++;
            column = 0;
        }
    }
    return true;
}

static bool is_blank(const char *text)
{
    return text[strspn(text, " \t\r\n")] == '\0';
}

static bool looks_like_json(const char *text)
{
    char first = text[strspn(text, " \t\r\n")];
    return first == '{' || first == '[';
}

/* What stands where a connection was expected, by its first word; "" where that says nothing. */
static const char *name_stranger(const char *text)
{
    static const struct {
        const char *start;
        const char *name;
    } strangers[] = {
        {"resource \"",
         "; it is Terraform's language; give the connection in the words of the API"},
        {"jdbc:", "; it is a URL, which goes into the ConnectionProperties of a connection"},
        {"mongodb", "; it is a URL, which goes into the ConnectionProperties of a connection"},
        {"Name=", "; it is the short form of the AWS CLI; give the connection as JSON"},
        {"ConnectionType=", "; it is the short form of the AWS CLI; give the connection as JSON"},
        {"-----BEGIN", "; it is a certificate or a key, which a property names by its path"},
        {"<", "; it is a web page or XML"},
    };
    text += strspn(text, " \t\r\n");
    for (size_t i = 0; i < sizeof strangers / sizeof *strangers; i++)
        if (text_starts(text, strangers[i].start))
            return strangers[i].name;
    return "";
}

static void tell_json(const char *name, json_error_t *problem, struct error *err)
{
    /* jansson quotes what stands there, which may be a secret; and it names its own flags. */
    static const char *const ends[] = {" near ", " without JSON_"};
    for (int i = 0; i < 2; i++) {
        char *end = strstr(problem->text, ends[i]);
        if (end)
            *end = '\0';
    }
    bool more = strcmp(problem->text, "end of file expected") == 0;
    error_set(err, REASON_INVALID_INPUT, "%s is not valid JSON: line %d, column %d: %s", name,
              problem->line, problem->column,
              more ? "more follows behind the first value; several connections are written as a "
                     "list, [..., ...]"
                   : problem->text);
}

json_t *document_parse(const char *text, size_t length, const char *name, struct error *err)
{
    json_error_t problem;
    if (length >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) {
        text += 3;
        length -= 3;
    }
    if (!check_encoding(text, length, name, err))
        return NULL;
    if (is_blank(text)) {
        error_set(err, REASON_INVALID_INPUT, "%s is empty", name);
        return NULL;
    }
    /* A NUL in a value is refused with its path, as every other control byte is: by validate. */
    const size_t flags = JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL;
    json_t *value = json_loadb(text, length, flags, &problem);
    if (!value && !looks_like_json(text))
        value = parse_yaml(text, length, name, err);
    if (value && !json_is_object(value) && !json_is_array(value)) {
        json_decref(value);
        value = NULL;
        error_set(err, REASON_INVALID_INPUT,
                  "%s holds a single value, not a connection or a list of them: it is neither JSON "
                  "nor YAML of a known form%s",
                  name, name_stranger(text));
    } else if (!value && looks_like_json(text)) {
        tell_json(name, &problem, err);
    }
    return value;
}
