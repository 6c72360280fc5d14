/* `customhouse runtime list` and `runtime sweep`: what was admitted and may not run any more, by
 * the keeper; and which pods run it all the same, by the cluster's API server. The keeper never
 * speaks to a cluster, and this program deletes nothing that it was not told to. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "customhouse/limits.h"
#include "kubernetes.h"
#include "remote.h"

#define PODS_AT_ONCE 100
#define DIGEST_CHARS (sizeof("sha256:") - 1 + 64)

struct sweep {
    const struct args *args;
    struct kubernetes cluster;
    json_t *admitted; /* as the keeper lists it */
    json_t *pods;     /* found: what is printed with --json */
    size_t left;      /* pods that run on */
    bool complete;    /* all was looked at */
};

/* ------------------------------------------------------------------ the keeper */

static enum ch_code read_command(const struct args *args, struct ch_command *ret,
                                 struct ch_err *err)
{
    static const char *const sent[] = {"--environment", "--namespace", "--repository"};
    *ret = (struct ch_command){.name = CH_STR("runtime list"), .json = args_has(args, "--json")};
    for (size_t i = 0; i < CH_ARRAY_LEN(sent); i++) {
        const char *value = args_value(args, sent[i]);
        if (value != NULL && strlen(value) > ch_limits.text_bytes) {
            return ch_fail(err, CH_E_USAGE, "%s: a value of %zu bytes, at most %zu", sent[i],
                           strlen(value), (size_t)ch_limits.text_bytes);
        }
        if (value != NULL) {
            ret->key[ret->arg_count] = ch_str_of(sent[i] + 2);
            ret->value[ret->arg_count++] = ch_str_of(value);
        }
    }
    if (args_has(args, "--all")) {
        ret->key[ret->arg_count++] = CH_STR("all");
    }
    return CH_OK;
}

static enum ch_code ask_keeper(struct sweep *s, int *ret_status, struct ch_err *err)
{
    struct ch_command command;
    struct ch_buf output, words;
    ch_buf_init(&output, SIZE_MAX / 2); /* bounded by the answer */
    ch_buf_init(&words, SIZE_MAX / 2);
    enum ch_code rc = read_command(s->args, &command, err);
    command.json = true;
    if (rc == CH_OK) { /* the same bytes may be allowed by another name */
        command.key[command.arg_count++] = CH_STR("all");
    }
    rc = rc == CH_OK
             ? remote_ask(s->args, &command, REMOTE_WAIT_MS, &output, &words, ret_status, err)
             : rc;
    if (rc == CH_OK) {
        fwrite(words.ptr != NULL ? words.ptr : "", 1, words.len, stderr);
        fputs(words.len > 0 ? "\n" : "", stderr);
        s->admitted = json_loadb(output.ptr != NULL ? output.ptr : "", output.len,
                                 JSON_REJECT_DUPLICATES, NULL);
        if (*ret_status == 0 && !json_is_array(s->admitted)) {
            rc = ch_fail(err, CH_E_UPSTREAM, "the server has answered no list of images");
        }
    }
    ch_buf_done(&output);
    ch_buf_done(&words);
    return rc;
}

/* ------------------------------------------------------------------ pods */

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text != NULL ? text : "";
}

/* "HOST/NAME@sha256:HEX", "docker-pullable://NAME@sha256:HEX", "sha256:HEX": the digest at its end.
 */
static const char *digest_of(const char *image_id)
{
    size_t n = strlen(image_id);
    const char *at = n >= DIGEST_CHARS ? image_id + n - DIGEST_CHARS : "";
    return strncmp(at, "sha256:", 7) == 0 ? at : "";
}

static bool has_digest(const json_t *row, const char *digest)
{
    size_t i;
    const json_t *one;
    json_array_foreach(json_object_get(row, "digests"), i, one)
    {
        const char *text = json_string_value(one);
        if (text != NULL && digest[0] != '\0' && strcmp(text, digest) == 0) {
            return true;
        }
    }
    return false;
}

/* The image that was admitted in this namespace and may not run there by any name; NULL: it is
 * none. */
static const json_t *withdrawn_as(const struct sweep *s, const char *name_space, const char *digest)
{
    size_t i;
    const json_t *row, *found = NULL;
    json_array_foreach(s->admitted, i, row)
    {
        if (strcmp(text_of(row, "namespace"), name_space) != 0 || !has_digest(row, digest)) {
            continue;
        }
        if (strcmp(text_of(row, "state"), "allowed") == 0) {
            return NULL;
        }
        found = json_is_true(json_object_get(row, "withdrawn")) ? row : found;
    }
    return found;
}

static void show(const char *text)
{
    struct ch_buf b;
    ch_buf_init(&b, 1u << 20);
    ch_buf_put_escaped(&b, ch_str_of(text));
    printf("%.*s", CH_STR_ARG(ch_buf_str(&b)));
    ch_buf_done(&b);
}

