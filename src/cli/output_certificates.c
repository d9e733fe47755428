/* SPDX-License-Identifier: Apache-2.0 */
/* output_certificates.c - what `testconn cert check` found. */
#include "output_certificates.h"

#include <stdlib.h>
#include <string.h>

#include "columns.h"
#include "text.h"

enum { INDENT = 2, NUMBER_WIDTH = 4, SHOWN = 8, SANS_SHOWN = 8 };

static const char *const orders[] = {[ORDER_SINGLE] = "single",
                                     [ORDER_LEAF_FIRST] = "leaf first",
                                     [ORDER_ROOT_FIRST] = "root first",
                                     [ORDER_MIXED] = "mixed",
                                     [ORDER_BUNDLE] = "bundle"};

static const char *const severities[] = {
    [SEVERITY_NOTE] = "note", [SEVERITY_WARNING] = "warning", [SEVERITY_ERROR] = "error"};

static const char *rules_word(const struct certificate_question *question)
{
    return question->rules == CERTIFICATE_RULES_KAFKA ? "KAFKA_CUSTOM_CERT" : "CUSTOM_JDBC_CERT";
}

static json_t *fault_to_json(const struct certificate_fault *fault)
{
    json_t *object =
        json_pack("{s:s, s:s}", "severity", severities[fault->severity], "rule", fault->rule);
    char line[sizeof fault->message * 4];
    text_one_line(line, sizeof line, fault->message, strlen(fault->message));
    json_object_set_new(object, "message", json_string(line));
    if (fault->reason != REASON_NONE)
        json_object_set_new(object, "code", json_string(reason_name(fault->reason)));
    if (fault->index)
        json_object_set_new(object, "certificate", json_integer(fault->index));
    return object;
}

static void set_verdict(json_t *object, const struct checked_file *file)
{
    const struct error *error = &file->audit.error;
    json_object_set_new(object, "status", json_string(file->passed ? "ok" : "failed"));
    if (file->passed)
        return;
    json_object_set_new(object, "code", json_string(reason_name(error->reason)));
    json_object_set_new(object, "reason", json_string(error->message));
    json_object_set_new(
        object, "remedy",
        json_string(error->remedy[0] ? error->remedy : reason_info(error->reason)->remedy));
}

json_t *checked_file_to_json(const struct checked_file *file,
                             const struct certificate_question *question)
{
    const struct certificate_audit *audit = &file->audit;
    json_t *object = json_object();
    json_t *certificates = json_array();
    json_t *findings = json_array();
    json_object_set_new(object, "name", json_string(file->name));
    json_object_set_new(object, "rules",
                        json_string(question->rules == CERTIFICATE_RULES_KAFKA ? "kafka" : "jdbc"));
    set_verdict(object, file);
    for (int i = 1; i <= sk_X509_num(audit->list); i++)
        json_array_append_new(certificates, certificate_audit_to_json(audit, i));
    for (size_t i = 0; i < audit->fault_count; i++)
        json_array_append_new(findings, fault_to_json(&audit->faults[i]));
    if (audit->list)
        json_object_set_new(object, "order", json_string(orders[audit->order]));
    if (audit->leaf) {
        json_object_set_new(object, "leaf", json_integer(audit->leaf));
        json_object_set_new(object, "verified", json_boolean(audit->verified));
    }
    json_object_set_new(object, "certificates", certificates);
    json_object_set_new(object, "findings", findings);
    return object;
}

static void print_line(FILE *out, int indent, char *text, const struct text_style *style)
{
    fprintf(out, "%*s", indent, "");
    columns_wrap(out, text, indent, style->width, style->terminal > 0);
    free(text);
}

static void print_sentence(FILE *out, const char *lead, const char *text,
                           const struct text_style *style)
{
    print_line(out, INDENT,
               text_format("%s%s%s", lead, text, strchr(".!?", text[strlen(text) - 1]) ? "" : "."),
               style);
}

