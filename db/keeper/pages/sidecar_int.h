/* Between sidecar.c and sidecar_tail.c. */
#ifndef KEEPER_SIDECAR_INT_H
#define KEEPER_SIDECAR_INT_H

#include "db/keeper/budget/budget.h"
#include "sidecar.h"
#include "db/keeper/asks/waiters.h"

#define SIDECAR_TIMEOUT_MS 30000

struct sidecar {
    struct keeper *k;
    struct page *p;
    char *file_name;
    struct ch_buf key;       /* in keeper.sidecars */
    struct ch_sha256 stated; /* the file's hash in the index, when it began */
    enum { FETCHING = 1, UNUSABLE } state;
    uint64_t ended_ms; /* UNUSABLE: since then */
    int fd;
    bool announced;     /* by the index */
    bool asked;         /* the upstream for it */
    uint64_t tail_from; /* where in the file what is in fd begins */
    int tail_rounds;
    bool hangs;           /* UNUSABLE because nobody answered */
    struct charge charge; /* at whose expense it is fetched */
    struct waiters waiters;
};

/* Its file, -1 when the page has none of that name any more, or another one. */
ptrdiff_t sidecar_file(const struct sidecar *s);
/* Whether the jail found nothing in it that would hold. */
bool sidecar_only_notes(struct ch_str stream);
/* Metadata that were read and checked: stores and shows them, and ends the fetch. */
void sidecar_keep(struct sidecar *s, struct ch_str bytes);
/* Ends the fetch; `usable`: it is stored. */
void sidecar_end(struct sidecar *s, bool usable);
/* Whether nobody has said a word; remembers it. */
bool sidecar_hangs(struct sidecar *s, const struct ch_fetched *answer);
/* Asks for the upstream's own. False when it is no use: it was asked for, or the upstream has none.
 */
bool sidecar_fetch(struct sidecar *s);

/* --- sidecar_tail.c --- */
/* Fetches the file from here to its end; UINT64_MAX: a first guess. False: that is no use. */
bool sidecar_fetch_tail(struct sidecar *s, uint64_t from);

#endif
