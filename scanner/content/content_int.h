/* Inside the inspection of content. */
#ifndef CH_CONTENT_INT_H
#define CH_CONTENT_INT_H

#include "scanner/content/content.h"
#include "scanner/content/names.h"
#include "scanner/content/type.h"

struct ch_source;
struct ch_zip;
struct ch_zip_profile;
struct reach;

enum { CONTENT_CODES = 40 }; /* the numbers of finding.h that are this folder's: 130 to 169 */

/* A member of a wheel inside, as it is looked at (carried.c). */
struct carried {
    struct ch_str key;  /* what it is known by to reach.h; absent: none is looked at */
    struct ch_str site; /* its path in that wheel, as imports see it */
    enum ch_code_place place;
};

struct ch_content {
    struct ch_content_options options;
    struct ch_source *source;
    struct reach *reach;    /* NULL: options.site is */
    struct names facts;     /* "NAME VALUE" of those that were written */
    struct names libraries; /* that native code loads */
    struct names carried;   /* base names of native code that is here: nothing foreign is loaded */
    struct names starts;    /* paths of what runs when any Python starts */
    struct names compiled;  /* paths of compiled Python, compared with its source at the end */
    struct ch_buf project;  /* normalised; empty when unknown */
    unsigned depth;         /* archives around what is being looked at */
    bool reached; /* what is being looked at lies in an archive that something else names */
    bool again;   /* it was looked at before: only its source is judged otherwise now, ... */
    struct carried inner;  /* what is being looked at, in a wheel inside */
    struct names carriers; /* paths of wheels inside, as far as they are known before */
    bool lifted; /* ... and what was taken for a test in an archive that nothing named yet */
    uint64_t nested_bytes; /* unpacked out of archives inside, together */
    bool said_nested;
    uint64_t said[CONTENT_CODES]; /* findings so far, by number from CH_F_TEST_CONTENT on */
};

/* A member as it is looked at, at any depth. */
struct seen {
    struct ch_str path; /* with what it lies in: "outer.whl!inner/path" */
    struct ch_str name; /* in its own archive */
    struct ch_str bytes;
    uint64_t size_bytes;
    enum ch_code_place place;
    enum content_type type;
};

/* Reports, or, where the member lies among tests and examples, CH_F_TEST_CONTENT with the finding's
 * name as evidence: packages keep broken archives there on purpose. Of each finding content_repeats
 * are told one by one, the rest as a number: a package with a hundred odd test files is one odd
 * package. */
void content_report(struct ch_content *c, enum ch_finding_code code, const struct seen *s,
                    const char *fmt, ...) CH_PRINTF(4, 5);
/* A fact, once. */
void content_fact(struct ch_content *c, enum ch_fact_code code, struct ch_str value);
void content_factf(struct ch_content *c, enum ch_fact_code code, const char *fmt, ...)
    CH_PRINTF(3, 4);

/* Where a member's code runs: as the inspector places it, or where what names it runs. */
enum ch_code_place content_place(const struct ch_content *c, struct ch_str path);
/* What a member is and all that follows; calls itself through archives. */
void content_look(struct ch_content *c, struct ch_str path, struct ch_str name, struct ch_str bytes,
                  uint64_t size_bytes, enum ch_code_place place);

void content_native(struct ch_content *c, const struct seen *s); /* judge_native.c */
void content_native_behind(struct ch_content *c,
                           const struct seen *s); /* ... or what is before it */
void content_packed(struct ch_content *c,
                    const struct seen *s); /* packed.c: ... or is made of it */
void content_encoded(struct ch_content *c, const struct seen *s); /* encoded.c */
void content_libraries(struct ch_content *c);                     /* at the end */
void content_archive(struct ch_content *c, const struct seen *s); /* nested.c */
extern const struct ch_zip_profile content_any_zip;
/* carried.c. A wheel inside, whose tests are no more run than those of the wheel around it. `z`: as
 * it was opened. False: it is another archive, of which everything counts. */
bool content_carries(struct ch_content *c, struct ch_str archive, const struct ch_zip *z);
/* The same before it is looked at, so that source before it can name what it has. */
void content_expect_carried(struct ch_content *c, struct ch_str path);
/* What a member of it is known by to reach.h. Ends with ch_buf_done. */
void content_carried_key(struct ch_buf *ret, struct ch_str archive, struct ch_str name);
/* What names others without being source. */
void content_see_carried(struct ch_content *c, struct ch_str name, struct ch_str bytes);
/* When such a member runs. `place`: what it would be if the archive had no tests. */
enum ch_code_place content_place_carried(struct ch_content *c, struct ch_str key,
                                         struct ch_str name, enum ch_code_place place);
void content_appended(struct ch_content *c, const struct seen *s); /* appended.c */
void content_notebook(struct ch_content *c, const struct seen *s); /* notebook.c */
/* start.c. Of a .pth file what site.py executes, of a .start file what it calls, judged as source.
 */
bool content_is_start_text(struct ch_str name);
void content_start_text(struct ch_content *c, const struct seen *s);
/* The entry points of a .start file as Python source, a line each; empty lines for the others. */
void content_start_source(struct ch_str bytes, struct ch_buf *ret);
/* What the source names of other members. */
void content_follow(struct ch_content *c, const struct seen *s, struct ch_str code);
void content_auto_load(struct ch_content *c, const struct seen *s); /* auto_load.c */
void content_see_compiled(struct ch_content *c, const struct seen *s);
void content_compiled(struct ch_content *c); /* compiled.c, at the end */

#endif
