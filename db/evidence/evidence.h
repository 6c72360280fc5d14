/* What inspection found, without a word from the file: names of ours and digests. Statements name
 * it by the SHA-256 of this text, and so does the audit log; whoever has the store's rows can write
 * it again. */
#ifndef EVIDENCE_EVIDENCE_H
#define EVIDENCE_EVIDENCE_H

#include "customhouse/store.h"

#define CH_EVIDENCE_BYTES (4u << 20)
/* Where the findings begin, and where they end in version 2, which has the record's digest after
 * them: of their words, of facts and context. */
#define CH_EVIDENCE_FINDINGS ",\"findings\":["
#define CH_EVIDENCE_RECORD   "],\"record\":"

/* Appended, of version 1 where the row has no record. */
void ch_evidence_put(struct ch_buf *b, const struct ch_inspection_key *key,
                     const struct ch_inspection_row *row);

#endif
