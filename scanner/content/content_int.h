/* Inside the inspection of content. */
#ifndef CH_CONTENT_INT_H
#define CH_CONTENT_INT_H

#include "scanner/content/content.h"
#include "scanner/content/names.h"
#include "scanner/content/type.h"

struct ch_source;
struct reach;

enum { CONTENT_CODES = 40 }; /* the numbers of finding.h that are this folder's: 130 to 169 */

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
    bool reached;           /* what is being looked at lies in an archive that something else names */
    bool again;  /* it was looked at before: only its source is judged otherwise now, ... */
    struct names linked; /* paths of source that is read once others are known: link.h */
    bool lifted; /* ... and what was taken for a test in an archive that nothing named yet */
    uint64_t nested_bytes;  /* unpacked out of archives inside, together */
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
 * name as evidence: packages keep broken archives there on purpose. Of each finding content_repeats are
 * told one by one, the rest as a number: a package with a hundred odd test files is one odd package. */
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

void content_native(struct ch_content *c, const struct seen *s);     /* judge_native.c */
void content_native_behind(struct ch_content *c, const struct seen *s); /* ... or what is before it */
void content_packed(struct ch_content *c,
                    const struct seen *s); /* packed.c: ... or is made of it */
void content_encoded(struct ch_content *c, const struct seen *s);    /* encoded.c */
void content_libraries(struct ch_content *c);                        /* at the end */
void content_archive(struct ch_content *c, const struct seen *s);    /* nested.c */
void content_appended(struct ch_content *c, const struct seen *s);   /* appended.c */
void content_notebook(struct ch_content *c, const struct seen *s);   /* notebook.c */
/* start.c. Of a .pth file what site.py executes, of a .start file what it calls, judged as source.
 */
bool content_is_start_text(struct ch_str name);
void content_start_text(struct ch_content *c, const struct seen *s);
/* The entry points of a .start file as Python source, a line each; empty lines for the others. */
void content_start_source(struct ch_str bytes, struct ch_buf *ret);
/* What the source names of other members. */
void content_follow(struct ch_content *c, const struct seen *s, struct ch_str code);
void content_auto_load(struct ch_content *c, const struct seen *s);  /* auto_load.c */
void content_see_compiled(struct ch_content *c, const struct seen *s);
void content_compiled(struct ch_content *c);                         /* compiled.c, at the end */

#endif
