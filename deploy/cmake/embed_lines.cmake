# Writes OUTPUT, a C file with the lines of INPUT as rows of an array: INCLUDE declares
# `extern const TYPE SYMBOL[]` and `extern const size_t SYMBOL_count`. Lines that begin with # are left
# out; blank-separated words of a line become the fields of its row. ASCII, no quotes, no backslashes.
file(STRINGS ${INPUT} lines REGEX "^[^#]")
set(rows "")
foreach(line IN LISTS lines)
    if(NOT line MATCHES "^[-A-Za-z0-9.+_/]+( [-A-Za-z0-9.+_/]+)*$")
        message(FATAL_ERROR "${INPUT}: not words between single blanks: ${line}")
    endif()
    string(REPLACE " " "\", \"" fields "${line}")
    string(APPEND rows "    {\"${fields}\"},\n")
endforeach()
file(WRITE ${OUTPUT} "#include \"${INCLUDE}\"\n
const ${TYPE} ${SYMBOL}[] = {\n${rows}};
const size_t ${SYMBOL}_count = sizeof(${SYMBOL}) / sizeof(${SYMBOL}[0]);\n")
