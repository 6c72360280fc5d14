/* Compiler attributes, spelled once. */
#ifndef CUSTOMHOUSE_ATTR_H
#define CUSTOMHOUSE_ATTR_H

/* GCC 12 and Clang 14 both take these in C17 (measured); [[nodiscard]] needs C23. */
#define CH_MUST_CHECK      __attribute__((warn_unused_result))
#define CH_PRINTF(fmt, va) __attribute__((format(printf, fmt, va)))
#define CH_NORETURN        __attribute__((noreturn))
#define CH_CLEANUP(fn)     __attribute__((cleanup(fn)))
#define CH_UNUSED          __attribute__((unused))

/* GCC still warns after a (void) cast of a must-check call; this says "ignored on purpose". */
#define CH_IGNORE(expr)                                                                            \
    do {                                                                                           \
        if (expr) {                                                                                \
        }                                                                                          \
    } while (0)

#define CH_ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* The struct of type `type` whose member `member` is at `ptr`. */
#define CH_CONTAINER_OF(ptr, type, member)                                                         \
    ((type *)(void *)((char *)(ptr) - __builtin_offsetof(type, member)))

#endif
