/* Match specs (CEP 29) as a policy names files by them: against the record that the channel's page
 * has. */
#include "proxy/eco/conda/conda_int.h"

#include "base/conda/match_spec.h"
#include "base/conda/version_spec.h"

/* What a policy says by other keys, or what a spec would take in unseen: "numpy*" is numpy-evil,
 * too (T9). */
static enum ch_code check(const struct ch_match_spec *s, struct ch_err *err)
{
    if (ch_str_find_char(s->name, '*', NULL)) {
        return ch_fail(err, CH_E_FORMAT,
                       "the name is written out here; patterns of names are the key project's");
    }
    if (s->channel.ptr != NULL || s->url.ptr != NULL) {
        return ch_fail(
            err, CH_E_FORMAT,
            "no channel and no URL is taken here: the key repository says which is meant");
    }
    return CH_OK;
}

/* Absent: the record does not say it, or not as a text without escapes. */
static struct ch_str text_of(struct ch_str record, const char *key)
{
    struct ch_str value;
    bool is = ch_index_record_value(record, ch_str_of(key), &value) && value.len > 2 &&
              value.ptr[0] == '"' && !ch_str_find_char(value, '\\', NULL);
    return is ? ch_str_sub(value, 1, value.len - 2) : (struct ch_str){NULL, 0};
}

/* What it asks for and nobody knows is no "no". */
static bool is_known(const struct ch_match_spec *s, const struct ch_match_record *r)
{
    const struct {
        struct ch_str asked, known;
    } fields[] = {{s->subdir, r->subdir},       {s->version, r->version}, {s->build, r->build},
                  {s->file_name, r->file_name}, {s->md5, r->md5},         {s->sha256, r->sha256}};
    for (size_t i = 0; i < CH_ARRAY_LEN(fields); i++) {
        if (fields[i].asked.ptr != NULL && fields[i].known.len == 0) {
            return false;
        }
    }
    return s->build_number.ptr == NULL || r->has_build_number;
}

enum ch_code ch_conda_match_spec(struct ch_str spec, const struct ch_spec_subject *of,
                                 bool *ret_match, struct ch_err *err)
{
    struct ch_match_spec s;
    struct ch_str number;
    enum ch_code rc = ch_match_spec_parse(spec, &s, err);
    rc = rc == CH_OK ? check(&s, err) : rc;
    if (rc != CH_OK || of == NULL) {
        return rc;
    }
    struct ch_match_record r = {.subdir = of->page,
                                .name = of->project,
                                .version = of->version,
                                .build = of->build,
                                .file_name = of->file_name,
                                .md5 = text_of(of->record, "md5"),
                                .sha256 = text_of(of->record, "sha256")};
    r.has_build_number = of->record.len > 0; /* without one it is 0 */
    if (ch_index_record_value(of->record, CH_STR("build_number"), &number)) {
        r.has_build_number = ch_str_u64(number, &r.build_number);
    }
    if (!ch_conda_glob(s.name, r.name)) {
        *ret_match = false; /* whatever else is known of it */
        return CH_OK;
    }
    return is_known(&s, &r) ? ch_match_spec_match(&s, &r, ret_match, err)
                            : ch_fail(err, CH_E_MISMATCH, "not all is known that it asks for");
}
