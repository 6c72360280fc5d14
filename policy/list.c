/* Lists of texts and patterns. */
#include "policy_int.h"

#include <stdlib.h>
#include <string.h>

static void push(char ***items, size_t *count, char *text)
{
    *items = ch_realloc_array(*items, *count + 1, sizeof(**items));
    (*items)[(*count)++] = text;
}

void ch_list_add(struct ch_list *list, char *text, bool may_be_glob)
{
    if (may_be_glob && strchr(text, '*') != NULL) {
        push(&list->globs, &list->glob_count, text);
    } else {
        push(&list->exact, &list->exact_count, text);
    }
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void ch_list_sort(struct ch_list *list)
{
    if (list->exact_count > 0) {
        qsort(list->exact, list->exact_count, sizeof(*list->exact), by_text);
    }
}

void ch_list_done(struct ch_list *list)
{
    for (size_t i = 0; i < list->exact_count; i++) {
        free(list->exact[i]);
    }
    for (size_t i = 0; i < list->glob_count; i++) {
        free(list->globs[i]);
    }
    free(list->exact);
    free(list->globs);
    *list = (struct ch_list){0};
}

static bool has_exact(const struct ch_list *list, struct ch_str text)
{
    size_t low = 0;
    size_t high = list->exact_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = ch_str_cmp(ch_str_of(list->exact[middle]), text);
        if (order == 0) {
            return true;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return false;
}

bool ch_list_has(const struct ch_list *list, struct ch_str text)
{
    if (has_exact(list, text)) {
        return true;
    }
    for (size_t i = 0; i < list->glob_count; i++) {
        if (ch_glob_match_raw(ch_str_of(list->globs[i]), text)) {
            return true;
        }
    }
    return false;
}

bool ch_list_covers(const struct ch_list *list, const char *text)
{
    if (strchr(text, '*') == NULL) {
        return ch_list_has(list, ch_str_of(text));
    }
    for (size_t i = 0; i < list->glob_count; i++) {
        if (ch_glob_covers(list->globs[i], text)) {
            return true;
        }
    }
    return false;
}

/* --- values made of lists --- */

bool ch_value_is_empty(const struct ch_value *v)
{
    return v->own.exact_count == 0 && v->own.glob_count == 0 && v->list_count == 0;
}

bool ch_value_has(const struct ch_value *v, struct ch_str text)
{
    if (ch_list_has(&v->own, text)) {
        return true;
    }
    for (size_t i = 0; i < v->list_count; i++) {
        if (ch_list_has(&v->lists[i]->list, text)) {
            return true;
        }
    }
    return false;
}

bool ch_value_covers_text(const struct ch_value *v, const char *text)
{
    if (ch_list_covers(&v->own, text)) {
        return true;
    }
    for (size_t i = 0; i < v->list_count; i++) {
        if (ch_list_covers(&v->lists[i]->list, text)) {
            return true;
        }
    }
    return false;
}

static bool covers_list(const struct ch_value *v, const struct ch_list *narrow)
{
    for (size_t i = 0; i < narrow->exact_count; i++) {
        if (!ch_value_covers_text(v, narrow->exact[i])) {
            return false;
        }
    }
    for (size_t i = 0; i < narrow->glob_count; i++) {
        if (!ch_value_covers_text(v, narrow->globs[i])) {
            return false;
        }
    }
    return true;
}

static bool speaks_of(const struct ch_value *v, const struct ch_named_list *list)
{
    for (size_t i = 0; i < v->list_count; i++) {
        if (v->lists[i] == list) {
            return true;
        }
    }
    return false;
}

bool ch_value_covers(const struct ch_value *v, const struct ch_value *narrow)
{
    if (!covers_list(v, &narrow->own)) {
        return false;
    }
    for (size_t i = 0; i < narrow->list_count; i++) {
        if (!speaks_of(v, narrow->lists[i]) && !covers_list(v, &narrow->lists[i]->list)) {
            return false;
        }
    }
    return true;
}

void ch_value_done(struct ch_value *v)
{
    free(v->text);
    ch_list_done(&v->own);
    free((void *)v->lists);
    free(v->numbers);
    free(v->findings);
    free(v->changes);
    *v = (struct ch_value){0};
}
