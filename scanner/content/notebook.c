/* Jupyter notebooks: outputs that run when somebody looks at them.
 *
 * Spec: nbformat 4. Searched as text: a notebook is JSON, in which these words stand as they are, and a
 * note needs no tree. */
#include "scanner/content/content_int.h"

static const char *const active[] = {
    "\"application/javascript\"",
    "\"application/x-javascript\"",
    "<script",
    "<iframe",
    "javascript:",
    "onerror=",
    "onload=",
};

void content_notebook(struct ch_content *c, const struct seen *s)
{
    size_t at;
    if (!ch_str_find(s->bytes, CH_STR("\"outputs\""), &at)) {
        return;
    }
    for (size_t i = 0; i < CH_ARRAY_LEN(active); i++) {
        if (ch_str_find(s->bytes, ch_str_of(active[i]), &at)) {
            content_report(c, CH_F_NOTEBOOK_ACTIVE, s, "%s", active[i]);
            return;
        }
    }
}
