/* SPDX-License-Identifier: Apache-2.0 */
/* password_encryption.c - an identity first, then a worker that has KMS encrypt. */
#include "password_encryption.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent_worker.h"
#include "text.h"

#define ENCRYPTED "ENCRYPTED_"

/* Properties that have an encrypted form. */
static const char *const passwords[] = {"PASSWORD", "KAFKA_CLIENT_KEYSTORE_PASSWORD",
                                        "KAFKA_CLIENT_KEY_PASSWORD", "KAFKA_SASL_PLAIN_PASSWORD",
                                        "KAFKA_SASL_SCRAM_PASSWORD"};

/* One under way. */
struct encryption {
    struct agent_identity *agent;
    char *key;
    json_t *properties;
    struct deadline deadline;
    password_encryption_done *done;
    void *argument;
};

static json_t *collect(const json_t *properties)
{
    json_t *values = json_object();
    for (size_t i = 0; i < sizeof passwords / sizeof *passwords; i++) {
        json_t *value = json_object_get(properties, passwords[i]);
        const char *text = json_string_value(value);
        if (text && *text && !strstr(text, "${env:") && !strstr(text, "${file:"))
            json_object_set(values, passwords[i], value);
    }
    return values;
}

static void finish(struct encryption *encryption, const struct error *err)
{
    password_encryption_done *done = encryption->done;
    void *argument = encryption->argument;
    json_decref(encryption->properties);
    free(encryption->key);
    free(encryption);
    done(argument, err);
}

static void replace(json_t *properties, const json_t *encrypted)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)encrypted, name, value)
    {
        char *key = text_format(ENCRYPTED "%s", name);
        if (json_object_get(properties, name) && json_is_string(value)) {
            json_object_set(properties, key, value);
            json_object_del(properties, name);
        }
        free(key);
    }
}

static void end_worker(void *argument, json_t *answer, const struct error *err)
{
    struct encryption *encryption = argument;
    if (answer)
        replace(encryption->properties, answer);
    finish(encryption, err);
}

static void use_identity(void *argument, const char *access)
{
    struct encryption *encryption = argument;
    struct error err = ERROR_INIT;
    json_t *document = json_loads(access, 0, NULL);
    if (agent_access_failed(document, &err)) {
        json_decref(document);
        finish(encryption, &err);
        return;
    }
    json_t *request = json_pack("{s:{s:s, s:o}, s:o, s:s}", "encrypt", "key", encryption->key,
                                "values", collect(encryption->properties), "aws", document,
                                "drivers", agent_identity_drivers(encryption->agent));
    if (!agent_worker_start(encryption->agent, request, "encrypted", encryption->deadline,
                            end_worker, encryption, &err))
        finish(encryption, &err);
    json_decref(request);
}

void password_encryption_start(struct agent_identity *agent, const char *key, json_t *properties,
                               struct deadline deadline, password_encryption_done *done,
                               void *argument)
{
    struct error none = ERROR_INIT;
    json_t *values = collect(properties);
    bool needed = json_object_size(values) > 0;
    json_decref(values);
    if (!needed) {
        done(argument, &none);
        return;
    }
    struct encryption *encryption = xcalloc(1, sizeof *encryption);
    *encryption = (struct encryption){.agent = agent,
                                      .key = xstrdup(key),
                                      .properties = json_incref(properties),
                                      .deadline = deadline,
                                      .done = done,
                                      .argument = argument};
    agent_identity_ask(agent, NULL, deadline, use_identity, encryption);
}