static const char *text_of(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

/* "root CA", "intermediate CA, signed by 3", "no CA, signed by 2" */
static char *describe_standing(const json_t *one)
{
    bool is_ca = json_is_true(json_object_get(one, "ca"));
    bool is_self_signed = json_is_true(json_object_get(one, "self_signed"));
    const json_t *signer = json_object_get(one, "signed_by");
    const char *what = is_ca ? is_self_signed ? "root CA" : "intermediate CA" : "no CA";
    if (signer)
        return text_format("%s, signed by %lld", what, (long long)json_integer_value(signer));
    return text_format("%s%s", what, is_self_signed ? ", self-signed" : "");
}

static char *describe_days(const json_t *one)
{
    long long days = json_integer_value(json_object_get(one, "days_to_expiry"));
    if (days < 0)
        return text_format("expired on %.10s", text_of(one, "not_after"));
    return text_format("expires in %lld day%s (%.10s)", days, days == 1 ? "" : "s",
                       text_of(one, "not_after"));
}

static void print_names(FILE *out, const json_t *one, const struct text_style *style)
{
    const json_t *sans = json_object_get(one, "sans");
    struct text_buffer line = TEXT_BUFFER_INIT;
    size_t count = json_array_size(sans);
    for (size_t i = 0; i < count && (style->verbose || i < SANS_SHOWN); i++)
        text_append_format(&line, "%s%s", i ? ", " : "for ",
                           json_string_value(json_array_get(sans, i)));
    if (!style->verbose && count > SANS_SHOWN)
        text_append_format(&line, " and %zu more", count - SANS_SHOWN);
    if (line.length)
        print_line(out, INDENT + NUMBER_WIDTH, text_take(&line), style);
    text_buffer_release(&line);
}

static void print_certificate(FILE *out, const struct certificate_audit *audit, int index,
                              const struct text_style *style)
{
    json_t *one = certificate_audit_to_json(audit, index);
    char *standing = describe_standing(one);
    char *days = describe_days(one);
    fprintf(out, "%*s%-*d", INDENT, "", NUMBER_WIDTH, index);
    columns_wrap(out, text_of(one, "subject"), INDENT + NUMBER_WIDTH, style->width,
                 style->terminal > 0);
    print_names(out, one, style);
    if (!json_is_true(json_object_get(one, "self_signed")))
        print_line(out, INDENT + NUMBER_WIDTH, text_format("issued by %s", text_of(one, "issuer")),
                   style);
    print_line(out, INDENT + NUMBER_WIDTH,
               text_format("%s, %s, %s, %s", standing, text_of(one, "key"),
                           text_of(one, "signature_algorithm"), days),
               style);
    print_line(out, INDENT + NUMBER_WIDTH, text_format("SHA-256 %s", text_of(one, "sha256")),
               style);
    free(standing);
    free(days);
    json_decref(one);
}

static bool has_fault(const struct certificate_audit *audit, int index)
{
    for (size_t i = 0; i < audit->fault_count; i++)
        if (audit->faults[i].index == index && audit->faults[i].severity != SEVERITY_NOTE)
            return true;
    return false;
}

/* All of a short file; of a long one those that something is to be said about. */
static void print_certificates(FILE *out, const struct certificate_audit *audit,
                               const struct text_style *style)
{
    int count = sk_X509_num(audit->list);
    for (int i = 1; i <= count; i++)
        if (count <= SHOWN || style->verbose || has_fault(audit, i))
            print_certificate(out, audit, i, style);
}

static void print_findings(FILE *out, const struct certificate_audit *audit,
                           const struct text_style *style)
{
    for (size_t i = 0; i < audit->fault_count; i++) {
        const struct certificate_fault *fault = &audit->faults[i];
        const char *severity = severities[fault->severity];
        if (fault->severity == SEVERITY_NOTE && sk_X509_num(audit->list) > SHOWN && !style->verbose)
            continue;
        fprintf(out, "%*s", INDENT, "");
        if (fault->severity == SEVERITY_NOTE)
            fputs(severity, out);
        else
            style_put(out, style, fault->severity == SEVERITY_ERROR ? COLOR_BAD : COLOR_WARNING,
                      severity);
        fputs(": ", out);
        columns_wrap(out, fault->message, INDENT + (int)strlen(severity) + 2, style->width,
                     style->terminal > 0);
    }
}

/* "3 certificates, leaf first, the chain verified", for the line of the verdict. */
static char *describe_file(const struct checked_file *file,
                           const struct certificate_question *question)
{
    const struct certificate_audit *audit = &file->audit;
    struct text_buffer line = TEXT_BUFFER_INIT;
    int count = sk_X509_num(audit->list);
    text_append_format(&line, "%d certificate%s", count, count == 1 ? "" : "s");
    if (audit->order == ORDER_BUNDLE)
        text_append(&line, ", a bundle");
    else if (audit->order != ORDER_SINGLE)
        text_append_format(&line, ", %s",
                           audit->order == ORDER_MIXED ? "out of order" : orders[audit->order]);
    if (audit->leaf && audit->verified)
        text_append(&line, ", the chain is verified");
    if (question->host)
        text_append_format(&line, ", for %s", question->host);
    text_append_format(&line, ", by the rules of %s", rules_word(question));
    return text_take(&line);
}

void output_checked_file(FILE *out, const struct checked_file *file,
                         const struct certificate_question *question,
                         const struct text_style *style)
{
    const struct error *error = &file->audit.error;
    char *name = columns_text(file->name);
    fprintf(out, "%s: ", name);
    if (file->passed) {
        char *what = describe_file(file, question);
        int column = columns_of(name) + (int)strlen(": ok: ");
        style_put(out, style, COLOR_GOOD, "ok");
        fputs(": ", out);
        columns_wrap(out, what, column < style->width / 2 ? column : INDENT, style->width, false);
        fputc('\n', out);
        free(what);
    } else {
        size_t length = strlen(file->name);
        bool is_led = strncmp(error->message, file->name, length) == 0 &&
                      strncmp(error->message + length, ": ", 2) == 0;
        style_put(out, style, COLOR_BAD, "FAILED");
        fprintf(out, ": %s\n\n", reason_name(error->reason));
        print_sentence(out, "", error->message + (is_led ? length + 2 : 0), style);
        print_sentence(out, "To fix it: ",
                       error->remedy[0] ? error->remedy : reason_info(error->reason)->remedy,
                       style);
        fputs(file->audit.list ? "\n" : "", out);
    }
    free(name);
    if (!file->audit.list)
        return;
    print_certificates(out, &file->audit, style);
    print_findings(out, &file->audit, style);
}
