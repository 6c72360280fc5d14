/* Where a member of a package lies once it is installed, and when its code runs for that. Archives
 * name their members otherwise, by ecosystem: what is judged of a member afterwards is the same.
 *
 * Spec: Python's site module (.pth files, sitecustomize, usercustomize); PEP 829 (.start files);
 * binary distribution format, "The .data directory"; IPython's and Jupyter's configuration folders.
 */
#ifndef CH_CONTENT_INSTALLED_H
#define CH_CONTENT_INSTALLED_H

#include "scanner/content/content.h"

enum ch_installed_root {
    CH_INSTALLED_NOWHERE =
        0,                /* metadata, headers, what is not installed: nothing runs it from there */
    CH_INSTALLED_SITE,    /* the folder of the top-level modules: site-packages */
    CH_INSTALLED_SCRIPTS, /* the folder of commands */
    CH_INSTALLED_PREFIX,  /* sys.prefix, of which the two above are folders, too */
};

struct ch_installed {
    enum ch_installed_root root;
    struct ch_str path; /* below it; within the member's path */
};

/* When the code of what lies there runs. */
enum ch_code_place ch_installed_place(struct ch_installed where);
/* Its path as imports see it (ch_content_options.site). */
struct ch_str ch_installed_site(struct ch_installed where);

/* A wheel's member. */
struct ch_installed ch_installed_of_wheel(struct ch_str path);

#endif
