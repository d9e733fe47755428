/* SPDX-License-Identifier: Apache-2.0 */
/* url_parameter.c - the parameters of one URL applied. */
#include "url_parameter.h"

#include <stdlib.h>
#include <string.h>

#include "resolve.h"
#include "text.h"
#include "url_refused.h"
#include "url_rule.h"
#include "url_tls.h"
#include "vendors.h"

static bool is_refused(const char *subprotocol, const char *name)
{
    const struct parameter_rule *rule = url_rule_find(subprotocol, name);
    return rule ? rule->use == USE_REFUSE : url_refused_name(name);
}

enum { VALUES_MAXIMUM = 9 };

/* Of parameters with a closed list of values; the vendor's own driver refuses any other. */
static const struct {
    const char *passed_as;
    const char *values[VALUES_MAXIMUM]; /* without case; NULL ends them */
} closed[] = {
    {"channel_binding", {"disable", "prefer", "require", NULL}},
    {"target_session_attrs",
     {"any", "primary", "secondary", "master", "slave", "preferPrimary", "preferSecondary",
      "preferSlave", NULL}},
};

static bool is_value(const char *const *values, const char *value)
{
    while (*values && !text_equal_nocase(*values, value))
        values++;
    return *values;
}

static bool has_odd_value(const struct parameter_rule *rule, const struct parameter *parameter,
                          const char *path, struct problems *problems)
{
    size_t i = 0;
    while (i < sizeof closed / sizeof *closed && strcmp(closed[i].passed_as, rule->passed_as) != 0)
        i++;
    if (i == sizeof closed / sizeof *closed || is_value(closed[i].values, parameter->value))
        return false;
    struct text_buffer words = TEXT_BUFFER_INIT;
    for (const char *const *value = closed[i].values; *value; value++)
        text_append_format(&words, "%s%s", words.length ? ", " : "", *value);
    problems_add(problems, path, "url-parameter",
                 "has the parameter %s with a value that is none of %s", rule->name, words.data);
    text_buffer_release(&words);
    return true;
}

/* The property CUSTOM_JDBC_CERT_STRING says the same, and goes before the URL. */
static void expect_name(const struct parameter *parameter, struct target *target)
{
    struct tls_policy *tls = &target->tls;
    if (tls->expected_name || tls->expected_dn || !*parameter->value)
        return;
    if (strchr(parameter->value, '='))
        tls->expected_dn = xstrdup(parameter->value);
    else
        tls->expected_name = xstrdup(parameter->value);
}

static void refuse(const char *name, const struct parameter_rule *rule, const char *path,
                   struct problems *problems)
{
    const char *instead = rule ? rule->passed_as : NULL;
    problems_add(problems, path, "url-parameter-refused",
                 "has the parameter %.60s, which is refused: it names code to load, a file or "
                 "socket to open, or statements to run%s%s",
                 name, instead ? "; the property for it is " : "", instead ? instead : "");
}

/* Some driver, wrapper or proxy takes a value apart once more. */
static void refuse_within(const char *text, const struct jdbc_url *url, const char *path,
                          struct problems *problems)
{
    char *name = url_refused_within(text, url->subprotocol, is_refused);
    if (name)
        refuse(name, url_rule_find(url->subprotocol, name), path, problems);
    free(name);
}

/* What stands behind a password, and what has no value, may be the rest of a password. */
static void note_unknown(const struct jdbc_url *url, size_t index, const char *path,
                         struct problems *problems)
{
    bool shown = *url->parameters[index].value != '\0';
    if (url->standing == JDBC_OTHER)
        return; /* nobody knows those here */
    for (size_t i = 0; i < index && shown; i++) {
        const struct parameter_rule *rule =
            url_rule_find(url->subprotocol, url->parameters[i].name);
        shown = !rule || (rule->use != USE_CREDENTIAL && rule->use != USE_KEY);
    }
    if (shown)
        problems_add_note(
            problems, path, "url-parameter-unknown",
            "has the parameter %.60s, which testconn does not know and does not pass on",
            url->parameters[index].name);
    else
        problems_add_note(problems, path, "url-parameter-unknown",
                          "has a parameter, its number %zu, which testconn does not know and does "
                          "not pass on",
                          index + 1);
}

static void apply(const struct jdbc_url *url, size_t index, const char *path, struct target *target,
                  struct problems *problems)
{
    const struct parameter *parameter = &url->parameters[index];
    if (url_tls_knows(url->subprotocol, parameter->name))
        return;
    const struct parameter_rule *rule = url_rule_find(url->subprotocol, parameter->name);
    if (is_refused(url->subprotocol, parameter->name)) {
        refuse(parameter->name, rule, path, problems);
    } else if (!rule) {
        note_unknown(url, index, path, problems);
    } else if (rule->use == USE_PASS) {
        if (!has_odd_value(rule, parameter, path, problems))
            target_add_parameter(target, rule->passed_as, parameter->value);
    } else if (rule->use == USE_NAME) {
        expect_name(parameter, target);
    } else if (rule->use == USE_IDLE) {
        problems_add_note(problems, path, "url-parameter-idle",
                          "has the parameter %s, which has no effect on a test", rule->name);
    } else if (rule->use == USE_KEY) {
        problems_add_note(
            problems, path, "credentials-in-url",
            "holds a key of AWS (parameter %s), which is ignored: testconn asks AWS as itself, or "
            "as ROLE_ARN. Take it out of the URL: others can read it there",
            rule->name);
    } else if (rule->use == USE_CREDENTIAL) {
        problems_add_note(
            problems, path, "credentials-in-url",
            "holds a login (parameter %s), which is ignored: USERNAME and PASSWORD, or SECRET_ID, "
            "count. Take it out of the URL: others can read it there",
            rule->name);
    } else {
        problems_add_note(
            problems, path, "url-parameter-time",
            "has the parameter %s, which is not used: the test has its own deadline (--timeout)",
            rule->name);
    }
}

void url_parameters_apply(const struct jdbc_url *url, const char *path, bool enforced,
                          struct target *target, struct problems *problems)
{
    url_tls_apply(url, path, enforced, target, problems);
    for (size_t i = 0; i < url->parameter_count; i++)
        refuse_within(url->parameters[i].value, url, path, problems);
    if (url->database)
        refuse_within(url->database, url, path, problems);
    for (size_t i = 0; i < url->parameter_count; i++)
        apply(url, i, path, target, problems);
}
