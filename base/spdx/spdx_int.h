/* The tree of a licence expression, and the lists it is checked against. */
#ifndef CH_BASE_SPDX_INT_H
#define CH_BASE_SPDX_INT_H

#include <stdint.h>

#include "base/spdx/spdx.h"

struct ch_spdx_id {
    const char *id; /* in the list's spelling */
};
/* Made of licences.txt and exceptions.txt, in the order of the lower-case form. */
extern const struct ch_spdx_id ch_spdx_licences[];
extern const size_t ch_spdx_licences_count;
extern const struct ch_spdx_id ch_spdx_exceptions[];
extern const size_t ch_spdx_exceptions_count;

const char *ch_spdx_find_licence(struct ch_str id);   /* in any case; NULL: not on the list */
const char *ch_spdx_find_exception(struct ch_str id); /* the same */

enum ch_spdx_kind { CH_SPDX_LICENCE = 1, CH_SPDX_AND, CH_SPDX_OR };

struct ch_spdx_node {
    enum ch_spdx_kind kind;
    struct ch_str licence;   /* LICENCE: canonical; "LicenseRef-" is followed by what was written */
    bool later;              /* LICENCE: a "+" follows that is not part of the identifier */
    struct ch_str exception; /* LICENCE: canonical, absent when none */
    uint32_t left, right;    /* AND, OR */
};

struct ch_spdx_tree {
    struct ch_spdx_node *nodes;
    uint32_t count;
    uint32_t root;
};

/* CH_E_FORMAT, CH_E_LIMIT: licence_bytes, licence_depth. Borrows from the text. */
enum ch_code ch_spdx_parse(struct ch_str text, struct ch_spdx_tree *ret,
                           struct ch_err *err) CH_MUST_CHECK;
void ch_spdx_tree_done(struct ch_spdx_tree *tree);

#endif
