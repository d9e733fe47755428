/* SPDX-License-Identifier: Apache-2.0 */
/* routes.c - which request goes where. */
#include <stdlib.h>
#include <string.h>

#include "aws_json.h"
#include "native.h"
#include "operations.h"
#include "text.h"

#define TARGET_PREFIX "AWSGlue."

enum { BODY_MAXIMUM = 4 << 20 };

static bool is_json(const struct http_exchange *exchange)
{
    const char *type = http_head_find(&exchange->head, "Content-Type");
    return type && (text_starts_nocase(type, "application/x-amz-json-1.") ||
                    text_starts_nocase(type, "application/json"));
}

static void run_operation(struct service *service, struct http_exchange *exchange,
                          const struct operation *operation)
{
    exchange->operation = operation->name;
    if (!access_allow(service->access, exchange, operation->right))
        return;
    if (!is_json(exchange)) {
        aws_json_refuse(exchange, "SerializationException",
                        "the Content-Type is not " AWS_JSON_TYPE);
        return;
    }
    if (exchange->body.length > BODY_MAXIMUM) {
        aws_json_refuse(exchange, "RequestEntityTooLargeException",
                        "the body of the request is too large");
        return;
    }
    json_t *body = aws_json_read(exchange);
    if (!body)
        return;
    if (operation->stored && !service->store)
        aws_json_refuse(exchange, "UnknownOperationException",
                        "this agent keeps no connections (--stateless): it knows TestConnection "
                        "only");
    else
        operation->run(service, exchange, body);
    json_decref(body);
}

/* What is not ours: to the upstream, where there is one. True: it is answered. */
static bool pass_on(struct service *service, struct http_exchange *exchange)
{
    if (!service->upstream)
        return false;
    exchange->operation = "upstream";
    if (access_allow_foreign(service->access, exchange))
        upstream_pass(service->upstream, exchange);
    return true;
}

/* AWS JSON: every operation is a POST to "/". */
static void route_aws(struct service *service, struct http_exchange *exchange)
{
    const char *target = http_head_find(&exchange->head, "X-Amz-Target");
    const struct operation *operation = NULL;
    if (http_head_count(&exchange->head, "X-Amz-Target") > 1) {
        /* Another reader might take the other one. */
        aws_json_refuse(exchange, "MalformedHttpRequestException",
                        "the header X-Amz-Target is given twice");
        return;
    }
    if (target && text_starts(target, TARGET_PREFIX))
        operation = operation_find(target + strlen(TARGET_PREFIX));
    bool ours = operation && (service->store || !operation->stored || !service->upstream);
    if (ours) {
        run_operation(service, exchange, operation);
        return;
    }
    if (pass_on(service, exchange) || !access_allow(service->access, exchange, 0))
        return;
    aws_json_refuse(exchange, "UnknownOperationException", "%s%.100s%s",
                    target ? "the operation " : "the header X-Amz-Target is missing",
                    target ? target : "", target ? " is not known here" : "");
}

static const struct {
    const char *path;
    bool below; /* what begins so */
    const char *method;
    const char *name;
    int right; /* -1: nobody has to sign */
    void (*run)(struct service *service, struct http_exchange *exchange);
} routes[] = {{"/livez", false, "GET", "livez", -1, native_live},
              {"/readyz", false, "GET", "readyz", -1, native_ready},
              {"/metrics", false, "GET", "metrics", -1, native_metrics},
              {"/probe", false, "GET", "probe", ACCESS_TEST, native_probe},
              {"/v1/test", false, "POST", "v1-test", ACCESS_TEST, native_test},
              {"/v1/reports/", true, "GET", "v1-reports", ACCESS_READ, native_report}};

static bool is_route(size_t index, const char *path)
{
    return routes[index].below ? text_starts(path, routes[index].path)
                               : strcmp(path, routes[index].path) == 0;
}

static bool is_method(const struct http_exchange *exchange, const char *method)
{
    return strcmp(exchange->head.method, method) == 0 ||
           (strcmp(method, "GET") == 0 && strcmp(exchange->head.method, "HEAD") == 0);
}

static void refuse_method(struct http_exchange *exchange, const char *method)
{
    char *words = text_format("%.20s is not allowed at %.60s: %s is%s", exchange->head.method,
                              exchange->head.path, method,
                              strcmp(exchange->head.path, "/") == 0
                                  ? ", with the operation in the header X-Amz-Target"
                                  : "");
    http_answer_header(exchange, "Allow", method);
    native_refuse(exchange, 405, words);
    free(words);
}

/* A client of AWS whose endpoint has a path reads exceptions only. */
static void refuse_path(struct http_exchange *exchange)
{
    const char *path = exchange->head.path;
    if (http_head_find(&exchange->head, "X-Amz-Target")) {
        aws_json_refuse(exchange, "UnknownOperationException",
                        "operations are answered at the path /, not at %.60s: the endpoint of the "
                        "client has to be http://HOST:PORT",
                        path);
        return;
    }
    char *words = text_format("there is nothing at %.60s; there are /, /v1/test, "
                              "/v1/reports/REQUEST-ID, /probe, /metrics, /livez and /readyz",
                              path);
    native_refuse(exchange, 404, words);
    free(words);
}

void service_handle(struct http_exchange *exchange, void *argument)
{
    struct service *service = argument;
    const char *path = exchange->head.path;
    exchange->operation = "-";
    if (access_refuse_browser(service->access, exchange))
        return;
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
        if (!is_route(i, path))
            continue;
        exchange->operation = routes[i].name;
        if (!is_method(exchange, routes[i].method))
            refuse_method(exchange, routes[i].method);
        else if (routes[i].right < 0 ||
                 access_allow(service->access, exchange, (unsigned)routes[i].right))
            routes[i].run(service, exchange);
        return;
    }
    bool root = strcmp(path, "/") == 0;
    if (root && is_method(exchange, "POST"))
        route_aws(service, exchange);
    else if (pass_on(service, exchange))
        return;
    else if (root)
        refuse_method(exchange, "POST");
    else
        refuse_path(exchange);
}