static void tell(struct sweep *s, const json_t *pod)
{
    json_array_append(s->pods, (json_t *)(uintptr_t)pod);
    if (args_has(s->args, "--json")) {
        return;
    }
    show(text_of(pod, "namespace"));
    putchar('/');
    show(text_of(pod, "pod"));
    printf(": container ");
    show(text_of(pod, "container"));
    printf(" runs ");
    show(text_of(pod, "image"));
    printf(" of ");
    show(text_of(pod, "repository"));
    printf(", %s: ", text_of(pod, "state"));
    show(text_of(pod, "reason"));
    puts(json_is_true(json_object_get(pod, "deleted")) ? "; deleted" : "");
}

/* Deleted, or gone by itself. */
static bool delete_pod(struct sweep *s, const char *name_space, const char *pod, const char *uid)
{
    struct ch_err err;
    int status = 0;
    if (kubernetes_delete_pod(&s->cluster, name_space, pod, uid, &status, &err) != CH_OK) {
        fprintf(stderr, "%s/%s: %s\n", name_space, pod, err.msg);
        return false;
    }
    bool gone = status == 200 || status == 202 || status == 404 || status == 409;
    if (!gone) {
        fprintf(stderr, "%s/%s: not deleted: the API server has answered %d\n", name_space, pod,
                status);
    }
    return gone;
}

/* The first of its containers that runs such an image says why. */
static const json_t *look_for(const struct sweep *s, const char *name_space, const json_t *status,
                              const json_t **ret_container)
{
    static const char *const lists[] = {"initContainerStatuses", "containerStatuses",
                                        "ephemeralContainerStatuses"};
    size_t i;
    const json_t *container;
    for (size_t l = 0; l < CH_ARRAY_LEN(lists); l++) {
        json_array_foreach(json_object_get(status, lists[l]), i, container)
        {
            const json_t *row =
                withdrawn_as(s, name_space, digest_of(text_of(container, "imageID")));
            if (row != NULL) {
                *ret_container = container;
                return row;
            }
        }
    }
    return NULL;
}

static void look_at(struct sweep *s, const char *name_space, const json_t *pod)
{
    const json_t *status = json_object_get(pod, "status"), *meta = json_object_get(pod, "metadata");
    const char *phase = text_of(status, "phase"), *name = text_of(meta, "name"),
               *uid = text_of(meta, "uid");
    const json_t *container = NULL;
    if (strcmp(phase, "Succeeded") == 0 || strcmp(phase, "Failed") == 0) {
        return; /* it runs nothing any more */
    }
    const json_t *row = look_for(s, name_space, status, &container);
    if (row == NULL) {
        return;
    }
    bool deleted = false;
    if (!kubernetes_is_name(name) || uid[0] == '\0') {
        fprintf(stderr, "%s: a pod without a name that is one\n", name_space);
        s->complete = false;
    } else if (args_has(s->args, "--delete")) {
        deleted = delete_pod(s, name_space, name, uid);
    }
    s->left += !deleted;
    json_t *told =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:b}", "namespace", name_space,
                  "pod", name, "uid", uid, "container", text_of(container, "name"), "image_id",
                  text_of(container, "imageID"), "image", text_of(row, "image"), "repository",
                  text_of(row, "repository"), "state", text_of(row, "state"), "reason",
                  text_of(row, "reason"), "deleted", deleted);
    if (told == NULL) { /* its texts are no UTF-8: nothing that an API server would send */
        s->complete = false;
        return;
    }
    tell(s, told);
    json_decref(told);
}

static void put_escaped(struct ch_buf *b, const char *text)
{
    for (; *text != '\0'; text++) {
        ch_buf_printf(b, "%%%02X", (unsigned char)*text);
    }
}

static void no_pods(struct sweep *s, const char *name_space, int status)
{
    if (status != 0) {
        fprintf(stderr, "%s: the API server has answered %d when it was asked for the pods\n",
                name_space, status);
    } /* else it was said why it could not be reached */
    s->complete = false;
}

