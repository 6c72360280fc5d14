/* Inside the sdist inspector: which build files of Meson are read, and what of the tree they run.
 */
#ifndef CH_SCANNER_SDIST_MESON_H
#define CH_SCANNER_SDIST_MESON_H

#include "scanner/eco/pypi/sdist/sdist_int.h"

struct sdist_meson {
    struct sdist *s;
    struct names reached; /* build files, from the one at the top on; subprojects */
    struct names used;    /* names that stand elsewhere than in lists of what is installed */
    bool all;      /* a folder is computed, or too much: every build file is taken for read */
    bool any_used; /* variables are got by computed names, or too many: none is only installed */
};

void sdist_meson_init(struct sdist_meson *m, struct sdist *s); /* once all members are known */
void sdist_meson_done(struct sdist_meson *m);
bool sdist_meson_reaches(const struct sdist_meson *m, struct ch_str tree);
/* Marks the Python that the build file (`text`: without comments) may run. */
void sdist_meson_run(struct sdist_meson *m, const struct sdist_file *f, struct ch_str text);

/* sdist_tools.c */
void sdist_put_without_comments(struct ch_buf *to, struct ch_str text, char quote);
/* FACT install-code "build-hook FILE WORD", once of a file name and a word. */
void sdist_tool_hook(struct sdist *s, const struct sdist_file *f, const char *word);
void sdist_run_python_of(struct sdist *s, const struct sdist_file *f, struct ch_str text);

#endif
