/* The look at a source of tests before the model's: prescan.c says what it is for. What runs by itself is never passed
 * over by it: who writes that chooses the spelling. */
#ifndef CH_SCANNER_PRESCAN_H
#define CH_SCANNER_PRESCAN_H

#include "scanner/source/source_int.h"

/* False: nothing of the text, as it is usually written, leads to a finding other than that it is not
 * Python's syntax, nor to a capability that is not of `known`, a bit for each. The text is UTF-8, and has no letter
 * beyond ASCII that Python or a reader takes for one of ASCII. */
bool prescan_needed(struct ch_str text, uint32_t known);
void prescan_prepare(void); /* what is made once, before the first fork */

/* --- prescan_words.c: many words at once --- */
enum word_kind {
    WORD_TEXT,    /* anywhere, in upper or lower case */
    WORD_NAME,    /* as an identifier */
    WORD_ROOT,    /* the same, where an expression may begin with it, or in an import */
    WORD_MODULE,  /* the same, where it may be imported */
    WORD_BOUND,   /* the same, where an import may bind the name itself */
    WORD_OBJECT,  /* the same as a value, from which a function may be taken by name */
    WORD_SPACE,   /* the same of globals and locals, unless what they give only is an argument */
    WORD_GETATTR, /* getattr of anything but a plain literal, which is seen as a word itself */
    WORD_LOADS,   /* loads of anything but what dumps of pickle gave */
    WORD_PIECE,   /* after a quote, a slash or a backslash, in upper or lower case */
    WORD_ADDRESS, /* "://" and a digit: a public address, as check_text.c judges it */
};
enum { WORDS_MAX = 2048 };
struct words_seen {
    uint64_t bits[WORDS_MAX / 64];
    struct ch_str text; /* given: the whole, where only a part is scanned */
    uint32_t escapes;   /* characters that anybody could type, and stand as escapes */
    uint32_t other_names; /* of modules, that were looked for */
    enum { STAR_UNKNOWN = 0, STAR_NO, STAR_YES } star; /* whether it imports all of a module */
    enum { CLASS_UNKNOWN = 0, CLASS_NO, CLASS_YES } class; /* whether it may have a class */
};
/* At least 4 bytes, which are borrowed. The same word of the same kind has one number. */
uint16_t words_add(struct ch_str text, enum word_kind kind);
void words_alone(uint16_t word, bool enough); /* ever enough: words_scan() ends at it */
void words_made(void);                        /* after the last words_add() */
bool words_scan(struct ch_str text, struct words_seen *seen); /* true: a word that is enough */
bool words_brief(struct ch_str text, const char *word, enum word_kind kind,
                 struct words_seen *seen); /* the word ends at '.', '/' or '(' */

/* --- prescan_pieces.c --- */
/* The words of texts that do not stand as they are written. As words_scan(). */
bool pieces_scan(struct ch_str text, struct words_seen *seen);

static inline bool words_has(const struct words_seen *seen, uint16_t word)
{
    return (seen->bits[word / 64] >> word % 64 & 1) != 0;
}

#endif