/* Page by page; a namespace that is gone has none (its list is empty). */
static enum ch_code look_in(struct sweep *s, const char *name_space, struct ch_err *err)
{
    enum ch_code rc = CH_OK;
    struct ch_buf path;
    ch_buf_init(&path, 6144);
    char *next = ch_str_dup(CH_STR(""));
    bool more = true;
    while (more && rc == CH_OK) {
        json_t *list = NULL;
        int status = 0;
        ch_buf_clear(&path);
        ch_buf_printf(&path, "/api/v1/namespaces/%s/pods?limit=%d", name_space, PODS_AT_ONCE);
        if (next[0] != '\0') {
            ch_buf_puts(&path, CH_STR("&continue="));
            put_escaped(&path, next);
        }
        ch_buf_putc(&path, '\0');
        rc = ch_buf_ok(&path, err);
        rc = rc == CH_OK ? kubernetes_get(&s->cluster, path.ptr, &status, &list, err) : rc;
        const json_t *items = json_object_get(list, "items"), *pod;
        size_t i;
        if (rc == CH_OK && (status != 200 || !json_is_array(items))) {
            no_pods(s, name_space, status);
            items = NULL;
        }
        json_array_foreach(items, i, pod)
        {
            look_at(s, name_space, pod);
        }
        free(next);
        next = ch_str_dup(ch_str_of(text_of(json_object_get(list, "metadata"), "continue")));
        more = items != NULL && next[0] != '\0';
        json_decref(list);
    }
    free(next);
    ch_buf_done(&path);
    return rc;
}

/* Each namespace once. */
static enum ch_code look_everywhere(struct sweep *s, struct ch_err *err)
{
    enum ch_code rc = CH_OK;
    json_t *seen = json_object();
    const json_t *row;
    size_t i;
    json_array_foreach(s->admitted, i, row)
    {
        const char *name_space = text_of(row, "namespace");
        if (!json_is_true(json_object_get(row, "withdrawn")) ||
            json_object_get(seen, name_space) != NULL || rc != CH_OK) {
            continue;
        }
        json_object_set_new(seen, name_space, json_true());
        if (kubernetes_is_name(name_space)) {
            rc = look_in(s, name_space, err);
        } else {
            s->complete = false;
        }
    }
    json_decref(seen);
    return rc;
}

static int end(struct sweep *s)
{
    size_t found = json_array_size(s->pods);
    if (args_has(s->args, "--json")) {
        json_t *all = json_pack("{s:O, s:b}", "pods", s->pods, "complete", s->complete);
        char *text = json_dumps(all, JSON_COMPACT);
        puts(text != NULL ? text : "");
        free(text);
        json_decref(all);
    } else {
        printf("%zu pod%s found that run%s what is not allowed any more, %zu deleted%s\n", found,
               found == 1 ? "" : "s", found == 1 ? "s" : "", found - s->left,
               s->complete ? "" : "; not all could be looked at");
    }
    return command_said(s->left == 0 && s->complete ? 0 : 1);
}

static int sweep(const struct args *args)
{
    struct sweep s = {.args = args, .pods = json_array(), .complete = true};
    struct ch_err err;
    int status = 1;
    enum ch_code rc = kubernetes_open(args, &s.cluster, &err);
    rc = rc == CH_OK ? ask_keeper(&s, &status, &err) : rc;
    if (rc == CH_OK && status == 0) {
        rc = look_everywhere(&s, &err);
        status = rc == CH_OK ? end(&s) : 1;
    }
    kubernetes_close(&s.cluster);
    json_decref(s.admitted);
    json_decref(s.pods);
    return rc == CH_OK ? status : command_failed(&err);
}

/* ------------------------------------------------------------------ the command */

static enum ch_code check(const struct args *args, bool *ret_sweep, struct ch_err *err)
{
    static const char *const of_sweep[] = {"--delete", "--kubernetes", "--kubernetes-ca",
                                           "--kubernetes-token"};
    const char *word = "";
    for (size_t i = 0; i < args->count; i++) {
        word = args->item[i].option == NULL ? args->item[i].value : word;
    }
    *ret_sweep = strcmp(word, "sweep") == 0;
    if (!*ret_sweep && strcmp(word, "list") != 0) {
        return ch_fail(err, CH_E_USAGE, "customhouse runtime: expected list or sweep");
    }
    for (size_t i = 0; !*ret_sweep && i < CH_ARRAY_LEN(of_sweep); i++) {
        if (args_has(args, of_sweep[i])) {
            return ch_fail(err, CH_E_USAGE, "%s: goes with runtime sweep", of_sweep[i]);
        }
    }
    return *ret_sweep && args_has(args, "--all")
               ? ch_fail(err, CH_E_USAGE, "--all: goes with runtime list")
               : CH_OK;
}

int command_runtime(const struct command_row *row, const struct args *args)
{
    const struct ch_str none = {NULL, 0};
    struct ch_command command;
    struct ch_err err;
    bool sweeps = false;
    int status = 1;
    (void)row;
    enum ch_code rc = check(args, &sweeps, &err);
    if (rc == CH_OK && sweeps) {
        return sweep(args);
    }
    rc = rc == CH_OK ? read_command(args, &command, &err) : rc;
    rc = rc == CH_OK ? remote_run(args, &command, none, REMOTE_WAIT_MS, &status, &err) : rc;
    return rc == CH_OK ? command_said(status) : command_failed(&err);
}
