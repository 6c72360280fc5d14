/* Match specs, by which conda's users and policies name packages: "conda-forge/linux-64::numpy
 * >=1,<2 py*". Pure, allocates nothing.
 *
 * Spec: CEP 29. All its forms are read:
 *   name, name=1.2 (1.2.*), name==1.2, name 1.2, name =1.2, name>=1,<2|3.*, name 1.2 build*,
 * name=1.2=build*, channel::name, channel/subdir::name, and behind each [key=value,key="value"]
 * with the keys version, build, build_number, channel, subdir, fn, url, md5, sha256. In a policy a
 * spec must not mean less than its author thinks. So what the CEP ignores or overrides is refused
 * here, with the column and what was expected: a namespace, a name in brackets, a field said twice,
 * spaces and '=' as separators of one spec, regular expressions, unknown keys. version_spec.h says
 * what of versions is refused. */
#ifndef CH_BASE_CONDA_MATCH_SPEC_H
#define CH_BASE_CONDA_MATCH_SPEC_H

#include <stdbool.h>
#include <stdint.h>

#include "customhouse/bytes.h"

/* Slices of the parsed text, which has to live as long; absent: any. All but version and
 * build_number may have '*' in them, and match in any case. */
struct ch_match_spec {
    struct ch_str channel; /* a name or URL, as written, without a '/' at its end */
    struct ch_str subdir;
    struct ch_str name;    /* never absent */
    struct ch_str version; /* "=1.2" is 1.2.*, "1.2" and "==1.2" are 1.2 */
    struct ch_str build;
    struct ch_str build_number; /* "3", ">=3" */
    struct ch_str file_name;
    struct ch_str url;
    struct ch_str md5;    /* 32 hexadecimal digits */
    struct ch_str sha256; /* 64 of them */
};

/* A record, as far as specs ask about it. What is absent matches no spec that asks for it. Whoever
 * matches makes channel names of specs and records alike (names or URLs): that needs configuration.
 */
struct ch_match_record {
    struct ch_str channel;
    struct ch_str subdir;
    struct ch_str name;
    struct ch_str version;
    struct ch_str build;
    struct ch_str file_name;
    struct ch_str url;
    struct ch_str md5;
    struct ch_str sha256;
    bool has_build_number;
    uint64_t build_number;
};

/* CH_E_FORMAT: the message has the column (from 1) and what was expected. White space around it is
 * not counted as part of it; any other than spaces is refused. */
enum ch_code ch_match_spec_parse(struct ch_str text, struct ch_match_spec *ret,
                                 struct ch_err *err) CH_MUST_CHECK;
/* CH_E_MISMATCH: the spec asks for a version, and the record has none that is one: the caller has
 * to take the answer as unknown. */
enum ch_code ch_match_spec_match(const struct ch_match_spec *spec,
                                 const struct ch_match_record *record, bool *ret_match,
                                 struct ch_err *err) CH_MUST_CHECK;

#endif
